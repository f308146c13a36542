"""With which state of the network's repository something was made."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mutirao.modules.receipt import CodeRecord
from mutirao.project import Project


def code_state(project: Project) -> CodeRecord:
    """Return commit and dirtiness of the project's repository; the workspace does not count as a change."""
    commit = _git(project.root, "rev-parse", "HEAD")
    if commit is None:
        return CodeRecord()
    scope = ["--", "."]
    if isinstance(project.workspace, Path) and project.workspace.is_relative_to(project.root):
        scope.append(f":(exclude){project.workspace.relative_to(project.root).as_posix()}")
    return CodeRecord(commit=commit.strip(), dirty=bool(_git(project.root, "status", "--porcelain", *scope)))


def _git(folder: Path, *arguments: str) -> str | None:
    """Return the output of a git command, or none where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
