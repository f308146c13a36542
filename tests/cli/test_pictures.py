"""What people see in a terminal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from mutirao.cli import console
from mutirao.cli.terminal_map import picture
from mutirao.errors import Finding
from mutirao.legend import Legend

LEGEND = Legend.model_validate(
    {
        "id": "two",
        "version": "1",
        "title": "two",
        "classes": [
            {"code": 3, "name": {"en": "Forest"}, "color": "#1f8d49"},
            {"code": 12, "name": {"en": "Meadow"}, "color": "#e3cf8a"},
        ],
    }
)


def test_map_shows_two_rows_of_pixels_in_a_line():
    text = picture(np.array([[3, 12], [12, 0], [3, 3]], np.uint8), LEGEND)
    assert text.plain == "▀▀\n▀▀\n"
    colors = [(span.style.color.name, span.style.bgcolor.name) for span in text.spans]
    assert colors == [("#1f8d49", "#e3cf8a"), ("#e3cf8a", "#000000"), ("#1f8d49", "#000000"), ("#1f8d49", "#000000")]


@pytest.fixture
def screen(monkeypatch):
    """Replace standard error; `True` makes it a terminal of 80 columns."""

    def screen(terminal: bool) -> io.StringIO:
        stream = io.StringIO()
        watched = Console(file=stream, force_terminal=terminal, width=80, highlight=False)
        monkeypatch.setattr(console, "err", watched)
        return stream

    return screen


def test_progress_is_a_bar_with_time_left_on_a_terminal_and_a_line_elsewhere(screen):
    for terminal in (True, False):
        stream = screen(terminal)
        with console.Watching().stage("Sowing", 2) as advance:
            advance()
            advance()
        shown = stream.getvalue()
        assert "Sowing" in shown
        assert ("2/2" in shown and "left" in shown) == terminal
        assert (shown.count("\n") == 1 and "done in" in shown) != terminal


def test_stage_without_work_says_nothing(screen):
    stream = screen(False)
    with console.Watching().stage("Sowing", 0) as advance:
        advance()
    assert stream.getvalue() == ""


def test_finding_reads_what_where_remedy(screen):
    stream = screen(False)
    console.show_findings([Finding("M301", "CRS is EPSG:4326", "a/b_2019.tif", "export it in EPSG:31983")])
    assert stream.getvalue().splitlines() == [
        "M301 CRS is EPSG:4326",
        "     at a/b_2019.tif",
        "     remedy: export it in EPSG:31983",
    ]


def test_no_findings_are_no_lines(screen):
    stream = screen(False)
    console.show_findings([])
    assert stream.getvalue() == ""


def test_findings_of_many_files_are_one_paragraph_and_a_remedy_is_told_once(screen, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    stream = screen(False)
    years = [
        Finding("M502", f"year {year} claims no pixel", f"{tmp_path}/in/M-{year}.tif", "look", year=year)
        for year in (2019, 2020)
    ]
    marks = [Finding("M107", text, f"{tmp_path}/manifest.yaml:{line}:3", "fill in") for line, text in enumerate("ab")]
    console.show_findings([*years, *marks])
    assert stream.getvalue().splitlines() == [
        "M502 year 2019 claims no pixel",
        "     in 2019 to 2020 (2 years)",
        "     at in/M-2019.tif",
        "     remedy: look",
        "M107 a",
        "     at manifest.yaml:0:3",
        "M107 b",
        "     at manifest.yaml:1:3",
        "     remedy: fill in",
    ]
