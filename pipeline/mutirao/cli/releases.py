"""Which release a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.state import State
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.client import OpenRelease

Location = Annotated[
    str | None, typer.Argument(help="Folder or URL of a release, or a version; default: the newest release here.")
]


def choose(state: State, location: str | None) -> OpenRelease:
    """Return the release at a folder or URL, or of a version, or the newest one of the project.

    Raises
    ------
    UsageError
        A105: nothing is released yet. A106: no release has that version.
    """
    from mutirao.client import list_releases, open_release

    if location and ("/" in location or "\\" in location):
        return open_release(location)
    releases = list_releases(state.project().releases)
    if not releases:
        remedy = "name a folder or URL, or make a release with 'mutirao release'"
        raise UsageError.because("A105", "nothing is released yet", where=str(state.project().releases), remedy=remedy)
    wanted = location.removeprefix("v") if location else releases[-1].record.version
    matching = [release for release in releases if release.record.version == wanted]
    if not matching:
        remedy = f"versions are: {', '.join(release.record.version for release in releases)}"
        raise UsageError.because("A106", f"no release {wanted}", where=str(state.project().releases), remedy=remedy)
    return matching[-1]
