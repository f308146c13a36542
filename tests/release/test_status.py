"""Where a collection stands: 16 modules and 41 years that are made up, and the tiny network as it works."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from html.parser import HTMLParser

import pytest
from tests.release.made_up_network import NAMES, TODAY, made_up_network
from typer.testing import CliRunner

from mutirao.cli import status_command
from mutirao.cli.app import app
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.modules.submission import submit
from mutirao.modules.waivers import today_utc
from mutirao.release.publish import publish
from mutirao.release.status import collection_status
from mutirao.web.status_page import status_page

VOID = {"meta", "link", "br", "hr", "img", "rect"}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return made_up_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def status(network):
    return collection_status(network, "made-up", TODAY)


def module(status, name):
    return next(one for one in status.modules if one.module == name)


def test_years_tell_what_a_build_would_read(status):
    assert [one.module for one in status.modules] == list(NAMES)
    assert set(module(status, "amazonia").years.values()) == {"delivered"}
    pampa = module(status, "pampa").years
    assert {year for year, state in pampa.items() if state == "lent"} == {2021, 2022, 2023, 2024, 2025}
    water = module(status, "water").years
    assert {year for year, state in water.items() if state == "left"} == {1990, 1991}
    irrigation = module(status, "irrigation").years
    assert {year for year, state in irrigation.items() if state == "missing"} == {2011, 2012, 2013}
    mining = module(status, "mining")
    assert (mining.count("none"), mining.announced, mining.complete) == (11, 30, True)
    assert set(module(status, "coastal-zone").years.values()) == {"missing"}


def test_deadlines_are_kept_or_not(status):
    told = {one.module: one.deadlines[0].in_words() for one in status.modules}
    assert told["amazonia"] == "12 days early"
    assert told["pantanal"] == "7 days early"
    assert told["islands"] == told["urban"] == "on time"
    assert told["pampa"] == told["fire-scars"] == "10 days overdue"  # a version from before January does not count
    assert [entry.in_words() for entry in status.collection_deadlines] == ["77 days left"]
    assert [entry.milestone for entry in module(status, "coastal-zone").deadlines] == ["deliveries", "islands"]


def test_levels_findings_and_waivers(status):
    levels = {one.module: one.level for one in status.modules}
    assert levels["amazonia"] == levels["forestry"] == "gold"
    assert levels["agriculture"] == "silver"
    assert levels["pasture"] == levels["islands"] == levels["cerrado"] == "bronze"
    assert levels["irrigation"] is levels["coastal-zone"] is None
    assert [one.rule for one in module(status, "pasture").lacking] == ["method-page"]
    cerrado = module(status, "cerrado")
    assert [(one.code, one.waived) for one in cerrado.findings] == [("M603", True), ("M703", False)]
    assert [(one.subject, one.days_left, one.counts) for one in cerrado.waivers] == [
        ("M603", 23, True),
        ("two-maintainers", -19, False),
    ]
    assert [one.why_not for one in cerrado.waivers] == ["", "it ended on 2027-03-01"]
    assert {one.rule for one in cerrado.lacking} == {"two-maintainers", "stable-series"}


def test_goals_are_computed(status):
    silver, years = status.goals
    assert (len(silver.reached), len(silver.lacking), silver.days_left) == (6, 10, 77)
    assert years.lacking == ("pampa", "coastal-zone", "water", "irrigation", "fire-scars")


def test_change_and_accuracy_are_told(status):
    assert module(status, "cerrado").change.changed_ha == 912_345.25
    known = module(status, "amazonia").accuracy
    assert (known.overall, round(known.low, 3), round(known.high, 3)) == (0.912, 0.894, 0.93)
    assert module(status, "caatinga").accuracy is None


class Page(HTMLParser):
    """Notes what a page holds, and that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.years: dict[str, int] = {}

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids |= {named["id"]} if "id" in named else set()
        self.links += [named[key] for key in ("href", "src") if key in named]
        if tag == "rect":
            self.years[named["class"]] = self.years.get(named["class"], 0) + 1
        if tag not in VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID or tag == "rect":
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    assert page.open == []
    return page


def test_the_page_shows_every_year_of_every_module(status):
    html = status_page(status)
    page = read(html)
    # ten whole modules, 36 years of the Pampa, 39 of water, 38 of irrigation, 30 of mining; the legend has one of each
    delivered = 10 * 41 + 36 + 39 + 38 + 30
    assert delivered + 5 + (41 + 26 + 3) + 2 + (11 + 15) == 16 * 41
    assert page.years == {"delivered": delivered + 1, "lent": 6, "missing": 71, "left": 3, "none": 27}
    assert set(NAMES) <= page.ids
    assert {link for link in page.links if not link.startswith("#")} == {"status.json"}
    assert len(html) < 200_000
    for words in (
        "14 of 16",
        "22,252 ha",
        "89.4 to 93.0%",
        "10 days overdue",
        "23 days left",
        "ended 19 days ago",
    ):
        assert words in html


def test_a_level_and_a_deadline_are_told_by_more_than_colour(status):
    html = status_page(status)
    assert re.search(r"◆◆◆◇</i> gold", html)
    assert re.search(r"✗</i> 10 days overdue", html)
    assert re.search(r"✓</i> 12 days early", html)


def test_hostile_names_stay_text(network, tmp_path):
    root = tmp_path / "network"
    shutil.copytree(network.root, root)
    path = root / "contributors/urban/manifest.yaml"
    text = path.read_text(encoding="utf-8").replace("Institute of the urban", '"<script>alert(1)</script>"')
    path.write_text(text, encoding="utf-8")
    html = status_page(collection_status(type(network)(root, root / "workspace"), "made-up", TODAY))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    read(html)


def test_a_module_that_cannot_be_read_hides_no_other(network, tmp_path):
    root = tmp_path / "network"
    shutil.copytree(network.root, root)
    (root / "contributors/urban/manifest.yaml").write_text("id: [", encoding="utf-8")
    told = collection_status(type(network)(root, root / "workspace"), "made-up", TODAY)
    assert "C102" in module(told, "urban").problem
    assert module(told, "amazonia").level == "gold"
    assert "cannot be read" in status_page(told)


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("columns", [80, 140])
def test_the_terminal_has_room_for_what_is_urgent(network, monkeypatch, columns):
    monkeypatch.setattr("mutirao.cli.status_command.out._width", columns)
    text = call("--project", network.root, "status")
    assert max(len(line) for line in text.splitlines()[:18]) <= columns
    assert re.search(r"pampa +none +1.0.0 +███████▒ 36/41\+5 ", text)
    assert ("22,252.3 ha" in text) is (columns == 140)
    assert "goal: ███░░░░░ 6/16 Every module is silver or better" in text
    assert "cerrado: waiver of M603 by Ana Reis" in text


def test_page_and_json_say_the_same(network, tmp_path):
    page = tmp_path / "site/status.html"
    call("--project", network.root, "status", "--html", page)
    beside = json.loads((page.parent / "status.json").read_text(encoding="utf-8"))
    assert beside == json.loads(call("--project", network.root, "status", "--json"))
    assert beside["modules"][4]["years"]["2025"] == "lent"
    read(page.read_text(encoding="utf-8"))


def test_a_network_at_work(tiny_project, tiny_submitted, tiny_rasters):
    built = build(tiny_project, "tiny", Silent())
    publish(tiny_project, built, "0.1.0", Silent())
    told = collection_status(tiny_project, "tiny")
    assert [release.version for release in told.releases] == ["0.1.0"]
    assert (told.build.newer_submissions, told.build.changed) == ((), ())
    assert module(told, "urban").years == {2020: "none", 2021: "delivered", 2022: "delivered"}
    assert module(told, "valley").levels == {"1.0.0": "bronze"}
    assert module(told, "valley").submitted == today_utc()
    rules = tiny_project.root / "configs/rules/tiny.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("why: ", "why: Indeed. ", 1), encoding="utf-8")
    config = tiny_project.root / "configs/collections/tiny.yaml"
    milestone = "milestones: [{id: a, title: A, due: 2027-01-01, needs: release}]\n"
    config.write_text(config.read_text(encoding="utf-8") + milestone, encoding="utf-8")
    manifest = tiny_project.root / "contributors/urban/manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("City Lab", "City Laboratory"), "utf-8")
    wet = tiny_rasters["water"].copy()
    wet[:, :, 4] = 33
    submit(tiny_project, "water", "1.1.0", wet)
    told = collection_status(tiny_project, "tiny")
    assert told.build.newer_submissions == ("water",)
    assert told.build.changed == ("rules", "credits of modules")  # a milestone changes no map
    # a column of 36 pixels of 30 m in three years: 9.72 ha by the grid, a little less on the ellipsoid
    assert module(told, "water").change.changed_ha == pytest.approx(9.72, rel=0.01)


def test_the_release_keeps_levels_and_waivers(tiny_project, tiny_submitted):
    line = "waivers: [{rule: citation, author: Ana Reis, reason: The paper is in review., expires: END}]\n"
    end = date.fromordinal(today_utc().toordinal() + 40)
    path = tiny_project.module_folder("valley") / "waivers.yaml"
    path.write_text(line.replace("END", str(end)), encoding="utf-8")
    published = publish(tiny_project, build(tiny_project, "tiny", Silent()), "0.1.0", Silent())
    assert published.release.levels == {"valley": "bronze", "water": "bronze", "urban": "bronze"}
    (kept,) = published.release.waivers
    assert (kept.module, kept.subject, kept.expires) == ("valley", "citation", end)
    notes = (published.folder / "release-notes.md").read_text(encoding="utf-8")
    assert f"- `valley`, citation, until {end}: The paper is in review. (waived by Ana Reis)" in notes
    assert re.search(r"\| 1\.0\.0 \| bronze \|", notes)
    record = json.loads((published.folder / "release.json").read_text(encoding="utf-8"))
    assert record["waivers"][0]["author"] == "Ana Reis"


def test_old_releases_still_read(tiny_project, tiny_submitted):
    published = publish(tiny_project, build(tiny_project, "tiny", Silent()), "0.1.0", Silent())
    old = published.release.model_dump(mode="json")
    del old["levels"], old["waivers"]
    assert type(published.release).model_validate(old).waivers == ()


def test_the_terminal_never_hides_a_late_milestone(status, capsys, monkeypatch):
    """The coastal zone is late with its deliveries, and the next milestone is told beside that."""
    monkeypatch.setattr("mutirao.cli.status_command.out._width", 80)
    status_command._tell(status)
    said = capsys.readouterr().out
    row = said[said.index("coastal-zone") : said.index("islands  ")]
    assert re.search(r"10 days\s+overdue\s+\(deliveries\)\s+41 days left\s+\(islands\)", row)
    assert re.search(r"cerrado: waiver of two-maintainers by Rui Lima excuses nothing: it ended on 2027-03-01", said)
    assert "goal: ███░░░░░ 6/16 Every module is silver or better, by 2027-06-05 (77 days left)" in said


@pytest.mark.parametrize(
    ("days", "said"), [(2, "2 days left"), (1, "1 day left"), (0, "until today"), (-1, "1 day ago"), (-9, "9 days ago")]
)
def test_days_are_counted_in_good_english(days, said):
    assert status_command._left(days) == said
