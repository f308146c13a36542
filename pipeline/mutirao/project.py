"""The network's repository on disk: where every configuration and every result has its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mutirao.collection import Collection
from mutirao.crosswalk import Crosswalk
from mutirao.engine.clusterspec import ClusterSpec
from mutirao.errors import ConfigError, UsageError
from mutirao.filters.chain import Chain
from mutirao.imagery.dataset import Dataset
from mutirao.integration.prevalence import RuleSet
from mutirao.io import configs
from mutirao.io.configs import Model, Source
from mutirao.legend import Legend
from mutirao.modules.manifest import Manifest
from mutirao.trust.network import FOLDER, load_trust
from mutirao.trust.verdict import Trust


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with `contributors/` and `configs/`, and a workspace for what is made.

    The workspace holds `sources/` (fetched inputs), `runs/` (module output), `submissions/`, `reviews/`,
    `receipts/`, `builds/` and `releases/`.
    """

    root: Path
    workspace: Path

    @property
    def contributors(self) -> Path:
        """Folder of the modules."""
        return self.root / "contributors"

    @property
    def sources(self) -> Path:
        """Folder of fetched inputs."""
        return self.workspace / "sources"

    @property
    def submissions(self) -> Path:
        """Folder of the immutable submissions, by module and version."""
        return self.workspace / "submissions"

    @property
    def releases(self) -> Path:
        """Folder of the releases, by product and version."""
        return self.workspace / "releases"

    @property
    def reviews(self) -> Path:
        """Folder of the signed reviews, by module and version of the submission."""
        return self.workspace / "reviews"

    @property
    def receipts(self) -> Path:
        """Folder of what submitters were told, by module and version of the submission."""
        return self.workspace / "receipts"

    def trust(self) -> Trust | None:
        """Read who may sign what; None if there is no trust/, and the network does not sign."""
        return load_trust(self.root / FOLDER)

    def module_folder(self, module: str) -> Path:
        """Folder of one module."""
        return self.contributors / module

    def manifest(self, module: str) -> Source[Manifest]:
        """Read a module's manifest."""
        path = self.module_folder(module) / "manifest.yaml"
        if not path.is_file():
            known = ", ".join(self.module_ids()) or "none yet"
            raise UsageError.because("U101", f"no module '{module}'", where=str(path), remedy=f"modules are: {known}")
        return configs.load(path, Manifest)

    def module_ids(self) -> list[str]:
        """Names of the module folders, in alphabetical order; folders that begin with `_` or `.` are no modules."""
        return sorted(path.parent.name for path in self.contributors.glob("[!_.]*/manifest.yaml"))

    def collection(self, collection: str) -> Source[Collection]:
        """Read a collection's configuration."""
        return self._config("collections", collection, Collection)

    def collection_ids(self) -> list[str]:
        """Names of the collections."""
        return sorted(path.stem for path in (self.root / "configs/collections").glob("*.yaml"))

    def legend(self, legend: str) -> Source[Legend]:
        """Read a legend."""
        return self._config("legends", legend, Legend)

    def legend_ids(self) -> list[str]:
        """Names of the legends."""
        return sorted(path.stem for path in (self.root / "configs/legends").glob("*.yaml"))

    def crosswalks(self) -> list[Source[Crosswalk]]:
        """Read all crosswalk tables, in alphabetical order."""
        paths = sorted((self.root / "configs/crosswalks").glob("*.yaml"))
        return [self._config("crosswalks", path.stem, Crosswalk) for path in paths]

    def rules(self, rules: str) -> Source[RuleSet]:
        """Read a set of prevalence rules."""
        return self._config("rules", rules, RuleSet)

    def chain(self, chain: str) -> Source[Chain]:
        """Read a filter chain."""
        return self._config("chains", chain, Chain)

    def dataset(self, dataset: str) -> Source[Dataset]:
        """Read the description of an input."""
        return self._config("datasets", dataset, Dataset)

    def cluster(self, cluster: str) -> Source[ClusterSpec]:
        """Read where the workers of a build are."""
        return self._config("clusters", cluster, ClusterSpec)

    def _config(self, folder: str, name: str, model: type[Model]) -> Source[Model]:
        path = self.root / "configs" / folder / f"{name}.yaml"
        source = configs.load(path, model)
        declared = getattr(source.value, "id", name)
        if declared != name:
            remedy = f"write 'id: {name}' or rename the file"
            raise ConfigError.because(
                "C107", f"id is '{declared}' in a file named '{name}'", where=source.at("id"), remedy=remedy
            )
        return source


def find(start: Path, workspace: Path | None = None) -> Project:
    """Return the project that a folder lies in: the nearest parent with `configs/collections/`."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "configs/collections").is_dir():
            return Project(folder, workspace or folder / "workspace")
    remedy = "change into the network's repository, name it with --project, or try 'mutirao demo'"
    raise UsageError.because("U102", "no project here (no configs/collections/)", where=str(start), remedy=remedy)
