"""The log of a build and what is read from it, worked out by hand."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mutirao.cli.app import app
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.engine.runstory import last_run, logs_of, read_run
from mutirao.engine.stopwatch import Stopped, count_read, current, phase, stop_run, watching
from mutirao.errors import ResourceError
from mutirao.web.run_page import duration, lanes, run_page, size, squares

HEAD = {
    "event": "start", "started": "2026-01-01T00:00:00+00:00", "collection": "tiny", "shape": [10, 20], "years": 3,
    "passes": 2, "versions": {"valley": "0.1.0"}, "process": "host:1",
    "workers": [{"name": "threads", "threads": 2, "memory": None}],
}  # fmt: skip
BEGUN = 1767225600.0
"""2026-01-01 in seconds."""


def made(tile, number, window, started, seconds, thread, peak):
    phases = {"read": seconds / 4, "chain": seconds / 2}
    return {
        "event": "task", "result": "made", "tile": tile, "number": number, "key": "k", "window": window,
        "started": BEGUN + started, "seconds": phases, "total_seconds": seconds, "bytes_read": 10, "bytes_written": 5,
        "worker": "host:1", "thread": thread, "peak_bytes": peak, "why": ["never made"],
    }  # fmt: skip


@pytest.fixture
def log(tmp_path):
    """Two tiles of 10 x 10 in two passes on two threads, and half a line: the build was killed."""
    lines = [
        HEAD,
        {"event": "task", "result": "reused", "tile": "0_2", "number": 1, "key": "k", "window": [0, 20, 10, 5]},
        made("0_0", 0, [0, 0, 10, 10], 1.0, 4.0, 71, 1000),
        made("0_1", 0, [0, 10, 10, 10], 1.0, 2.0, 72, 2000),
        made("0_0", 1, [0, 0, 10, 10], 5.0, 2.0, 71, 1500),
    ]
    path = tmp_path / "log" / "1.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"event": "ta', encoding="utf-8")
    return path


def test_log_of_a_killed_build_tells_what_was_done(log):
    story = read_run(log)
    assert (story.state, story.seconds, story.task_seconds) == ("unfinished", 7.0, 6.0)
    assert story.phases == {"read": 2.0, "integrate": 0, "chain": 4.0, "tally": 0, "write": 0, "other": 2.0}
    assert story.tiles == {"0_0": 6.0, "0_1": 2.0}
    assert (story.pixel_years, story.rate()) == (900, 150.0)
    assert story.peaks == {"host:1": 2000}
    assert [(lane.number, len(lane.tasks), lane.busy_seconds) for lane in story.lanes] == [(1, 2, 6.0), (2, 1, 2.0)]
    assert story.as_json()["reasons"] == {"never made": 3}


def test_page_shows_tiles_by_seconds_and_threads_by_time(log):
    story = read_run(log)
    assert [(square.x, square.level, square.label) for square in squares(story)] == [
        (20, 0, "0_2: reused"), (0, 5, "0_0: 6.0 s"), (10, 2, "0_1: 2.0 s"),
    ]  # fmt: skip
    first, second = lanes(story)
    assert [(mark.x, mark.width) for mark in first.marks] == [(0.0, 666.67), (666.67, 333.33)]
    assert (second.tasks, round(second.busy_percent)) == (1, 33)
    assert "Begun 2026-01-01 00:00:00 UTC, not ended: it is at work, or was killed." in " ".join(
        run_page(story).split()
    )


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"state": "finished", "build": "abc"}, "finished as build abc"),
        ({"state": "finished", "build": "abc", "changed": ["tiles changed"]}, "finished as build abc"),
        ({"state": "stopped"}, "stopped"),
        ({"state": "failed", "why": "R207 storage is full"}, "failed: R207 storage is full"),
    ],
)
def test_how_a_build_went_in_words(log, end, words):
    lines = log.read_text(encoding="utf-8").splitlines()[:-1]
    last = {"event": "end", "seconds": 8.0, "peak_bytes": 3000, "ended": "2026-01-01T00:00:08+00:00", **end}
    log.write_text("\n".join([*lines, json.dumps(last)]), encoding="utf-8")
    assert read_run(log).in_words == words


def test_a_build_that_made_no_tile_tells_what_made_it_another(log):
    head = log.read_text(encoding="utf-8").splitlines()[0]
    last = {"event": "end", "state": "finished", "build": "abc", "changed": ["territories changed", "code changed"]}
    last |= {"seconds": 8.0, "peak_bytes": 3000, "ended": "2026-01-01T00:00:08+00:00"}
    log.write_text("\n".join([head, json.dumps(last)]), encoding="utf-8")
    assert read_run(log).in_words == "finished as build abc: territories changed, code changed"


def test_command_tells_of_a_build_that_died_early(log):
    log.write_text(json.dumps(HEAD), encoding="utf-8")
    told = CliRunner().invoke(app, ["runlog", "--log", str(log)]).stdout.splitlines()
    assert told[0] == "build of tiny, 2026-01-01 00:00:00 UTC: not ended: it is at work, or was killed"
    assert told[1] == "0 results made, 0 tiles reused in 0.00 s"
    assert told[2].startswith("a report with charts")  # no table without rows


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.344, "0.34 s"), (12, "12.0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_seconds_in_words(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("amount", "words"), [(812, "812 B"), (1_440_000_000, "1.4 GB"), (3e15, "3000.0 TB")])
def test_bytes_in_words(amount, words):
    assert size(amount) == words


def test_file_that_is_no_log_is_refused(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"event": "task"}\n', encoding="utf-8")
    with pytest.raises(ResourceError, match="R203"):
        read_run(path)


def test_every_build_has_a_log_with_a_line_a_tile(tiny_network):
    folder = tiny_network.workspace / "builds" / "tiny"
    first = build(tiny_network, "tiny", Silent(), workers=2)
    story = last_run(folder)
    assert (len(story.made), len(story.reused)) == (9, 0)
    # 3 modules and 3 years. Tiles of 16, 16 and 4 rows read 4 more on each side where there are any: 20, 24 and 8;
    # those of 16, 16 and 8 columns 20, 24 and 12.
    assert story.as_json()["bytes_read"] == 9 * (20 + 24 + 8) * (20 + 24 + 12)
    assert story.end is not None
    assert story.end["build"] == first.folder.name
    build(tiny_network, "tiny", Silent())
    again = last_run(folder)
    assert (len(again.made), len(again.reused), len(logs_of(folder))) == (0, 9, 2)


def test_failure_is_the_last_line(tiny_network, monkeypatch):
    def failing(*_):
        raise OSError("disk on fire")

    monkeypatch.setattr("mutirao.engine.tilework.run_tile", failing)
    with pytest.raises(OSError, match="disk on fire"):
        build(tiny_network, "tiny", Silent())
    story = last_run(tiny_network.workspace / "builds" / "tiny")
    assert (story.state, story.as_json()["why"]) == ("failed", "OSError: disk on fire")


def test_task_of_a_stopped_run_ends_at_its_next_phase():
    with watching("run") as watch, phase("read"):
        count_read(7)
        assert current() is watch
        assert stop_run("run") == 1
        with pytest.raises(Stopped), phase("chain"):
            pass
    assert stop_run("run") == 0
    assert (watch.bytes_read, list(watch.seconds)) == (7, ["read"])
    with watching("another"), phase("read"):
        pass
