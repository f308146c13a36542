"""Which data licence may go into a collection under which: a small table, no legal advice. See docs/licences.md.

An integrated map is an adaptation of the maps that it is made from, and, where that counts, a database derived from
theirs. A licence that the table does not know fits only itself, since nobody has worked it out.
"""

from __future__ import annotations

PUBLIC_DOMAIN = frozenset({"CC0-1.0", "PDDL-1.0", "Unlicense"})
"""No conditions."""
NO_DERIVATIVES = frozenset(
    {"CC-BY-ND-3.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0"}
)  # fmt: skip
"""What is made of it may not be shared, under no licence at all."""
_BY = frozenset({"CC-BY-3.0", "CC-BY-4.0"})
_BY_SA = frozenset({"CC-BY-SA-3.0", "CC-BY-SA-4.0"})
_BY_NC = frozenset({"CC-BY-NC-3.0", "CC-BY-NC-4.0"})
_BY_NC_SA = frozenset({"CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0"})
_DATABASE = frozenset({"ODC-By-1.0", "ODbL-1.0"})
FLOWS: dict[str, frozenset[str]] = {
    **dict.fromkeys(PUBLIC_DOMAIN, PUBLIC_DOMAIN | _BY | _BY_SA | _BY_NC | _BY_NC_SA | NO_DERIVATIVES | _DATABASE),
    **dict.fromkeys(_BY, _BY | _BY_SA | _BY_NC | _BY_NC_SA | NO_DERIVATIVES | _DATABASE),
    **dict.fromkeys(_BY_NC, _BY_NC | _BY_NC_SA | frozenset({"CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0"})),
    "CC-BY-SA-3.0": _BY_SA,
    "CC-BY-SA-4.0": frozenset({"CC-BY-SA-4.0"}),
    "CC-BY-NC-SA-3.0": _BY_NC_SA,
    "CC-BY-NC-SA-4.0": frozenset({"CC-BY-NC-SA-4.0"}),
    "ODC-By-1.0": frozenset({"ODC-By-1.0"}),
    "ODbL-1.0": frozenset({"ODbL-1.0"}),
    **dict.fromkeys(NO_DERIVATIVES, frozenset[str]()),
}
"""Licences of a collection by licence of a module that may go into it."""


def why_not(own: str, common: str) -> str:
    """Return why a map under one licence may not go into a collection under another; nothing if it may."""
    if own in NO_DERIVATIVES:
        return "it allows no adaptations, and an integrated map is one"
    if own not in FLOWS:
        return "" if own == common else "nobody has worked out what it fits; it is not in docs/licences.md"
    if common in FLOWS[own]:
        return ""
    return f"it fits {', '.join(sorted(FLOWS[own]))}"
