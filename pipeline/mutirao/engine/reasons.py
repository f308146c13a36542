"""Why a tile is made again: what went into it now, beside what went into it in the last build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mutirao.engine.ledger import Ledger, digest_of

PARTS, DETAILS, READS, WHY = "parts", "details", "reads", "why"
"""Facts of a receipt: digests that make the key; digests that only tell more; keys of results that were read; words."""
FINER = {"rules": "rule ", "steps": "step ", "code": "code of "}
"""Parts that have details, and how the names of these begin."""
WORDS = {"rules": "order of the rules", "steps": "order of the steps", "modules": "list of modules"}
NEVER_MADE, DAMAGED, UNFINISHED, GONE = "never made", "result damaged", "left unfinished", "result gone"


def short_digest(*parts: Any) -> str:
    """Return a digest for telling things apart in a receipt; it makes no key."""
    return digest_of(*parts)[:16]


def earlier_results(ledger: Ledger, keys: Iterable[str]) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the receipts of the results behind a build, also of its earlier passes, by pass from 0 and tile."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for key in needed_by(ledger, keys):
        receipt = ledger.known(key)
        if "tile" in receipt:
            found[int(receipt.get("pass", 1)) - 1, str(receipt["tile"])] = receipt
    return found


def needed_by(ledger: Ledger, keys: Iterable[str]) -> set[str]:
    """Return the keys and those of all results that were read to make theirs, and so on."""
    needed: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed.add(key)
            waiting.extend(ledger.known(key).get(READS, ()))
    return needed


def why_made(
    ledger: Ledger, key: str, parts: Mapping[str, str], details: Mapping[str, str], earlier: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """Return in words why a result has to be made.

    Parameters
    ----------
    key : of the result that is not there.
    parts, details : digests of what goes into it, by name.
    earlier : receipt of the result that the last build has for the same tile and pass, if any.
    """
    state = ledger.state(key)
    if state in ("damaged", "unfinished"):
        return (DAMAGED if state == "damaged" else UNFINISHED,)
    if earlier is None or PARTS not in earlier:
        return (NEVER_MADE,)
    old = {**earlier[PARTS], **earlier.get(DETAILS, {})}
    return tuple(_differences(old, {**parts, **details})) or ("made by an older version",)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    changed = [name for name in new if name in old and new[name] != old[name]]
    come = [name for name in new if name not in old and new[name] not in old.values()]  # else it has another name only
    gone = [name for name in old if name not in new and old[name] not in new.values()]
    told = [*changed, *come, *gone]
    covered = {whole for whole, start in FINER.items() if any(name.startswith(start) for name in told)}
    return [
        *(f"{WORDS.get(name, name)} changed" for name in changed if name not in covered),
        *(f"{name} is new" for name in come if name not in covered),
        *(f"{name} is gone" for name in gone if name not in covered),
    ]


def count_reasons(reasons: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """Return for how many results each reason holds, the most frequent first; a result may have several."""
    return dict(Counter(reason for one in reasons for reason in one).most_common())
