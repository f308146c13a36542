"""Refuse a build whose rules leave pixels without a class, where the rule set says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from mutirao.engine.inputs import Inputs
from mutirao.errors import UsageError
from mutirao.grid import Tile
from mutirao.legend import NODATA

Block = Mapping[str, np.ndarray]
_NOBODY = "nobody claims anything"


def refuse_holes(inputs: Inputs, blocks: Iterable[tuple[Tile, Block]]) -> None:
    """Refuse if any pixel of any year is taken by no rule and the rule set says `holes: refuse`.

    Raises
    ------
    UsageError
        B106, with hectares summed over the years by claim; a pixel with several claims counts at each.
    """
    if inputs.rule_set.holes != "refuse":
        return
    total, by_claim = 0.0, dict[str, float]()
    for tile, block in blocks:
        open_ha = (block["rule"] == 0) * inputs.collection.grid.areas_ha(tile)
        if open_ha.any():
            total += float(open_ha.sum())
            for claim, hectares in _by_claim(inputs, inputs.claims(tile), open_ha):
                by_claim[claim] = by_claim.get(claim, 0.0) + hectares
    if by_claim:
        worst = sorted(by_claim.items(), key=lambda item: -item[1])
        claims = "; ".join(f"{claim}: {hectares:.2f} ha" for claim, hectares in worst)
        message = f"no rule takes {total:.2f} ha, summed over the years: {claims}"
        remedy = "add a rule that takes these claims, or let 'holes:' report them or assign a class"
        raise UsageError.because("B106", message, where=f"rules '{inputs.rule_set.id}'", remedy=remedy)


def _by_claim(inputs: Inputs, claims: np.ndarray, open_ha: np.ndarray) -> Iterable[tuple[str, float]]:
    for module, claimed in zip(inputs.modules, claims, strict=True):
        hectares = np.bincount(claimed.ravel(), open_ha.ravel(), minlength=256)
        for code in np.flatnonzero(hectares).tolist():
            if code != NODATA:
                yield f"{module.id} claims {inputs.legend.by_code[code].title()}", float(hectares[code])
    nobody = float(open_ha[~claims.any(axis=0)].sum())
    if nobody:
        yield _NOBODY, nobody
