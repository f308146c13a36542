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
from mutirao.io.copies import cache_folder
from mutirao.io.places import Place, place
from mutirao.io.storagespec import Storage
from mutirao.legend import Legend
from mutirao.modules.manifest import Manifest
from mutirao.trust.network import FOLDER, load_trust
from mutirao.trust.verdict import Trust

STORAGE = "storage.yaml"
"""File of configs/ that says where results lie."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Parts that do not lie in the workspace: for each the folder or URL that holds it instead."""

    submissions: Place | None = None
    builds: Place | None = None
    releases: Place | None = None

    def as_text(self) -> tuple[tuple[str, str], ...]:
        """Return name, and folder or URL, of each part that lies elsewhere."""
        parts = {"submissions": self.submissions, "builds": self.builds, "releases": self.releases}
        return tuple((name, str(place.resolve())) for name, place in parts.items() if place)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with `contributors/` and `configs/`, and a workspace for what is made.

    The workspace holds `sources/` (fetched inputs), `burnt/` (polygons as pixels), `runs/` (module output),
    `submissions/`, `reviews/`, `receipts/`, `reports/`, `proofs/`, `builds/` and `releases/`. It is a folder or lies in
    an object store; so may the parts of it that lie elsewhere.
    """

    root: Path
    workspace: Place
    elsewhere: Elsewhere = Elsewhere()

    @property
    def contributors(self) -> Path:
        """Folder of the modules."""
        return self.root / "contributors"

    @property
    def sources(self) -> Path:
        """Folder of fetched inputs, always of this machine: libraries read them as files."""
        return (self.workspace if isinstance(self.workspace, Path) else cache_folder()) / "sources"

    @property
    def burnt(self) -> Path:
        """Folder of polygons that were burnt to pixels, always of this machine: they are read in windows, often."""
        return (self.workspace if isinstance(self.workspace, Path) else cache_folder()) / "burnt"

    @property
    def builds(self) -> Place:
        """Folder of the builds, by collection."""
        return (self.elsewhere.builds or self.workspace) / "builds"

    @property
    def _members(self) -> Place:
        """What lies beside the submissions lies with them, wherever they are."""
        return self.elsewhere.submissions or self.workspace

    @property
    def submissions(self) -> Place:
        """Folder of the immutable submissions, by module and version."""
        return self._members / "submissions"

    @property
    def releases(self) -> Place:
        """Folder of the releases, by product and version."""
        return (self.elsewhere.releases or self.workspace) / "releases"

    @property
    def reviews(self) -> Place:
        """Folder of the signed reviews, by module and version of the submission."""
        return self._members / "reviews"

    @property
    def reports(self) -> Place:
        """Folder of the pages about submissions, by module and version."""
        return self._members / "reports"

    @property
    def receipts(self) -> Place:
        """Folder of what submitters were told, by module and version of the submission."""
        return self._members / "receipts"

    @property
    def proofs(self) -> Place:
        """Folder of the records of runs from the sources again, by module and version of the submission."""
        return self._members / "proofs"

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


def find(start: Path, workspace: Place | None = None) -> Project:
    """Return the project that a folder lies in: the nearest parent with `configs/collections/`.

    Parameters
    ----------
    workspace : where everything that is made lies, whatever `configs/storage.yaml` says.

    Raises
    ------
    UsageError
        U102: there is none. U115: the storage is neither a folder nor an S3 address.
    ConfigError
        C102 to C106: `configs/storage.yaml` is wrong.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "configs/collections").is_dir():
            return Project(folder, workspace) if workspace else _as_configured(folder)
    remedy = "change into the network's repository, name it with --project, or try 'mutirao demo'"
    raise UsageError.because("U102", "no project here (no configs/collections/)", where=str(start), remedy=remedy)


def _as_configured(root: Path) -> Project:
    """Return the project with its results where `configs/storage.yaml` says, or else in workspace/."""
    path = root / "configs" / STORAGE
    if not path.is_file():
        return Project(root, root / "workspace")
    storage = configs.load(path, Storage).value
    texts = {name: getattr(storage, name) for name in ("submissions", "builds", "releases")}
    parts = {name: _where(root, text) for name, text in texts.items() if text}
    return Project(root, _where(root, storage.workspace), Elsewhere(**parts))


def _where(root: Path, text: str) -> Place:
    found = place(text)
    return root / found if isinstance(found, Path) else found
