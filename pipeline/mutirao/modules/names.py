"""Names of files that are handed in: none may lead elsewhere, or be taken for another.

What a person types may begin with `..`, for that is how people say where their files are; a name that comes from
anywhere else may not, and neither may be a link: what a link leads to is not what was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path

from mutirao.errors import Finding, QualityError
from mutirao.io.places import Place

_MAGIC = frozenset("*?[")


def refuse_typed(typed: Place) -> None:
    """Refuse `..` in a path or pattern that a person typed, but for those that it begins with.

    Raises
    ------
    QualityError
        S102: the path leads into a folder and out of it again.
    """
    parts: Iterable[str] = typed.parts
    if isinstance(typed, Path) and not typed.is_absolute():
        parts = dropwhile("..".__eq__, typed.parts)
    if ".." in parts:
        raise QualityError(_detour(typed))


def refuse_names(paths: Sequence[Place], named: Path | None = None) -> None:
    """Refuse names that lead elsewhere, or that a file system without upper case would confuse.

    Parameters
    ----------
    paths : what was found, or a list that somebody made.
    named : path or pattern that a person typed, which `paths` were found with; none for a list.

    Raises
    ------
    QualityError
        S102 a name of a list contains `..`; S103 a file, or a folder on the way to it, is a link; S106 two names differ
        only in upper and lower case.
    """
    findings = [] if named else [_detour(path) for path in paths if ".." in path.parts]
    local = [path for path in paths if isinstance(path, Path)]
    links = dict.fromkeys(link for path in local for link in _links(path, _folder(named) if named else path.parent))
    findings += map(_linked, links)
    findings += _confused(paths)
    if findings:
        raise QualityError(*findings)


def _detour(path: Place) -> Finding:
    message = "the name leads out of its folder with '..'"
    return Finding("S102", message, str(path), f"write {path.resolve()}")


def _folder(named: Path) -> Path:
    """Return the folder that a path or pattern names, without what fits a pattern below it."""
    plain = Path(*takewhile(_MAGIC.isdisjoint, named.parts))
    return plain if plain.is_dir() else plain.parent


def _links(path: Path, folder: Path) -> Iterator[Path]:
    """Yield the links on the way to a file: of a relative path all, of an absolute one from the named folder on.

    What lies above that folder is the machine's own affair: many have such links at their root.
    """
    way = [step for step in (path, *path.parents) if not path.is_absolute() or step.is_relative_to(folder)]
    return filter(Path.is_symlink, way)


def _linked(link: Path) -> Finding:
    what = "folder" if link.is_dir() else "file"
    remedy = f"hand in the {what} itself, {link.resolve()}, if it is yours"
    return Finding("S103", f"is a link to {link.readlink()}", str(link), remedy)


def _confused(paths: Iterable[Place]) -> Iterator[Finding]:
    seen: dict[str, Place] = {}
    for path in paths:
        twin = seen.setdefault(str(path).casefold(), path)
        if twin != path:
            message = f"the name differs from {twin.name} only in upper and lower case"
            yield Finding("S106", message, str(path), "rename or remove one of the two")
