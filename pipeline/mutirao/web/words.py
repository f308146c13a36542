"""Numbers as people read them: hectares, thousands of hectares, shares."""

from __future__ import annotations

THOUSANDS, MILLIONS = 1e5, 1e8
"""Hectares from which areas are told in thousands, and in millions, of hectares."""


def number(value: float) -> str:
    """Return a number with three digits that matter, or all of those before the point: 0.42, 12.3, 1,234."""
    size = abs(value)
    digits = 0 if size >= 999.5 or value == 0 else 1 if size >= 9.995 else 2
    return f"{value:,.{digits}f}"


def hectares(value: float) -> str:
    """Return an area given in hectares: 12.3 ha, 123 thousand ha, 1.20 million ha."""
    size = abs(value)
    if size >= MILLIONS:
        return f"{number(value / 1e6)} million ha"
    if size >= THOUSANDS:
        return f"{number(value / 1e3)} thousand ha"
    return f"{number(value)} ha"


def signed_hectares(value: float) -> str:
    """Return a difference of areas with its sign."""
    return ("+" if value > 0 else "") + hectares(value).replace("-", "\N{MINUS SIGN}")


def percent(share: float | None) -> str:
    """Return a share as per cent: 0.0 %, 12.3 %; a dash if there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"
