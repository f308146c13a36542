"""What a module reads: its declared datasets, fetched, checked and opened when it first asks for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mutirao.errors import ConfigError, GridError
from mutirao.imagery.composites import FeatureSpec, yearly_features
from mutirao.imagery.dataset import Dataset
from mutirao.imagery.masks import clear_reflectance
from mutirao.io import datasets
from mutirao.io.configs import Source
from mutirao.io.rasters import file_digest
from mutirao.modules.module import Module
from mutirao.project import Project


class ModuleInputs:
    """The datasets of one module; scenes and features are kept in memory once they are made."""

    def __init__(self, project: Project, module: Module, data: Path | None = None) -> None:
        self._project = project
        self._module = module
        self._data = data
        self._scenes: dict[str, xr.Dataset] = {}
        self._features: dict[tuple[str, FeatureSpec, int], xr.DataArray] = {}
        self.digests: dict[str, str] = {}
        """sha256 by dataset of what was read so far."""

    def features(self, dataset_id: str, spec: FeatureSpec, year: int) -> xr.DataArray:
        """Return a year's features on the module's grid, (feature, y, x) float32, NaN where nothing is clear.

        Any year may be asked for; a year without scenes is all NaN.

        Raises
        ------
        ConfigError
            D103: the module does not declare the dataset. D104: it is of the other kind. D105: a layer of the spec
            is neither a band nor an index that can be made of the bands.
        """
        key = (dataset_id, spec, year)
        if key not in self._features:
            try:
                self._features[key] = yearly_features(self.scenes(dataset_id), spec, year)
            except KeyError as err:
                remedy = "name a band of the dataset or an index that its bands allow"
                where = f"module '{self._module.id}', dataset '{dataset_id}'"
                raise ConfigError.because("D105", str(err.args[0]), where=where, remedy=remedy) from err
        return self._features[key]

    def scenes(self, dataset_id: str) -> xr.Dataset:
        """Return the clear reflectance of all dates, (time, y, x) float32, NaN where not clear."""
        if dataset_id not in self._scenes:
            source = self._source(dataset_id, "scenes")
            cube = datasets.open_scenes(source, self._local(source))
            self._scenes[dataset_id] = clear_reflectance(cube, source.value)
        return self._scenes[dataset_id]

    def layer(self, dataset_id: str) -> np.ndarray:
        """Return an ancillary layer on the module's grid, (y, x) float32, NaN where it has no value."""
        source = self._source(dataset_id, "layer")
        return datasets.open_layer(source, self._local(source))

    def _local(self, source: Source[Dataset]) -> Path:
        path = datasets.fetch(source, self._project.sources, given=self._data)
        if path.is_file():
            self.digests[source.value.id] = file_digest(path)
        return path

    def _source(self, dataset_id: str, kind: str) -> Source[Dataset]:
        manifest = self._module.source
        if dataset_id not in manifest.value.inputs:
            message = f"dataset '{dataset_id}' is read but not declared"
            remedy = f"add {dataset_id} to 'inputs'; declared are: {', '.join(manifest.value.inputs) or 'none'}"
            raise ConfigError.because("D103", message, where=manifest.at("inputs"), remedy=remedy)
        source = self._project.dataset(dataset_id)
        if source.value.kind != kind:
            message = f"dataset '{dataset_id}' is of kind {source.value.kind}, and {kind} is needed here"
            remedy = f"name a dataset of kind {kind}"
            raise ConfigError.because("D104", message, where=source.at("kind"), remedy=remedy)
        self._require_grid(source)
        return source

    def _require_grid(self, source: Source[Dataset]) -> None:
        wanted, found = self._module.grid, source.value.grid
        alike = wanted.pyproj_crs == found.pyproj_crs and wanted.shape == found.shape
        if not (alike and wanted.transform.almost_equals(found.transform, 1e-6)):
            raise GridError.because(
                "D106",
                f"dataset '{source.value.id}' has {found.shape} pixels of {found.resolution} from {found.origin} in "
                f"{found.crs}; the module's grid has {wanted.shape} of {wanted.resolution} from {wanted.origin} in "
                f"{wanted.crs}",
                where=source.at("grid"),
                remedy="give the module the grid of its imagery, under 'grid' with 'regrid' in its manifest",
            )
