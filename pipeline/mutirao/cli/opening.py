"""Find what a command is given by id or by file: in the project, or in a file that stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mutirao.cli.state import State
from mutirao.errors import UsageError
from mutirao.io import configs
from mutirao.legend import Legend
from mutirao.project import Project, find

Kind = Literal["rules", "chain"]
_FOLDERS: dict[Kind, str] = {"rules": "rules", "chain": "chains"}
_TITLES: dict[Kind, str] = {"rules": "rule set", "chain": "chain"}


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration of a kind that a collection names."""

    kind: Kind
    path: Path
    project: Project | None
    """The project around it; none for a file that stands alone."""

    def collection(self, config_id: str, name: str | None) -> str | None:
        """Return the collection that uses it, None if none does.

        Raises
        ------
        UsageError
            U105: several collections use it and none is named, or the named one does not.
        """
        known = self.project.collection_ids() if self.project else []
        users = [user for user in known if self.project and self._named_by(self.project, user) == config_id]
        if name is None and len(users) < 2:
            return next(iter(users), None)
        if name not in users:
            message = f"the {_TITLES[self.kind]} '{config_id}' is used by {', '.join(users) or 'no collection'}"
            remedy = "name one of them with --collection" if users else "leave --collection out"
            raise UsageError.because("U105", message, where=str(self.path), remedy=remedy)
        return name

    def _named_by(self, project: Project, collection: str) -> str | None:
        value = project.collection(collection).value
        return value.rules if self.kind == "rules" else value.chain

    def legend(self, name: str) -> Legend:
        """Return a legend: a file under legends/ beside the folder of the configuration, or else of the project."""
        path = self.path.resolve().parent.parent / "legends" / f"{name}.yaml"
        if self.project and not path.is_file():
            path = self.project.root / "configs" / "legends" / f"{name}.yaml"
        return configs.load(path, Legend).value


def locate(state: State, name: str, kind: Kind) -> Found:
    """Return where a configuration lies, given its id in the project, or its file."""
    if "/" not in name and not name.endswith((".yaml", ".yml")):
        project = state.project()
        return Found(kind, project.root / "configs" / _FOLDERS[kind] / f"{name}.yaml", project)
    return Found(kind, Path(name), _project_around(Path(name), state))


def _project_around(path: Path, state: State) -> Project | None:
    try:
        return state.project() if state.folder else find(path.parent, state.workspace)
    except UsageError:
        return None
