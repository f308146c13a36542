"""Operators on the class series of a pixel and on patches, applied in the order of a chain."""
