"""The command line: one file a command, grouped for member, maintainer and analyst."""

from __future__ import annotations

from mutirao.cli.app import main

__all__ = ["main"]
