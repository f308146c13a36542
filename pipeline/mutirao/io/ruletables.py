"""Read the tables in which networks keep their rewrites."""

from __future__ import annotations

from pathlib import Path

from mutirao.errors import ConfigError
from mutirao.filters.ruletable import RuleTable, parse_table


def read_rule_table(path: Path, biome: str | None = None) -> RuleTable:
    """Read a table of rewrites, CSV in UTF-8.

    Raises
    ------
    ConfigError
        C101: it cannot be read. F140 to F147: see `parse_table`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        remedy = "check the name and the permissions, and save the file as CSV in UTF-8"
        raise ConfigError.because("C101", f"cannot be read: {err}", where=str(path), remedy=remedy) from err
    return parse_table(text, str(path), biome)
