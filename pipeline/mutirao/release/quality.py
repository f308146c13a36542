"""What a release says about the quality of its modules: their levels, and the waivers that were in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutirao.collection import Level
from mutirao.engine.record import ModuleRecord
from mutirao.modules.quality.grade import grade_stored
from mutirao.modules.quality.scale import load_scale
from mutirao.modules.store import load_submission
from mutirao.modules.waivers import in_force, load_waivers
from mutirao.project import Project
from mutirao.release.record import WaiverRecord


def levels_of(project: Project, modules: Sequence[ModuleRecord]) -> dict[str, Level | None]:
    """Return the level that each module's submission has today, by module.

    Raises
    ------
    ConfigError
        C101 to C106: a manifest, the scale, waivers.yaml or accuracy.yaml is wrong.
    """
    stored = (load_submission(project, module.module, module.version) for module in modules)
    return {one.receipt.module: grade_stored(project, one).level for one in stored}


def waivers_of(project: Project, modules: Sequence[ModuleRecord]) -> tuple[WaiverRecord, ...]:
    """Return the waivers that are in force today for the submissions of a release."""
    return tuple(record for module in modules for record in _waivers(project, module))


def _waivers(project: Project, module: ModuleRecord) -> Iterator[WaiverRecord]:
    for waiver in in_force(load_waivers(project, module.module), load_scale(project).value, module.version):
        yield WaiverRecord(
            module=module.module,
            subject=waiver.subject,
            author=waiver.author,
            reason=waiver.reason,
            expires=waiver.expires,
        )
