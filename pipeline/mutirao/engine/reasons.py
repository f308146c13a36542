"""Why a tile is made again: what went into it now, beside what went into it in the last build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mutirao.engine.ledger import Ledger, State, digest_of

PARTS, DETAILS, READS, WHY = "parts", "details", "reads", "why"
"""Facts of a receipt: digests that make the key; digests that only tell more; keys of results that were read; words."""
FINER = {"rules": "rule ", "steps": "step ", "code": "code of "}
"""Parts that have details, and how the names of these begin."""
RULE_SET = "all rules"
"""Detail: the whole rule set. A tile's part `rules` holds those alone that can hold there, which its claims decide."""
WORDS = {"rules": "order of the rules", "steps": "order of the steps", "modules": "list of modules"}
NEVER_MADE, DAMAGED, UNFINISHED, GONE = "never made", "result damaged", "left unfinished", "result gone"


def short_digest(*parts: Any) -> str:
    """Return a digest for telling things apart in a receipt; it makes no key."""
    return digest_of(*parts)[:16]


def earlier_results(ledger: Ledger, keys: Iterable[str]) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the receipts of the results behind a build, also of its earlier passes, by pass from 0 and tile."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for receipt in results_behind(ledger, keys).values():
        if "tile" in receipt:
            found[int(receipt.get("pass", 1)) - 1, str(receipt["tile"])] = receipt
    return found


def results_behind(ledger: Ledger, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by key the receipts of results, and of all that were read to make them, and so on."""
    found: dict[str, dict[str, Any]] = {}
    waiting = set(keys)
    while waiting:
        found |= ledger.receipts(sorted(waiting))
        waiting = {read for key in waiting for read in found[key].get(READS, ())} - found.keys()
    return found


def why_made(
    state: State, parts: Mapping[str, str], details: Mapping[str, str], earlier: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """Return in words why a result has to be made.

    Parameters
    ----------
    state : what is there of it.
    parts, details : digests of what goes into it, by name.
    earlier : receipt of the result that the last build has for the same tile and pass, if any.
    """
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
    same = tuple(start for whole, start in FINER.items() if whole in new and new[whole] == old.get(whole))
    told = [name for name in (*changed, *come, *gone) if not name.startswith(same)]
    silent = {whole for whole, start in FINER.items() if any(name.startswith(start) for name in told)} | {RULE_SET}
    if RULE_SET in old and old[RULE_SET] == new.get(RULE_SET):
        silent.add("rules")
    words = {**dict.fromkeys(come, "is new"), **dict.fromkeys(gone, "is gone")}
    return [f"{WORDS.get(name, name)} {words.get(name, 'changed')}" for name in told if name not in silent]


def count_reasons(reasons: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """Return for how many results each reason holds, the most frequent first; a result may have several."""
    return dict(Counter(reason for one in reasons for reason in one).most_common())
