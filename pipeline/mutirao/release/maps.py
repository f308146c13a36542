"""Write the rasters of a release, a window at a time and on all cores. Memory does not grow with the map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from mutirao.collection import Collection
from mutirao.engine.cluster import run_tasks
from mutirao.engine.evidence import BuildEvidence
from mutirao.engine.progress import Advance, Progress
from mutirao.grid import Tile
from mutirao.io.cogs import Draft
from mutirao.io.storage import write_text
from mutirao.release import names, styles
from mutirao.release.windows import strips

Read = Callable[[Tile], np.ndarray]
"""Returns the (band, y, x) integers of a window."""
_CORNER = Tile("corner", 0, 1, 0, 1)


class MapWriter:
    """Writes the layers of every year, the history, the claims and what rules and chain consulted.

    The years of a layer are filled together, because the chunks of a build hold all years; then each becomes a COG, as
    many at once as there are cores: GDAL encodes one file on one core faster than on two.
    """

    def __init__(self, collection: Collection, evidence: BuildEvidence, version: str, folder: Path) -> None:
        self.collection, self.evidence, self.version, self.folder = collection, evidence, version, folder
        self.build, self.legend = evidence.build, evidence.basis.legend
        self.digests: dict[str, tuple[str, str]] = {}
        """Digest and type of the pixels by file name."""

    def write(self, progress: Progress) -> dict[str, dict[int, str]]:
        """Write everything; return the file name by layer and year."""
        years, grid = self.build.record.years, self.collection.grid
        single = [self._layers, self._consulted]
        files = (len(names.YEARLY) + 1) * len(years) + 1 + len(single)
        with (
            progress.stage("Writing maps", files, files * grid.shape[0] * grid.shape[1]) as advance,
            self._history() as history,
        ):
            written = {layer: self._yearly(layer, history, advance) for layer in names.YEARLY}
            self.evidence.submissions  # noqa: B018 - looked up once, before threads ask for them
            claims = [partial(self._claims, year) for year in years]
            jobs: list[Callable[[], None]] = [partial(self._finish, history), *single, *claims]  # longest first
            run_tasks(lambda job: job(), jobs, advance)
        return {**written, names.CLAIMS: {year: self._name(names.CLAIMS, year) for year in years}}

    def _yearly(self, layer: str, history: Draft, advance: Advance) -> dict[int, str]:
        years, kind = self.build.record.years, self._type(layer)
        with ExitStack() as stack:
            drafts = [stack.enter_context(self._map(layer, year, kind)) for year in years]
            stacks = [history] if layer == "class" else []
            fill = partial(self._fill, layer, kind, drafts, stacks)
            run_tasks(fill, strips(self.build.grid), lambda: None)
            run_tasks(self._finish, drafts, advance)
        return {year: self._name(layer, year) for year in years}

    def _type(self, layer: str) -> np.dtype:
        """Return the type of a layer's files, that of its tiles."""
        return self.build.window(layer, _CORNER).dtype

    def _fill(self, layer: str, kind: np.dtype, maps: Sequence[Draft], stacks: Sequence[Draft], window: Tile) -> None:
        pixels = self.build.window(layer, window).astype(kind, copy=False)
        for draft, plane in zip(maps, pixels, strict=True):
            draft.write(plane, window)
        for draft in stacks:
            draft.write(pixels, window)

    def _finish(self, draft: Draft) -> None:
        self.digests[draft.path.name] = (draft.finish(), draft.dtype.name)

    def _map(self, layer: str, year: int, kind: np.dtype) -> Draft:
        """Begin the file of a layer and year, with the files beside it that name its values."""
        name, entries = self._name(layer, year), self._entries(layer)
        write_text(self.folder / f"{name}.aux.xml", styles.attribute_table(entries))
        write_text(self.folder / f"{name.removesuffix('.tif')}.qml", styles.qgis_style(entries))
        colours, tags = styles.colormap(entries), self._tags(layer, str(year))
        return Draft(self.folder / name, self.collection.grid, kind, colormap=colours, tags=tags)

    def _history(self) -> Draft:
        years = [str(year) for year in self.build.record.years]
        name, tags = names.history(self.collection.id, self.version), self._tags("class", f"{years[0]}-{years[-1]}")
        return self._stack(name, years, self._type("class"), tags)

    def _claims(self, year: int) -> None:
        """Write what the modules claim in a year, so that the release explains itself."""
        modules = [module.module for module in self.build.record.modules]
        tags = self._tags(names.CLAIMS, str(year))
        with self._stack(self._name(names.CLAIMS, year), modules, np.dtype(np.uint8), tags) as draft:
            for tile in self.build.grid.tiles():
                draft.write(self.evidence.claims([year], tile)[:, 0], tile)
            self._finish(draft)

    def _layers(self) -> None:
        """Write the layers that the rules consulted."""
        ids = [layer.id for layer in self.evidence.basis.collection.layers]
        name = names.layers(self.collection.id, self.version)
        self._compact(name, ids, self.evidence.layers, self._tags("layers", "all"))

    def _consulted(self) -> None:
        """Write the territories and polygons that the chain consulted."""
        bands, name = self.evidence.basis.consulted.bands, names.consulted(self.collection.id, self.version)

        def read(window: Tile) -> np.ndarray:
            maps = self.evidence.consulted(window)
            return np.stack([maps[band] for band in bands])

        self._compact(name, bands, read, self._tags("consulted", "all"))

    def _compact(self, name: str, bands: Sequence[str], read: Read, tags: Mapping[str, str]) -> None:
        """Write bands, if there are any, in the smallest type that holds them."""
        if not bands:
            return
        tiles = list(self.build.grid.tiles())
        ranges = [(int(values.min()), int(values.max())) for values in map(read, tiles)]
        kind = smallest_type(min(low for low, _ in ranges), max(high for _, high in ranges))
        with self._stack(name, bands, kind, tags) as draft:
            for tile in tiles:
                draft.write(read(tile).astype(kind), tile)
            self._finish(draft)

    def _stack(self, name: str, bands: Sequence[str], kind: np.dtype, tags: Mapping[str, str]) -> Draft:
        return Draft(self.folder / name, self.collection.grid, kind, bands=bands, tags=tags)

    def _name(self, layer: str, year: int) -> str:
        return names.yearly(self.collection.id, layer, year, self.version)

    def _entries(self, layer: str) -> list[styles.Entry]:
        record = self.build.record
        match layer:
            case "class":
                return styles.legend_entries(self.legend)
            case "source":
                return styles.numbered_entries(f"{m.name} ({m.organisation})" for m in record.modules)
            case "rule":
                return styles.numbered_entries(rule.rule for rule in record.rules)
            case "filter":
                return styles.numbered_entries(step.title for step in record.steps)
            case _:
                return styles.count_entries(len(record.modules))

    def _tags(self, layer: str, year: str) -> dict[str, str]:
        return {
            "COLLECTION": self.collection.title,
            "LAYER": names.TITLES[layer],
            "YEAR": year,
            "VERSION": self.version,
            "LEGEND": f"{self.legend.id} {self.legend.version}",
            "LICENSE": self.collection.license,
        }


def smallest_type(low: int, high: int) -> np.dtype:
    """Return the smallest type that the map page reads and that holds integers from `low` to `high`, and 0."""
    fits = (
        kind
        for kind in (np.uint8, np.uint16, np.int32)
        if np.iinfo(kind).min <= min(low, 0) and high <= np.iinfo(kind).max
    )
    return np.dtype(next(fits, np.int64))
