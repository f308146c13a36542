"""Write the files of one release into a folder that nobody sees yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from mutirao.collection import Collection
from mutirao.engine.build import Build
from mutirao.engine.evidence import evidence_of
from mutirao.engine.progress import Progress
from mutirao.engine.record import BuildRecord, plain
from mutirao.grid import Tile
from mutirao.io import rasters
from mutirao.io.places import Place
from mutirao.io.rasters import file_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import read_record, write_json, write_text
from mutirao.io.tables import write_table
from mutirao.io.vectors import read_territories
from mutirao.legend import Legend
from mutirao.project import Project
from mutirao.release import names, stac, styles
from mutirao.release.diff import OldRules, Version, compare_versions
from mutirao.release.mappage import copy_viewer, page_config
from mutirao.release.maps import MapWriter
from mutirao.release.notes import release_notes
from mutirao.release.quality import levels_of, waivers_of
from mutirao.release.record import MANIFEST, FileRecord, Release
from mutirao.release.rulenews import RuleNews, tell_rules

_KEPT_TABLES = ("transitions", "decisions", "conflicts", "filters", "filter_chain", "filter_steps", "filter_years")
"""Tables of a build that a release has as they are."""


class Writer:
    """Writes one release; every method writes one kind of file."""

    def __init__(
        self, project: Project, collection: Collection, build: Build, version: str, previous: Place | None, folder: Path
    ) -> None:
        self.project, self.collection, self.build, self.version = project, collection, build, version
        self.previous, self.folder = previous, folder
        self.evidence = evidence_of(project, build)
        self.legend: Legend = self.evidence.basis.legend
        self.maps = MapWriter(collection, self.evidence, version, folder)

    def write(self, progress: Progress) -> tuple[Release, pd.DataFrame | None]:
        """Write everything, release.json last; return the release and its difference from the version before."""
        layers = self.maps.write(progress)
        with TemporaryDirectory(dir=self.folder, prefix=".old-rules.") as scratch:
            rule_news = self._rule_news(Path(scratch), progress)
            changes = self._changes(rule_news.old_rules if rule_news else None, progress)
        progress.say("Writing tables, catalogue, notes and the map page")
        self._tables(rule_news, changes)
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

    def _rule_news(self, scratch: Path, progress: Progress) -> RuleNews | None:
        return tell_rules(self.project, self.build, self.previous, scratch, progress) if self.previous else None

    def _tables(self, rule_news: RuleNews | None, changes: pd.DataFrame | None) -> None:
        areas = self.build.table("areas")
        areas.insert(0, "release", self.version)
        tables = {
            "areas": areas,
            **{name: self.build.table(name) for name in _KEPT_TABLES},
        }
        if changes is not None:
            tables["changes"] = changes
        if rule_news and rule_news.impact:
            tables["rule_impact"] = rule_news.impact.table
        for name, frame in tables.items():
            write_table(self.folder / "tables", name, frame)

    def _changes(self, old_rules: OldRules | None, progress: Progress) -> pd.DataFrame | None:
        if self.previous is None:
            return None
        old, grid = read_record(self.previous / MANIFEST, Release), self.collection.grid
        if old.grid.model_copy(update={"tile": grid.tile}) != grid:
            return None
        before = _version(old, partial(_released, self.previous, old))
        after = _version(self.build.record, self.evidence.build.window)
        return compare_versions(before, after, self.legend, self.evidence.build.grid, progress, old_rules)

    def _territories(self) -> str | None:
        source = self.project.collection(self.collection.id)
        frames = [
            read_territories(source.path.parent / entry.file, entry, self.collection.grid)
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
            levels=levels_of(self.project, record.modules),
            waivers=waivers_of(self.project, record.modules),
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
        pixels, dtype = self.maps.digests.get(name, (None, None))
        return FileRecord(name=name, size=path.stat().st_size, sha256=file_digest(path), pixels=pixels, dtype=dtype)


def _released(folder: Place, release: Release, layer: str, window: Tile) -> np.ndarray:
    """Read a window of all years of a layer of a release: (year, y, x)."""
    files = (names.yearly(release.collection, layer, year, release.version) for year in release.years)
    return np.stack([rasters.read(folder / file, window) for file in files])


def _version(release: Release | BuildRecord, read: Callable[[str, Tile], np.ndarray]) -> Version:
    numbers = {module.number: module.module for module in release.modules}
    versions = {module.module: module.version for module in release.modules}
    return Version(release.years, read, numbers, versions)


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
