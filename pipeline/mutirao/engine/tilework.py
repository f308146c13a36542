"""The tiles of a build, pass by pass: what decides each, which are to be made, and how one is made.

The key of a tile in a pass is the digest of named parts: the code, the settings of the steps, the ground under the
window, and for the first pass rules and claims, for later ones the keys of what they read of the pass before. So a
change redoes a pass where it begins, and what comes after it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mutirao.engine.inputs import Inputs
from mutirao.engine.ledger import Ledger, State, code_digest, digest_of
from mutirao.engine.passes import FUSED_HALO, cut_passes
from mutirao.engine.reasons import DETAILS, PARTS, READS, RULE_SET, WHY, short_digest
from mutirao.engine.stopwatch import count_read, phase
from mutirao.engine.tileprogram import (
    KINDS,
    KINDS_HA,
    LAYERS,
    PART,
    part_in,
    run_steps,
    run_tile,
    tile_conflicts,
    tile_part,
    tile_sums,
)
from mutirao.filters.tally import Tally
from mutirao.grid import Tile
from mutirao.io import blocks

STEP_CODE = (
    "mutirao.filters",
    "mutirao.grid",
    "mutirao.change.transitions",
    "mutirao.statistics.decided",
    "mutirao.engine.layerdigests",
    "mutirao.engine.tileprogram",
    "mutirao.engine.tilework",
)
"""Packages whose source decides what a later pass makes."""
TILE_CODE = ("mutirao.integration", *STEP_CODE)
"""Packages whose source decides what the first pass makes."""
Parts = dict[str, str]
"""Digests of what decides a result, by what they are of in words."""
Arrays = dict[str, np.ndarray]
Missing = dict[Tile, State]
"""Tiles that are to be made, and what is there of each."""
_KEPT = (*LAYERS[1:-1], KINDS, KINDS_HA)
"""Arrays of the first pass that are those of the finished tile."""


class TileWork:
    """Tiles by pass. Numbers of passes count from 0."""

    def __init__(self, inputs: Inputs, ledger: Ledger, limit: int = FUSED_HALO) -> None:
        self.inputs, self.ledger, self.grid = inputs, ledger, inputs.collection.grid
        self.limit, self.passes = limit, cut_passes(inputs.steps, limit)

    def title(self, number: int) -> str:
        """Return what a pass does in words."""
        what = "Filtering tiles" if number else "Integrating tiles"
        return what if len(self.passes) == 1 else f"{what}, pass {number + 1} of {len(self.passes)}"

    @cached_property
    def _known(self) -> tuple[tuple[dict[str, Parts], dict[str, str]], ...]:
        """By pass: parts by tile, and key by tile."""
        known: list[tuple[dict[str, Parts], dict[str, str]]] = []
        for number in range(len(self.passes)):
            before = known[-1][1] if known else {}
            parts = {tile.id: self._parts(number, tile, before) for tile in self.grid.tiles()}
            known.append((parts, {tile_id: digest_of(tile_id, here) for tile_id, here in parts.items()}))
        return tuple(known)

    def keys(self, number: int = -1) -> dict[str, str]:
        """Return the key by tile in a pass; in the last one without a number."""
        return self._known[number][1]

    def parts(self, number: int, tile: Tile) -> Parts:
        """Return what decides a tile in a pass."""
        return self._known[number][0][tile.id]

    def window(self, number: int, tile: Tile) -> Tile:
        """Return a tile with the pixels around it that a pass needs."""
        return self.grid.window_around(tile, self.passes[number].halo)

    def missing(self) -> list[Missing]:
        """Return by pass the tiles that are not done and that something needs which is not done."""
        tiles, last = list(self.grid.tiles()), len(self.passes) - 1
        needed: list[set[str]] = [set() for _ in self.passes]
        needed[last].update(tile.id for tile in tiles)
        missing: list[Missing] = [{} for _ in self.passes]
        for number in range(last, -1, -1):
            keys = {tile: self.keys(number)[tile.id] for tile in tiles if tile.id in needed[number]}
            states = self.ledger.states(keys.values())
            missing[number] = {tile: states[key] for tile, key in keys.items() if states[key] != "done"}
            for tile in missing[number] if number else ():
                needed[number - 1].update(read.id for read in self._read_by(number, tile))
                needed[0].update([tile.id] if number == last else [])
        return missing

    def make(self, number: int, tile: Tile, why: Sequence[str] = ()) -> None:
        """Make a tile in a pass, whatever it reads of the pass before being done, and record it with the reason."""
        arrays = self.integrated(tile) if number == 0 else self._continued(number, tile)
        facts = {"tile": tile.id, "pass": number + 1, PARTS: self.parts(number, tile), WHY: list(why)}
        facts |= {DETAILS: self.details(number), READS: self.reads(number, tile)}
        key = self.keys(number)[tile.id]
        with phase("write"):
            self.ledger.record(key, lambda path: blocks.write_block(path, arrays), **facts)

    def details(self, number: int) -> Parts:
        """Return digests of single rules, steps and packages, which tell what changed in a pass."""
        return self._details[number]

    @cached_property
    def _details(self) -> tuple[Parts, ...]:
        return tuple(self._details_of(number) for number in range(len(self.passes)))

    def _details_of(self, number: int) -> Parts:
        rules = {f"rule {rule.id}": replace(rule, id="", number=0) for rule in self.inputs.rules if number == 0}
        steps = enumerate(self.passes[number].steps, start=self.passes[number].first + 1)
        told = {name: short_digest(rule) for name, rule in rules.items()}
        if number == 0:
            told[RULE_SET] = short_digest(list(rules.values()), dict(self.inputs.vocabulary.mosaics), self.inputs.hole)
        told |= {f"step {index} of the chain": short_digest(step.settings) for index, step in steps}
        code = STEP_CODE if number else TILE_CODE
        return told | {f"code of {name.removeprefix('mutirao.')}": code_digest(name)[:16] for name in code}

    def reads(self, number: int, tile: Tile) -> list[str]:
        """Return the keys of the results of earlier passes that a tile is made of."""
        if number == 0:
            return []
        before = self.keys(number - 1)
        kept = [self.keys(0)[tile.id]] * self.passes[number].is_last
        return sorted({*(before[read.id] for read in self._read_by(number, tile)), *kept})

    def _read_by(self, number: int, tile: Tile) -> Iterator[Tile]:
        return self.grid.tiles_meeting(self.window(number, tile))

    def _parts(self, number: int, tile: Tile, before: Mapping[str, str]) -> Parts:
        """Return the parts of a key, given the keys of the pass before."""
        now, window = self.passes[number], self.window(number, tile)
        steps = digest_of([step.settings for step in now.steps], now.first, now.is_last)
        ground = self.inputs.ground_parts(window, now.steps, for_rules=number == 0)
        if number == 0:
            rules = {"rules": self.inputs.rules_part(window)}
            what = {**self.inputs.integration_parts, **rules, **self.inputs.claims_parts(window)}
        else:
            what = {"the pass before": digest_of([(t.id, before[t.id]) for t in self._read_by(number, tile)])}
        return {"code": code_digest(*(STEP_CODE if number else TILE_CODE)), "steps": steps, **what, **ground}

    def tally(self, tile: Tile, window: Tile) -> Tally:
        """Return what counts the steps of the chain in a tile of a window."""
        pixel_ha = np.broadcast_to(self.grid.areas_ha(window), window.shape)
        return Tally(len(self.inputs.steps), len(self.inputs.years), pixel_ha, tile.within(window))

    def integrated(self, tile: Tile) -> Arrays:
        """Run the first pass: integration and the first steps of the chain."""
        inputs, window, now = self.inputs, self.window(0, tile), self.passes[0]
        core, tally = tile.within(window), self.tally(tile, window)
        with phase("read"):
            claims, layers = inputs.claims(window), inputs.layers(window)
            ground = inputs.ground(window, layers)
        count_read(claims.nbytes)
        block = run_tile(inputs.program, now.steps, claims, layers, ground, core, tally)
        with phase("tally"):
            conflicts = tile_conflicts(block, claims[:, :, *core], self.grid.areas_ha(tile))
            done = self._sums(tile, tally, block) if now.is_last else tile_part(tally, now.end)
        return {**block, **conflicts, **done}

    def _continued(self, number: int, tile: Tile) -> Arrays:
        """Run a later pass: the next steps, on what the pass before made of the tile and its neighbours."""
        now, window = self.passes[number], self.window(number, tile)
        own = blocks.read_block(self._path(number - 1, tile), ("filter", *PART))
        tally = self.tally(tile, window)
        tally.resume(part_in(own))
        with phase("read"):
            before, ground = self._classes(number - 1, window), self.inputs.ground(window)
        count_read(before.nbytes)
        core = tile.within(window)
        classes, touched = run_steps(now.steps, now.first, before, own["filter"], ground, core, tally)
        block = {"class": classes, "filter": touched}
        if not now.is_last:
            return {**block, **tile_part(tally, now.end)}
        first = blocks.read_block(self._path(0, tile), _KEPT)
        whole = {name: {**first, **block}[name] for name in (*LAYERS, KINDS, KINDS_HA)}
        with phase("tally"):
            return {**whole, **self._sums(tile, tally, whole)}

    def _sums(self, tile: Tile, tally: Tally, block: Mapping[str, np.ndarray]) -> Arrays:
        return tile_sums(tally, block, self.grid.areas_ha(tile), len(self.inputs.modules))

    def _classes(self, number: int, window: Tile) -> np.ndarray:
        """Return (year, y, x) uint8 classes of a window, as a pass made them tile by tile."""
        classes = np.empty((len(self.inputs.years), *window.shape), np.uint8)
        for tile in self.grid.tiles_meeting(window):
            shared = tile.common(window)
            part = blocks.read_window(self._path(number, tile), "class", shared.within(tile))
            classes[:, *shared.within(window)] = part
        return classes

    def _path(self, number: int, tile: Tile) -> Path:
        return self.ledger.require(self.keys(number)[tile.id])
