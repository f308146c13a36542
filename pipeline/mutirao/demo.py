"""The demonstration: two versions of a real, small collection, from images to map page."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from mutirao.engine.build import Build, build
from mutirao.engine.progress import Progress
from mutirao.engine.runs import run
from mutirao.errors import ResourceError, UsageError
from mutirao.io.datasets import fetch
from mutirao.io.places import Place
from mutirao.modules.store import list_submissions
from mutirao.modules.submission import submit
from mutirao.project import Project, find
from mutirao.release.publish import Published, publish

COLLECTION = "banat"
FIRST = {"banat_forest": "0.1.0", "clearcuts": "0.1.0", "meadows": "0.1.0"}
SECOND = {**FIRST, "meadows": "0.2.0"}
CUBE = "sentinel2-banat-20m"
FOLDER = "mutirao-demo"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What the demonstration made: a build and a release for each version."""

    builds: tuple[Build, Build]
    releases: tuple[Published, Published]

    @property
    def did_nothing(self) -> bool:
        """Whether everything was there already."""
        made = any(built.made for built in self.builds)
        return not made and not any(published.created for published in self.releases)


def demonstrate(project: Project, progress: Progress, data: Path | None = None) -> Demonstration:
    """Run, submit, build and release version 0.1.0; then improve one module and release 0.2.0.

    Parameters
    ----------
    data : the wheel with the images, or a folder with it, if the package index is out of reach.
    """
    for module in ("banat_forest", "clearcuts"):
        _run_and_submit(project, module, progress, data)
    _deliver_meadows(project, "0.1.0", edition=1, progress=progress, data=data)
    first, one = _build_and_release(project, "0.1.0", FIRST, progress)
    _deliver_meadows(project, "0.2.0", edition=2, progress=progress, data=data)
    second, two = _build_and_release(project, "0.2.0", SECOND, progress)
    return Demonstration((first, second), (one, two))


def demo_project(start: Path, workspace: Place | None) -> Project:
    """Return the project around a folder if it has the demonstration, else a fresh copy of it in ./mutirao-demo."""
    try:
        project = find(start, workspace)
    except UsageError:
        return _copy(start / FOLDER, workspace)
    return project if COLLECTION in project.collection_ids() else _copy(start / FOLDER, workspace)


def _copy(target: Path, workspace: Place | None) -> Project:
    if not target.exists():
        with as_file(files("mutirao") / "network") as network:
            shutil.copytree(network, target)
    return find(target, workspace)


def _run_and_submit(project: Project, module: str, progress: Progress, data: Path | None) -> None:
    result = run(project, module, progress, data)
    by_year = dict(zip(result.years, result.codes, strict=True))
    handed_in = submit(project, module, FIRST[module], by_year, report=result.report)
    progress.say(f"{module} {FIRST[module]}: {_state(result.fresh, 'run')}, {_state(handed_in.created, 'submitted')}")
    for name, (share, pixels) in result.agreements().items():
        progress.say(f"  agreement {share:.4f} on {pixels} pixels: {name}")


def _state(now: bool, verb: str) -> str:
    return verb if now else f"already {verb}"


def _deliver_meadows(project: Project, version: str, *, edition: int, progress: Progress, data: Path | None) -> None:
    if version in list_submissions(project, "meadows"):
        progress.say(f"meadows {version}: already submitted")
        return
    source = project.dataset(CUBE)
    with _exports(project, fetch(source, project.sources, given=data), edition) as folder:
        submit(project, "meadows", version, folder)
    progress.say(f"meadows {version}: files delivered and submitted")


@contextmanager
def _exports(project: Project, cube: Path, edition: int) -> Iterator[Path]:
    """Let the partner's own script make its files, as they would come from a partner without mutirao."""
    script = project.module_folder("meadows") / "make_exports.py"
    with TemporaryDirectory() as folder:
        command = [sys.executable, str(script), str(cube), folder, "--edition", str(edition)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            remedy = f"run it by hand: {' '.join(command)}"
            raise ResourceError.because("R104", f"the script failed: {last}", where=str(script), remedy=remedy)
        yield Path(folder)


def _build_and_release(
    project: Project, version: str, submissions: Mapping[str, str], progress: Progress
) -> tuple[Build, Published]:
    built = build(project, COLLECTION, progress, use=submissions)
    return built, publish(project, built, version, progress)
