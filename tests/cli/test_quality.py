"""`mutirao quality` and what `check` says of level and waivers."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import numpy as np
import pytest

from mutirao.modules.submission import submit
from mutirao.modules.waivers import today_utc


@pytest.fixture
def tiny(tiny_project, tiny_submitted, call):
    """Call `mutirao` on the tiny network."""
    return lambda *arguments: call("--project", tiny_project.root, *arguments)


def test_each_rule_is_told_with_what_it_found(tiny):
    status, said, _ = tiny("quality", "valley")
    assert status == 0
    assert "valley 1.0.0: bronze" in said
    assert re.search(r"two-maintainers +✓ met +2 people", said)
    assert re.search(r"accuracy +\? unknown +nobody has assessed this version", said)
    assert "unknown unknown" not in " ".join(said.replace(":", "").split())
    assert "for silver: write 'citation' in the manifest" in said


def test_all_modules_and_json(tiny):
    told = json.loads(tiny("quality", "--json")[1])
    assert list(told) == ["urban", "valley", "water"]
    assert (told["valley"]["version"], told["valley"]["level"], told["valley"]["next_level"]) == (
        "1.0.0",
        "bronze",
        "silver",
    )
    citation = next(one for one in told["valley"]["rules"] if one["rule"] == "citation")
    assert citation == {"rule": "citation", "level": "silver", "state": "unmet", "said": "no citation"}


def test_the_scale_is_shown(tiny):
    shown = tiny("quality", "--rules")[1]
    assert re.search(r"gold +accuracy +The lower end of the 95 %.* yes +yes", shown)
    assert re.search(r"gold +no-waiver +No waiver is in force\. +no +no", shown)
    assert json.loads(tiny("quality", "--rules", "--json")[1])["waivers"]["longest_days"] == 366


def test_a_rebuild_is_recorded_and_ends_with_one_if_pixels_differ(tiny, tiny_project, tiny_rasters):
    status, said, _ = tiny("quality", "water", "--rebuild")
    assert (status, "the same pixels in all 3 years" in said) == (0, True)
    wet = tiny_rasters["water"].copy()
    wet[2, :, 4] = 33
    submit(tiny_project, "water", "1.1.0", wet)
    status, said, _ = tiny("quality", "water", "--rebuild")
    assert (status, "other pixels in 2022" in said) == (1, True)
    assert len(list((tiny_project.proofs / "water/1.1.0").glob("*.json"))) == 1


def test_a_rebuild_takes_one_module(tiny):
    status, _, said = tiny("quality", "--rebuild")
    assert (status, "U114" in said) == (2, True)


def test_check_tells_level_and_waivers(tiny, tiny_project):
    tiny("run", "water")
    end = today_utc() + timedelta(days=9)
    lines = f"waivers:\n  - {{rule: citation, author: Ana Reis, reason: In review., expires: {end}}}\n"
    lines += "  - {code: M999, author: Ana Reis, reason: None., expires: 2026-01-01}\n"
    (tiny_project.module_folder("water") / "waivers.yaml").write_text(lines, encoding="utf-8")
    status, said, complaints = tiny("check", "water")
    assert (status, "Q101 no check has the code 'M999'" in said + complaints) == (1, True)
    assert "quality: no level; for bronze lacks contract" in said
    assert f"citation: Waived until {end} by Ana Reis: In review." in said
    (tiny_project.module_folder("water") / "waivers.yaml").unlink()
    assert "quality: bronze; for silver lacks" in tiny("check", "water")[1]


def test_check_of_a_manifest_looks_at_waivers_too(tiny, tiny_project):
    (tiny_project.module_folder("valley") / "waivers.yaml").write_text(
        "waivers: [{rule: contract, author: Ana, reason: Never mind., expires: 2026-01-01}]\n", encoding="utf-8"
    )
    status, said, complaints = tiny("check", "valley")
    assert (status, "Q103 the rule 'contract' may not be waived" in said + complaints) == (1, True)


def test_an_author_is_asked_for(tiny, tiny_project):
    (tiny_project.module_folder("valley") / "waivers.yaml").write_text(
        "waivers: [{rule: citation, reason: Never mind., expires: 2026-01-01}]\n", encoding="utf-8"
    )
    status, said, complaints = tiny("check", "valley")
    assert (status, "key 'waivers.0.author' is missing" in said + complaints) == (1, True)


def test_what_is_noisy_is_waived_until_the_day(tiny_project, tiny_rasters, call):
    """A frozen year is advice; a waiver takes it out of the level, and the receipt's report says who let it pass."""
    frozen = tiny_rasters["valley"].copy()
    frozen[2] = frozen[1]
    end = today_utc() + timedelta(days=9)
    path = tiny_project.module_folder("valley") / "waivers.yaml"
    path.write_text(f"waivers: [{{code: M601, author: Ana, reason: No images., expires: {end}}}]\n", encoding="utf-8")
    stored = submit(tiny_project, "valley", "1.0.0", np.asarray(frozen))
    found = next(finding for finding in stored.findings if finding.code == "M601")
    assert found.remedy.endswith(f"Waived until {end} by Ana: No images.")
    told = json.loads(call("--project", tiny_project.root, "quality", "valley", "--json")[1])
    stable = next(one for one in told["valley"]["rules"] if one["rule"] == "stable-series")
    assert "waived: M601" in stable["said"]
