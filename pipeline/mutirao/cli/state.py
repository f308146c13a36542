"""What every command knows: which project it works on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mutirao.errors import UsageError
from mutirao.io.places import Place
from mutirao.project import Project, find


@dataclass(frozen=True, slots=True)
class State:
    """Global options of the command line."""

    folder: Path | None
    workspace: Place | None

    def project(self) -> Project:
        """Return the project that the command works on."""
        return find(self.folder or Path.cwd(), self.workspace)

    def collection(self, project: Project, name: str | None) -> str:
        """Return the named collection, or the only one that the project has.

        Raises
        ------
        UsageError
            U105: the name is missing and there are several, or it is unknown.
        """
        known = project.collection_ids()
        chosen = name or (known[0] if len(known) == 1 else None)
        if chosen not in known:
            message = f"no collection '{name}'" if name else f"the project has {len(known)} collections"
            remedy = f"name one of: {', '.join(known) or 'none; create configs/collections/<id>.yaml'}"
            raise UsageError.because("U105", message, where=str(project.root), remedy=remedy)
        return chosen
