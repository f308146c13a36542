"""Every code is listed once and means one thing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import mutirao
from mutirao.modules.checks import ALL_CHECKS
from mutirao.modules.reference import CODES, FAMILIES, findings_reference

PACKAGE = Path(mutirao.__file__).parent
LISTED = [*CODES, *(check.code for check in ALL_CHECKS)]
SHARED = {
    "M202",
    "M305",
    *("S102", "S103", "S104", "S105", "S106", "S121", "S124"),
    *("C101", "F130", "G102", "K103", "R203", "U113"),
}
"""Codes that a check passes on from where the fault is met, that `verify` tells of submissions as the store does, and
faults that several rooms can meet first."""


def rooms_by_code() -> dict[str, set[str]]:
    """Return the rooms of the package in which each code stands in the source, as text of its own."""
    rooms: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.name != "reference.py" or path.parent.name != "modules":
            for code in re.findall(r'"([A-Z]\d{3})"', path.read_text(encoding="utf-8")):
                rooms.setdefault(code, set()).add(path.relative_to(PACKAGE).parts[0])
    return rooms


def test_every_code_of_the_package_is_listed():
    assert sorted(set(rooms_by_code()) - set(LISTED)) == []


def test_no_code_is_listed_that_nothing_raises():
    assert sorted(set(LISTED) - set(rooms_by_code())) == []


def test_no_code_is_listed_twice():
    assert [code for code, times in Counter(LISTED).items() if times > 1] == []


def test_a_code_belongs_to_one_room():
    shared = {code: rooms for code, rooms in rooms_by_code().items() if len(rooms) > 1 and code not in SHARED}
    # the command line refuses what the client would refuse, in the same words
    assert {code: rooms for code, rooms in shared.items() if rooms != {"cli", "client.py"}} == {}


def test_every_letter_is_explained():
    assert {code[0] for code in LISTED} == set(FAMILIES)


def test_every_check_has_title_remedy_and_code():
    for check in ALL_CHECKS:
        assert check.title()
        assert len(check.remedy) > 10
        assert re.fullmatch(r"M\d{3}", check.code)


def test_the_page_has_a_line_for_every_code():
    lines = findings_reference().splitlines()
    assert [line.split(" | ")[0][2:] for line in lines if re.match(r"\| [A-Z]\d{3}", line)] == sorted(LISTED)
    assert "| M303 | The raster's origin lies on a corner of the grid's pixels. | block | export again" in "\n".join(
        lines
    )


def test_the_page_in_docs_is_up_to_date():
    page = Path(__file__).parents[2] / "docs/reference/findings.md"
    assert page.read_text(encoding="utf-8") == findings_reference(), "write it again with mutirao.generated.write"
