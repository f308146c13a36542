"""mutirao: the open engine for networks that map the land together."""

__version__ = "0.1.0"
