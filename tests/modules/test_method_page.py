"""M114 and M110: the sections of a method page, and which licence may go into which."""

from __future__ import annotations

import pytest

from mutirao.modules.checks.methodpage import read_sections
from mutirao.modules.discovery import load_module
from mutirao.modules.licences import FLOWS, NO_DERIVATIVES, PUBLIC_DOMAIN, why_not

PAGE = """# Towns

Drawn by hand.

## Data

Images.

## Classes

Urban area.

## Method

### Drawing

By hand.

## Known limits

Small towns.

## Contact

eva@example.org
"""


@pytest.fixture
def remarks(tiny_project):
    """Return what is said of a page."""

    def run(text):
        (tiny_project.module_folder("urban") / "README.md").write_text(text, encoding="utf-8")
        return [(remark.code, remark.message) for remark in load_module(tiny_project, "urban").remarks]

    return run


def test_a_page_with_all_sections_passes(remarks):
    assert remarks(PAGE) == []
    assert remarks(PAGE.replace("## Data", "## 1. Dados e imagens").replace("## Contact", "## Contato")) == []
    assert remarks(PAGE.replace("## Data", "Data\n----")) != []  # only '#' makes a heading here


@pytest.mark.parametrize(
    ("old", "new", "lacking"),
    [
        ("## Classes", "## Classified", "Classes"),
        ("eva@example.org", "", "Contact"),
        ("eva@example.org", "<!-- who -->", "Contact"),
        ("### Drawing\n\nBy hand.", "### Drawing", "Method"),
        ("## Data", "```\n## Data\n```", "Data"),
    ],
)
def test_a_section_that_is_missing_or_empty_is_named(remarks, old, new, lacking):
    told = f"the method page has no section, or an empty one, on: {lacking}"
    assert remarks(PAGE.replace(old, new)) == [("M114", told)]


def test_a_page_without_sections_lacks_all(remarks):
    ((code, message),) = remarks("# Towns\n\nOne.\n\nTwo.\n\nThree.\n")
    assert code == "M114"
    assert message.endswith("on: Data, Classes, Method, Accuracy and limits, Contact")


def test_sections_hold_the_text_of_those_below_them():
    sections = dict(read_sections("# T\nx\n## A\n1\n### B\n2\n## C ##\n"))
    assert sections == {"A": "1\n2", "B": "2", "C": ""}


@pytest.mark.parametrize(
    ("own", "common", "fits"),
    [
        ("CC-BY-4.0", "CC-BY-4.0", True),
        ("CC-BY-3.0", "CC-BY-4.0", True),
        ("CC-BY-4.0", "CC0-1.0", False),
        ("CC0-1.0", "CC-BY-SA-4.0", True),
        ("CC-BY-SA-3.0", "CC-BY-SA-4.0", True),
        ("CC-BY-SA-4.0", "CC-BY-SA-3.0", False),
        ("CC-BY-SA-4.0", "CC-BY-4.0", False),
        ("CC-BY-4.0", "CC-BY-SA-4.0", True),
        ("CC-BY-NC-4.0", "CC-BY-4.0", False),
        ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", True),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", False),
        ("CC-BY-ND-4.0", "CC-BY-ND-4.0", False),
        ("ODbL-1.0", "CC-BY-SA-4.0", False),
        ("ODbL-1.0", "ODbL-1.0", True),
        ("LicenseRef-proprietary", "CC-BY-4.0", False),
        ("LicenseRef-network", "LicenseRef-network", True),
    ],
)
def test_which_licence_goes_into_which(own, common, fits):
    assert (why_not(own, common) == "") is fits


def test_the_table_is_sound():
    for own, goals in FLOWS.items():
        assert (own in goals) is (own not in NO_DERIVATIVES)
        # what may go on by two steps may go at once: a collection's licence promises no more than its parts allow
        assert all(FLOWS[goal] <= goals for goal in goals if goal in FLOWS)
        assert own in PUBLIC_DOMAIN or not goals & PUBLIC_DOMAIN
