"""What tests of steps on maps share: a step from its keys, its result on the whole and on tiles, a real map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from mutirao.errors import ConfigError
from mutirao.filters.apply import ready, run_step
from mutirao.filters.chain import Chain
from mutirao.filters.step import Ground, ReadyStep, Surroundings
from mutirao.io.configs import load
from mutirao.legend import Legend

ROOT = Path(__file__).resolve().parents[2]
NO_GROUND = Ground()
MAPS = ROOT.parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"


@pytest.fixture(scope="session")
def brazil() -> Legend:
    """Give the legend of MapBiomas Brazil."""
    return load(ROOT / "configs/legends/mapbiomas-brazil.yaml", Legend).value


@pytest.fixture(scope="session")
def make_step(brazil: Legend) -> Callable[..., ReadyStep]:
    """Give a function that makes a step ready to run; `about` is what the chain may speak of."""

    def make(about: Surroundings | None = None, **keys: object) -> ReadyStep:
        chain = Chain.model_validate({"id": "c", "title": "c", "steps": [keys]})
        return ready(chain, brazil, lambda *place: ".".join(map(str, place)), about)[0]

    return make


@pytest.fixture(scope="session")
def refusals(make_step) -> Callable[..., list[tuple[str, str]]]:
    """Give a function that returns code and place of all that is wrong with the keys of a step."""

    def refused(about: Surroundings | None = None, **keys: object) -> list[tuple[str, str]]:
        with pytest.raises(ConfigError) as caught:
            make_step(about, **keys)
        return [(finding.code, finding.where) for finding in caught.value.findings]

    return refused


@pytest.fixture(scope="session")
def run_map() -> Callable[..., np.ndarray]:
    """Give a function that runs a step on (year, y, x) maps, whole or, with `tile`, in tiles of that many pixels."""

    def window(step: ReadyStep, maps: np.ndarray, ground: Ground, part: tuple[slice, slice]) -> np.ndarray:
        block = maps[:, *part].copy()
        size = None if ground.pixel_ha is None else ground.pixel_ha[part]
        run_step(step, block, Ground({name: layer[part] for name, layer in ground.layers.items()}, size))
        return block

    def run(step: ReadyStep, maps: np.ndarray, ground: Ground = NO_GROUND, tile: int | None = None) -> np.ndarray:
        rows, columns = maps.shape[1:]
        if tile is None:
            return window(step, maps, ground, (slice(0, rows), slice(0, columns)))
        result = np.zeros_like(maps)
        for y, x in np.ndindex(-(-rows // tile), -(-columns // tile)):
            top, left = max(y * tile - step.halo, 0), max(x * tile - step.halo, 0)
            core = (slice(y * tile, (y + 1) * tile), slice(x * tile, (x + 1) * tile))
            part = (slice(top, core[0].stop + step.halo), slice(left, core[1].stop + step.halo))
            inside = tuple(slice(c.start - w.start, c.stop - w.start) for c, w in zip(core, part, strict=True))
            result[:, *core] = window(step, maps, ground, part)[:, *inside]
        return result

    return run


@pytest.fixture(scope="session")
def clip() -> Callable[..., np.ndarray]:
    """Give what reads rows and columns of MapBiomas Brazil, Collection 8: (year, y, x) uint8 of 1985 to 2022."""
    files = sorted(MAPS.glob("*-80-*.tif"))
    if not files:
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")

    def read(rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
        stack = []
        for file in files:
            with rasterio.open(file) as source:
                stack.append(source.read(1, window=(rows, columns)))
        return np.stack(stack)

    return read


@pytest.fixture(scope="session")
def goias(clip) -> np.ndarray:
    """Give (year, y, x) uint8 of 1985 to 2022, a lively clip of 64 x 72 pixels."""
    return clip((512, 576), (504, 576))
