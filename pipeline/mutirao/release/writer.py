"""Write the files of one release into a folder that nobody sees yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from mutirao.collection import Collection
from mutirao.engine.build import Build
from mutirao.engine.evidence import evidence_of
from mutirao.engine.progress import Progress
from mutirao.engine.record import BuildRecord, plain
from mutirao.io import rasters
from mutirao.io.rasters import file_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import read_record, write_json, write_text
from mutirao.io.tables import write_table
from mutirao.io.vectors import read_zones
from mutirao.legend import Legend
from mutirao.project import Project
from mutirao.release import names, stac, styles
from mutirao.release.diff import OldRules, Version, compare_versions
from mutirao.release.mappage import copy_viewer, page_config
from mutirao.release.notes import release_notes
from mutirao.release.record import MANIFEST, FileRecord, Release
from mutirao.release.rulenews import RuleNews, tell_rules

_KEPT_TABLES = ("transitions", "decisions", "conflicts", "filters", "filter_chain", "filter_steps", "filter_years")
"""Tables of a build that a release has as they are."""


class Writer:
    """Writes one release; every method writes one kind of file."""

    def __init__(
        self, project: Project, collection: Collection, build: Build, version: str, previous: Path | None, folder: Path
    ) -> None:
        self.project, self.collection, self.build, self.version = project, collection, build, version
        self.previous, self.folder = previous, folder
        self.evidence = evidence_of(project, build)
        self.legend: Legend = self.evidence.basis.legend
        self.rasters: dict[str, tuple[str, str]] = {}
        """Digest and type of the pixels by file name."""

    def write(self, progress: Progress) -> tuple[Release, pd.DataFrame | None]:
        """Write everything, release.json last; return the release and its difference from the version before."""
        layers = {**self._rasters(progress), names.CLAIMS: self._claims(progress)}
        self._layers()
        self._consulted()
        progress.say("Writing tables, catalogue, notes and the map page")
        rule_news = self._rule_news(progress)
        changes = self._tables(rule_news)
        territories = self._territories()
        self._legend_files()
        self.evidence.basis.write(self.folder)
        release = self._release()
        write_text(
            self.folder / "release-notes.md",
            release_notes(self.collection, release, self.build.table("areas"), changes, rule_news),
        )
        write_text(self.folder / "CITATION.cff", _citation(release))
        self._catalog(release, layers)
        write_json(self.folder / "map.json", page_config(self.evidence.basis, release, layers, territories))
        copy_viewer(self.folder)
        release = self._release()
        write_json(self.folder / MANIFEST, plain(release))
        return release, changes

    def _rasters(self, progress: Progress) -> dict[str, dict[int, str]]:
        years = self.build.record.years
        layers: dict[str, dict[int, str]] = {}
        with progress.stage("Writing maps", len(names.YEARLY) * len(years) + 1) as advance:
            for layer in names.YEARLY:
                stack = _narrow(self.build.layer(layer))
                layers[layer] = {
                    year: self._raster(layer, year, stack[t]) for t, year in enumerate(years) if not advance()
                }
                if layer == "class":
                    self._history(stack)
                    advance()
        return layers

    def _raster(self, layer: str, year: int, pixels: np.ndarray) -> str:
        name = names.yearly(self.collection.id, layer, year, self.version)
        entries = self._entries(layer)
        rasters.write_cog(
            self.folder / name,
            pixels,
            self.collection.grid,
            colormap=styles.colormap(entries),
            tags=self._tags(layer, str(year)),
        )
        write_text(self.folder / f"{name}.aux.xml", styles.attribute_table(entries))
        write_text(self.folder / f"{name.removesuffix('.tif')}.qml", styles.qgis_style(entries))
        self.rasters[name] = (rasters.pixel_digest(pixels, self.collection.grid), pixels.dtype.name)
        return name

    def _history(self, stack: np.ndarray) -> None:
        years = [str(year) for year in self.build.record.years]
        tags = self._tags("class", f"{years[0]}-{years[-1]}")
        self._bands(names.history(self.collection.id, self.version), stack, years, tags)

    def _claims(self, progress: Progress) -> dict[int, str]:
        """Write what the modules claim, so that the release explains itself."""
        years, whole = self.build.record.years, self.collection.grid.whole
        with progress.stage("Writing claims", len(years)) as advance:
            return {
                year: self._bands(
                    names.yearly(self.collection.id, names.CLAIMS, year, self.version),
                    self.evidence.claims([year], whole)[:, 0],
                    [module.module for module in self.build.record.modules],
                    self._tags(names.CLAIMS, str(year)),
                )
                for year in years
                if not advance()
            }

    def _layers(self) -> None:
        ids = [layer.id for layer in self.evidence.basis.collection.layers]
        if ids:
            values = _compact(self.evidence.layers(self.collection.grid.whole))
            name = names.layers(self.collection.id, self.version)
            self._bands(name, values, ids, self._tags("layers", "all"))

    def _consulted(self) -> None:
        """Write the territories and polygons that the chain consulted, so that the release explains itself."""
        maps = self.evidence.consulted(self.collection.grid.whole)
        if maps:
            name = names.consulted(self.collection.id, self.version)
            stack = _compact(np.stack(list(maps.values())))
            self._bands(name, stack, list(maps), self._tags("consulted", "all"))

    def _bands(self, name: str, stack: np.ndarray, bands: Sequence[str], tags: Mapping[str, str]) -> str:
        """Write (band, y, x) codes as one file with named bands."""
        rasters.write_history_cog(self.folder / name, stack, self.collection.grid, names=bands, tags=tags)
        self.rasters[name] = (rasters.pixel_digest(stack, self.collection.grid), stack.dtype.name)
        return name

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

    def _rule_news(self, progress: Progress) -> RuleNews | None:
        return tell_rules(self.project, self.build, self.previous, progress) if self.previous else None

    def _tables(self, rule_news: RuleNews | None) -> pd.DataFrame | None:
        areas = self.build.table("areas")
        areas.insert(0, "release", self.version)
        tables = {
            "areas": areas,
            **{name: self.build.table(name) for name in _KEPT_TABLES},
        }
        changes = self._changes(rule_news.old_rules if rule_news else None)
        if changes is not None:
            tables["changes"] = changes
        if rule_news and rule_news.impact:
            tables["rule_impact"] = rule_news.impact.table
        for name, frame in tables.items():
            write_table(self.folder / "tables", name, frame)
        return changes

    def _changes(self, old_rules: OldRules | None) -> pd.DataFrame | None:
        if self.previous is None:
            return None
        old, grid = read_record(self.previous / MANIFEST, Release), self.collection.grid
        if old.grid.model_copy(update={"tile": grid.tile}) != grid:
            return None
        before = _version(old, _read(self.previous, old, "class"), _read(self.previous, old, "source"))
        after = _version(self.build.record, self.build.layer("class"), self.build.layer("source"))
        return compare_versions(before, after, self.legend, grid.areas_ha(grid.whole), old_rules)

    def _territories(self) -> str | None:
        source = self.project.collection(self.collection.id)
        frames = [
            read_zones(source.path.parent / entry.file, entry, self.collection.grid).frame
            for entry in self.collection.territories
        ]
        if not frames:
            return None
        write_text(self.folder / "territories.geojson", pd.concat(frames).to_json(drop_id=True))
        return "territories.geojson"

    def _legend_files(self) -> None:
        write_text(self.folder / "legend.csv", styles.legend_csv(self.legend))

    def _catalog(self, release: Release, layers: Mapping[str, Mapping[int, str]]) -> None:
        stac.save(stac.catalog(self.collection, self.legend, release, layers), self.folder)

    def _release(self) -> Release:
        record = self.build.record
        return Release(
            collection=self.collection.id,
            title=self.collection.title,
            version=self.version,
            released=datetime.now(UTC).date().isoformat(),
            years=record.years,
            grid=self.collection.grid,
            license=self.collection.license,
            publisher=self.collection.publisher,
            attribution=self._attribution(),
            legend=f"{self.legend.id} {self.legend.version}",
            build=record.id,
            pixels=record.pixels,
            modules=record.modules,
            rules=record.rules,
            steps=record.steps,
            agreement=record.agreement,
            hole_ha=record.hole_ha,
            unconfirmed=record.unconfirmed,
            missing=record.missing,
            required=record.required,
            held_back=record.held_back,
            files=self._files(),
            previous=file_digest(self.previous / MANIFEST) if self.previous else None,
            previous_version=self.previous.name.removeprefix("v") if self.previous else None,
            software=software_versions(),
        )

    def _attribution(self) -> str:
        """Name the organisations whose claims truly appear in the map, and the data they used."""
        decisions = self.build.table("decisions")
        present = [module for module in self.build.record.modules if module.module in set(decisions["module"])]
        makers = dict.fromkeys(f"{module.organisation} ({module.module})" for module in present)
        inputs = dict.fromkeys(name for module in present for name in self.project.manifest(module.module).value.inputs)
        data = dict.fromkeys(self.project.dataset(name).value.attribution for name in inputs)
        return f"{self.collection.publisher}: {', '.join(makers)}. {' '.join(data)}".strip()

    def _files(self) -> tuple[FileRecord, ...]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return tuple(self._file(path) for path in paths)

    def _file(self, path: Path) -> FileRecord:
        name = path.relative_to(self.folder).as_posix()
        pixels, dtype = self.rasters.get(name, (None, None))
        return FileRecord(name=name, size=path.stat().st_size, sha256=file_digest(path), pixels=pixels, dtype=dtype)


def _narrow(stack: np.ndarray) -> np.ndarray:
    """Return numbers as uint8 where they fit, as everything but a set of more than 255 rules does."""
    return stack.astype(np.uint8) if stack.max(initial=0) <= np.iinfo(np.uint8).max else stack


def _compact(values: np.ndarray) -> np.ndarray:
    """Return integers in the smallest type that the map page reads and that holds them."""
    low, high = values.min(initial=0), values.max(initial=0)
    fits = (kind for kind in (np.uint8, np.uint16, np.int32) if np.iinfo(kind).min <= low <= high <= np.iinfo(kind).max)
    return values.astype(next(fits, np.int64))


def _read(folder: Path, release: Release, layer: str) -> np.ndarray:
    years = release.years
    return np.stack([rasters.read(folder / names.yearly(release.collection, layer, y, release.version)) for y in years])


def _version(release: Release | BuildRecord, classes: np.ndarray, source: np.ndarray) -> Version:
    numbers = {module.number: module.module for module in release.modules}
    versions = {module.module: module.version for module in release.modules}
    return Version(release.years, classes, source, numbers, versions)


def _citation(release: Release) -> str:
    authors = dict.fromkeys([release.publisher, *(module.organisation for module in release.modules)])
    lines = [
        "cff-version: 1.2.0",
        "message: If you use these data, please cite them as below.",
        "type: dataset",
        f"title: {json.dumps(f'{release.title}, version {release.version}', ensure_ascii=False)}",
        f"version: {release.version}",
        f"date-released: {release.released}",
        f"license: {release.license}",
        "authors:",
        *(f"  - name: {json.dumps(name, ensure_ascii=False)}" for name in authors),
    ]
    return "\n".join(lines) + "\n"
