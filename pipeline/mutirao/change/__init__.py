"""Derived maps and tables of change between years."""
