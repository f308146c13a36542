"""Reports, levels and rebuilds of submissions that lie in an object store: the same as of those in a folder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mutirao.cli.report_command import write_report
from mutirao.io.places import ObjectPlace
from mutirao.modules.quality.grade import grade_stored
from mutirao.modules.quality.proof import last_rebuild, rebuild
from mutirao.modules.reportsource import make_report
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.release.status import collection_status


@pytest.fixture
def both(tiny_project, tiny_rasters, object_store):
    """The same three modules, and a second version of the valley, in a folder and in a store."""
    far = replace(tiny_project, workspace=object_store)
    changed = tiny_rasters["valley"].copy()
    changed[1, 20:30, 20:30] = 15
    for project in (tiny_project, far):
        for module, rasters in tiny_rasters.items():
            submit(project, module, "1.0.0", rasters)
        submit(project, "valley", "1.1.0", changed)
    return tiny_project, far


def numbers(project, module):
    told = make_report(project, module).as_dict()
    return {key: value for key, value in told.items() if key != "created"}


@pytest.mark.parametrize("module", ["valley", "water"])
def test_a_report_has_the_same_numbers(both, module):
    near, far = both
    assert numbers(far, module) == numbers(near, module)


def test_the_page_of_a_report_is_written_beside_the_submissions(both):
    near, far = both
    _, page = write_report(far, "valley", "latest")
    assert page == far.reports / "valley/1.1.0.html"
    assert isinstance(page, ObjectPlace)
    text = page.read_bytes().decode()
    assert len(text) < 1_000_000
    _, there = write_report(near, "valley", "latest")
    assert len(text) == pytest.approx(len(there.read_text(encoding="utf-8")), abs=500)


def test_levels_status_and_rebuilds_are_the_same(both):
    near, far = both
    for module in ("valley", "water", "urban"):
        verdicts = [grade_stored(project, load_submission(project, module)) for project in both]
        assert verdicts[0] == verdicts[1]
    told = [collection_status(project, "tiny") for project in both]
    assert [one.model_dump(exclude={"submitted"}) for one in told[0].modules] == [
        one.model_dump(exclude={"submitted"}) for one in told[1].modules
    ]
    kept = rebuild(far, "water")
    assert isinstance(kept.path, ObjectPlace)
    assert last_rebuild(far, load_submission(far, "water")) == kept.record
    assert last_rebuild(near, load_submission(near, "water")) is None
