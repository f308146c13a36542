"""`mutirao build` and `mutirao runlog`: who works, what is told of it, and how it stops."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from mutirao.cli import console
from mutirao.cli.build_command import spread
from mutirao.engine.build import builds_folder
from mutirao.engine.progress import Silent
from mutirao.io.storage import read_json, write_json
from mutirao.modules.submission import submit
from mutirao.project import Project


@pytest.fixture
def at(tiny_project: Project) -> tuple[object, ...]:
    """Options that name the tiny project, with submissions of its three modules."""
    forest = np.full((3, 36, 40), 3, np.uint8)
    submit(tiny_project, "valley", "0.1.0", dict(zip((2020, 2021, 2022), forest, strict=True)))
    nothing = np.zeros((36, 40), np.uint8)
    submit(tiny_project, "water", "0.1.0", dict.fromkeys((2020, 2021, 2022), nothing))
    submit(tiny_project, "urban", "0.1.0", dict.fromkeys((2021, 2022), nothing))
    return ("--project", tiny_project.root, "--workspace", tiny_project.workspace)


def test_progress_is_told_in_lines_and_not_at_all_when_asked(call, at):
    status, _, err = call(*at, "build", "--workers", 1)
    assert status == 0
    assert re.search(r"Integrating tiles: done in .* s, .* tiles/s, .* pixel-years/s", err)
    assert call(*at, "build", "--quiet")[2] == ""
    assert call(*at, "build", "--json")[2] == ""


def test_build_that_makes_no_tile_says_whether_it_is_the_last_one(call, at, tiny_project):
    assert "9 of 9 tiles made" in call(*at, "build")[1]
    assert "nothing to do, all 9 tiles are done" in call(*at, "build")[1]
    last = builds_folder(tiny_project, "tiny") / "latest.json"
    name = read_json(last)["build"]
    file = tiny_project.root / "configs/territories/halves.geojson"
    file.write_text(file.read_text(encoding="utf-8").replace('"name": "', '"name": "The ', 1), encoding="utf-8")
    told = call(*at, "build")[1]
    assert f"no tile to make, all 9 are done; another build than {name}" in told
    assert "because: territories changed\n" in told
    assert read_json(last)["build"] != name
    assert "nothing to do" in call(*at, "build")[1]


@pytest.mark.parametrize(
    ("path", "old", "new", "part"),
    [
        ("chains/tiny.yaml", "title: ", "title: The ", "chain"),
        ("legends/tiny.yaml", "#1f8d49", "#1f8d4a", "legend"),
        ("rules/tiny.yaml", "why: ", "why: Indeed. ", "rules"),
        ("collections/tiny.yaml", "title: ", "title: The ", "collection"),
    ],
)
def test_what_a_build_keeps_is_kept_anew_when_its_words_change(call, at, tiny_project, path, old, new, part):
    call(*at, "build")
    file = tiny_project.root / "configs" / path
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert json.loads(call(*at, "status", "--json")[1])["build"]["changed"] == [part]
    assert f"because: {part} changed\n" in call(*at, "build")[1]
    assert json.loads(call(*at, "status", "--json")[1])["build"]["changed"] == []


def test_a_build_of_an_older_version_is_no_ground_to_say_what_changed(call, at, tiny_project):
    call(*at, "build")
    folder = builds_folder(tiny_project, "tiny")
    record = folder / read_json(folder / "latest.json")["build"] / "build.json"
    write_json(record, {name: value for name, value in read_json(record).items() if name != "parts"})
    record.parent.rename(folder / "0123456789abcdef")
    write_json(folder / "latest.json", {"build": "0123456789abcdef"})
    assert "because: made by an older version\n" in call(*at, "build")[1]


@pytest.mark.parametrize(
    ("first", "last", "most", "shown"),
    [
        (1985, 1990, 6, (1985, 1986, 1987, 1988, 1989, 1990)),
        (1985, 1990, 3, (1985, 1987, 1990)),  # half of five years is two and a half, rounded to even
        (1985, 2025, 5, (1985, 1995, 2005, 2015, 2025)),
        (1985, 2025, 0, (1985, 2025)),
        (2020, 2020, 3, (2020,)),
    ],
)
def test_years_that_are_printed_are_spread_over_the_series(first, last, most, shown):
    assert spread(range(first, last + 1), most) == shown


def test_areas_are_printed_in_as_many_years_as_there_is_room_for(call, at, monkeypatch):
    call(*at, "build")
    monkeypatch.setattr(console.out, "width", 54)
    lines = call(*at, "build")[1].splitlines()
    title = next(number for number, line in enumerate(lines) if line.startswith("Hectares"))
    assert lines[title] == "Hectares (some years; all: tables/areas.csv)"
    assert lines[title + 1].split() == ["class", "2020", "2022"]


def test_lines_come_now_and_then(monkeypatch):
    told: list[str] = []
    clock = iter([0.0, 4.0, 20.0, 21.0, 40.0])
    monkeypatch.setattr(console.time, "perf_counter", lambda: next(clock))
    lines = console._Lines(told.append, "Tiles", 4, 4_000_000)
    for _ in range(3):
        lines.advance()
    # After 4 s it is too early, at 20 s two of four are done: 0.1 a second, 1 M pixel-years each; 21 s is too early.
    assert told == ["Tiles: 2 of 4, 0.10 tiles/s, 100.0 k pixel-years/s, 0:00:20 left"]
    lines.close()
    assert told[1] == "Tiles: done in 40.0 s, 0.10 tiles/s, 100.0 k pixel-years/s"


def test_large_numbers_are_short():
    assert [console.decimal(number, 1000) for number in (0, 999, 1500, 2_340_000)] == ["0", "999", "1.5 k", "2.3 M"]


def test_build_and_runlog_tell_how_it_went(call, at, tiny_project, tmp_path):
    assert call(*at, "build", "--workers", 1, "--report", tmp_path / "build.html")[0] == 0
    status, out, _ = call(*at, "runlog", "--json", "--html", tmp_path / "run.html")
    told = json.loads(out)
    assert status == 0
    assert (told["state"], told["made"], told["reused"], told["pixel_years"]) == ("finished", 9, 0, 3 * 36 * 40)
    assert set(told["phases"]) == {"read", "integrate", "chain", "tally", "write", "other"}
    assert told["reasons"] == {"never made": 9}
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert page.count("<rect class=") == 9
    assert "http" not in page
    assert (tmp_path / "build.html").read_text(encoding="utf-8") == page
    call(*at, "build", "--report", tmp_path / "again.html")
    assert "Nothing to do" in (tmp_path / "again.html").read_text(encoding="utf-8")
    status, out, _ = call(*at, "runlog")
    assert status == 0
    assert "0 results made, 9 tiles reused" in out
    first = min((tiny_project.workspace / "builds/tiny/log").iterdir())
    assert "never made" in call(*at, "runlog", "--log", first)[1]


def test_runlog_of_nothing_is_refused(call, at):
    status, _, err = call(*at, "runlog")
    assert (status, "B101" in err) == (2, True)


def test_threads_and_a_cluster_at_once_are_refused(call, at):
    status, _, err = call(*at, "build", "--workers", 2, "--cluster", "tcp://127.0.0.1:9")
    assert (status, "B111" in err) == (2, True)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupt_ends_with_130_and_a_word_on_how_to_go_on(call, at, monkeypatch, asked):
    class Interrupting(Silent):
        @contextmanager
        def stage(self, title, total, pixel_years=0):
            yield lambda: os.kill(os.getpid(), asked)

    monkeypatch.setattr("mutirao.cli.build_command.watcher", lambda _: Interrupting())
    status, _, err = call(*at, "build", "--workers", 1)
    assert status == 130
    assert "run the same command to go on" in err
