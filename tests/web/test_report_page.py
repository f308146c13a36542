"""The page of a module report: its numbers, its form, its size, and that nothing in it comes from elsewhere."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import rasterio
from ruamel.yaml import YAML

from mutirao.errors import Finding, Place
from mutirao.grid import Grid
from mutirao.io import rasters
from mutirao.modules.checks.neighbourhood import Agreement, ClassDifference, Contest, Neighbourhood, Seam
from mutirao.modules.report import Standing
from mutirao.modules.reportmaps import make_maps
from mutirao.modules.reportsource import make_report
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.web.charts import Bar, Line, Part, columns, line_panel, ribbons, stack
from mutirao.web.minimap import MiniMap
from mutirao.web.png import png
from mutirao.web.report_page import report_page
from mutirao.web.report_pictures import shrunk
from mutirao.web.svg import element, nice, scale, spread
from mutirao.web.words import hectares, number, percent, signed_hectares

GOIAS = Path(__file__).parents[3] / "shared/data/mapbiomas-c8-sul-goiano"
VOID = {"meta", "img", "br"}
MEGABYTE = 1_000_000


class Page(HTMLParser):
    """Reads a page, and notes what is not well-formed or leads elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"never closed: {tag}" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.faults.append(f"attribute twice: {tag} {names}")
        self.faults += [f"handler: {name}" for name in names if name.startswith("on")]
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"closed and not open: {tag} at {self.getpos()}")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def sound(text: str) -> Page:
    """Return a page that is well-formed, without script, and made of itself only."""
    page = Page(text)
    assert page.faults == []
    assert text.startswith("<!doctype html>")
    assert "script" not in page.tags
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not re.search(r"@import|url\((?!data:)", text)
    return page


def page_of(project: Project, module: str, version: str = "latest", **changes: object) -> Page:
    report = dataclasses.replace(make_report(project, module, version), **changes)
    return sound(report_page(report, make_maps(report)))


def test_the_numbers_are_those_of_the_maps(tiny_project, tiny_submitted):
    page = page_of(tiny_project, "valley")
    assert "The valley, version 1.0.0" in page.text
    assert "Valley Institute" in page.text
    assert "Ana, Rui" in page.text
    assert "129.6 ha claimed in 2022" in page.text  # 1440 pixels of 0.09 ha
    assert "75.0 % of the pixels claimed never change class" in page.text  # 1080 of 1440
    assert re.search(r"Soybean \+32\.4 ha since 2020", page.text)  # 360 pixels
    assert re.search(r"Pasture \N{MINUS SIGN}32\.4 ha since 2020", page.text)
    assert "2020 to 2021: 32.4 ha change class" in page.text
    assert "changes 0 times: 75.0 % of the pixels, 1,080" in page.text
    assert "changes 1 times: 25.0 % of the pixels, 360" in page.text
    assert "changes 2 times" not in page.text
    assert "this is the first" in page.text
    assert "bronze" in page.text


def test_the_version_before_is_compared(tiny_project, tiny_submitted, tiny_rasters):
    later = tiny_rasters["valley"].copy()
    later[:, :9, 10:20] = 15
    submit(tiny_project, "valley", "1.1.0", later)
    page = page_of(tiny_project, "valley")
    assert "8.10 ha differ from version 1.0.0 in a mean year (2020 to 2022)" in page.text  # 90 pixels
    assert "version 1.0.0: 90.7 ha" in page.text  # 1008 pixels of forest
    assert "this version: 82.6 ha" in page.text


def test_neighbours_rivals_and_the_release_are_told(tiny_project, tiny_submitted):
    half, most = Agreement(200, 100), Agreement(200, 180)
    there = Neighbourhood(
        seams=tuple(Seam("hills", "2.0.0", year, half, most, Agreement(50, 20), most) for year in (2020, 2021)),
        versions={"water": "1.0.0"},
        contest_years=(2020, 2022),
        contests=(Contest(2020, 3, "water", 0.0, 6.0), Contest(2022, 3, "water", 1.0, 2.0)),
        claimed_ha={3: 181.0},
        release="0.3.0",
        release_years=(2020, 2021),
        differences=(
            ClassDifference(2020, 3, 80, 90, 11, 1),
            ClassDifference(2020, 15, 40, 30, 1, 11),
            ClassDifference(2021, 3, 90, 90, 0, 0),
        ),
    )
    page = page_of(tiny_project, "valley", neighbourhood=there)
    assert "hills 2.0.0 2020 to 2021 40.0 % 90.0 % 100 50.0 % 90.0 % 400" in page.text
    assert "0.50 ha of the common map become what it says, and 4.00 ha of its 90.5 ha go to others" in page.text
    assert "2 years from 2020 to 2022" in page.text
    assert "6.00 ha differ from release 0.3.0 in a mean year" in page.text  # (1 + 11) / 2
    alone = page_of(tiny_project, "valley", neighbourhood=None)
    assert "No other module's submission lies beside or over this one" in alone.text
    assert "The rules were not tried" in alone.text
    assert "Not compared with a release" in alone.text


def test_names_that_look_like_markup_are_words(tiny_project, tiny_submitted):
    bad = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
    report = make_report(tiny_project, "valley")
    receipt = report.stored.receipt.model_copy(update={"organisation": bad})
    manifest = report.module.manifest.model_copy(update={"name": bad, "description": bad, "citation": bad})
    classes = tuple(
        item.model_copy(update={"name": {"en": bad}}) if item.code == 3 else item
        for item in report.module.legend.classes
    )
    legend = report.module.legend.model_copy(update={"classes": classes})
    source = dataclasses.replace(report.module.source, value=manifest)
    hostile = dataclasses.replace(
        report,
        module=dataclasses.replace(report.module, source=source, legend=legend),
        stored=dataclasses.replace(report.stored, receipt=receipt),
        standing=Standing(signed=(bad,), trust=bad, unmet=(bad,)),
        findings=(Finding("M999", bad, bad, bad, "advise"),),
        skipped=(bad,),
        neighbourhood=Neighbourhood(
            seams=(Seam(bad, bad, 2020, *[Agreement(2, 1)] * 4),) * 2,
            contest_years=(2020,),
            contests=(Contest(2020, 3, bad, 1, 1),),
        ),
    )
    page = sound(report_page(hostile, make_maps(hostile)))
    assert page.text.count(bad) > 8


def test_a_single_year_has_no_change_to_tell(tiny_project, tiny_rasters):
    path = tiny_project.module_folder("water") / "manifest.yaml"
    path.write_text(path.read_text().replace("first: 2020", "first: 2022"))
    submit(tiny_project, "water", "1.0.0", tiny_rasters["water"][2:])
    page = page_of(tiny_project, "water")
    assert "The submission has one year, so there is no change to tell." in page.text
    assert "Every year" not in page.text
    assert "13.0 ha claimed in 2022" in page.text  # 144 pixels


def test_a_module_that_claims_nothing_has_a_page(tiny_project, tiny_rasters):
    submit(tiny_project, "water", "1.0.0", np.zeros_like(tiny_rasters["water"]))
    page = page_of(tiny_project, "water")
    assert "Nothing is claimed in any year." in page.text


def test_places_of_findings_are_boxes_on_the_part_that_is_seen(tiny_project, tiny_submitted):
    place = Place((0, 0, 1, 1), (2, 4), (3, 7))
    found = Finding("M701", "noise", "urban", "look", "advise", places=(place,))
    report = dataclasses.replace(make_report(tiny_project, "urban"), findings=(found,))
    maps = make_maps(report)
    mini = MiniMap(maps.window)  # rows 0 to 5, columns 1 to 9: 15 units a pixel
    assert mini.boxes(found) == ((30.0, 30.0, 60.0, 30.0),)
    assert '<rect x="30.0" y="30.0" width="60.0" height="30.0"/>' in report_page(report, maps)


def test_many_findings_are_shown_in_part(tiny_project, tiny_submitted):
    words = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]  # 64, and 60 are shown
    many = tuple(Finding("M606", f"jump {word}", "valley", "look", "advise") for word in words)
    page = page_of(tiny_project, "valley", findings=many)
    assert "jump hd" in page.text
    assert "jump he" not in page.text
    assert "4 more are in checks.json" in page.text


def test_findings_of_many_years_are_one_card_with_all_of_them_below_it(tiny_project, tiny_submitted):
    place = Place((0, 0, 1, 1), (0, 1), (0, 1))
    many = tuple(
        Finding("M606", f"jump of {k}.5 ha", f"v-{year}.tif", "look", "advise", places=(place,), year=year, weight=k)
        for year, k in ((2020, 3), (2021, 9), (2022, 4))
    )
    page = page_of(tiny_project, "valley", findings=many)
    words = " ".join(page.text.split())
    assert page.tags.count("article") == 1
    assert "M606 jump of 9.5 ha" in words
    assert "In 2020 to 2022 (3 years); this is 2021, the worst" in words
    assert "All 3" in words
    assert all(f"{year}: jump of {k}.5 ha at v-{year}.tif" in words for year, k in ((2020, 3), (2021, 9), (2022, 4)))
    assert "checks.json of the submission" not in words


@pytest.fixture
def goias(tmp_path) -> Project:
    """41 years and 16 classes of a real place: 38 true years and 3 again, three classes split in two by place."""
    if not GOIAS.is_dir():
        pytest.skip(f"real maps are not beside the checkout: no {GOIAS}")
    files = sorted(GOIAS.glob("*.tif"))
    header = rasters.info(files[0])
    shape, top, left = (400, 400), 900, 60
    origin = header.transform @ (left, top)
    grid = Grid(crs="EPSG:4326", resolution=header.transform.a, origin=origin, shape=shape)
    cube = np.stack([rasters.read(path)[top : top + 400, left : left + 400] for path in files + files[-3:]])
    for code, other, rows in (
        (15, 19, slice(0, 90)),
        (21, 36, slice(0, 150)),
        (4, 5, slice(200, 400)),
        (3, 49, slice(0, 60)),
    ):
        part = cube[:, rows]
        part[part == code] = other
    spare = [code for code in (9, 11, 12, 20, 24, 25, 39, 41) if code not in np.unique(cube)]
    for k, code in enumerate(spare):
        cube[:, 4 * k : 4 * k + 4, :40] = code
    codes = [int(code) for code in np.unique(cube) if code]
    assert len(codes) >= 15
    project = network(tmp_path, grid, codes)
    submit(project, "sul", "1.0.0", cube)
    return project


def network(root: Path, grid: Grid, codes: list[int]) -> Project:
    """Write a network of one region, 'sul', with 41 years."""
    years = {"first": 1985, "last": 2025}
    classes = [
        {"code": code, "name": {"en": f"Class with a long name {code}"}, "color": f"#{(k * 1234567) % 0xFFFFFF:06x}"}
        for k, code in enumerate(codes, start=1)
    ]
    words = {"title": "Sul", "description": "-", "publisher": "-"}
    collection = {"id": "sul", **words, "grid": grid.model_dump(mode="json"), "legend": "sul", "years": years}
    manifest = {"id": "sul", "name": "Sul", "kind": "region", "organisation": "-", "maintainers": [{"name": "-"}]}
    manifest |= {"description": "-", "status": "active", "collection": "sul", "classes": codes, "years": years}
    manifest |= {"method": "delivered", "delivery": {"files": "{year}.tif", "nodata": 0}, "min_coverage": 0}
    for name, value in {
        "configs/legends/sul.yaml": {"id": "sul", "version": "1", "title": "Sul", "classes": classes},
        "configs/collections/sul.yaml": {**collection, "modules": [{"module": "sul"}], "rules": "sul"},
        "contributors/sul/manifest.yaml": manifest,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        YAML(typ="safe").dump(value, root / name)
    return Project(root, root / "workspace")


def test_a_page_of_41_years_and_16_classes_is_small(goias):
    report = make_report(goias, "sul")
    maps = make_maps(report)
    text = report_page(report, maps)
    assert len(text.encode()) < MEGABYTE
    page = sound(text)
    assert len(report.classes) >= 15
    assert page.tags.count("img") == 41 + 1  # and the map of changes
    assert max(max(picture.shape) for picture in maps.years.values()) <= 360


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_few_colours_take_half_a_byte_a_pixel(tmp_path):
    marks = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    colors = [(0, 0, 0, 0), (255, 0, 0, 255), (0, 0, 255, 255)]
    more = [*colors, *[(9, 9, 9, 255)] * 14]
    for palette in (colors, more):
        with rasterio.MemoryFile(png(marks, palette)) as file, file.open() as src:
            np.testing.assert_array_equal(src.read(1), marks)
            assert src.colormap(1)[1] == (255, 0, 0, 255)


def test_pictures_are_thinned_evenly():
    assert shrunk(np.arange(6).reshape(1, 6), 3).tolist() == [[1, 3, 5]]
    assert shrunk(np.arange(4).reshape(2, 2), 9).tolist() == [[0, 1], [2, 3]]


def test_scales_begin_at_nothing_unless_the_values_hardly_differ():
    assert scale([0, 37]) == (0, 40)
    assert scale([900, 1000]) == (900, 1000)
    assert scale([5, 5]) == (5, 6.25)
    assert scale([0.93, 0.97], 1.0) == (0.9, 1.0)
    assert scale([0.2, 0.97], 1.0) == (0.0, 1.0)
    assert [nice(value) for value in (0, 0.011, 99, 101)] == [1, 0.015, 100, 150]


def test_labels_move_apart_and_stay_inside():
    assert spread([50, 49, 20], 10, 0, 100) == [50, 40, 20]
    assert spread([5, 4, 3], 10, 0, 100) == [20, 10, 0]
    assert spread([99, 98], 10, 0, 90) == [90, 80]


def test_elements_escape_what_they_hold():
    drawn = element("text", "a<b", class_="x", data_name='"><i>', y=1.26, x=None)
    assert drawn == '<text class="x" data-name="&#34;&gt;&lt;i&gt;" y="1.3">a&lt;b</text>'


def test_a_line_is_broken_where_a_year_is_missing():
    drawn = line_panel([Line("area", {2000: 1.0, 2001: 2.0, 2003: 3.0})], number, "Area")
    path = re.search(r'<path d="([^"]*)" class="line now"', drawn)[1]
    assert [letter for letter in path if letter.isalpha()] == ["M", "L", "M"]
    assert drawn.count("<circle") == 2  # 2003 stands alone, and the end
    assert "2001\narea: 2.00" in drawn


def test_columns_of_a_stack_have_the_height_of_their_area():
    drawn = stack(
        [2000, 2001], np.array([[1.0, 3.0], [2.0, 2.0]]), [Part("a", "#111111"), Part("b", "#222222")], number, "-"
    )
    low = re.search(r'<path d="([^"]*)" class="layer" fill="#111111"', drawn)[1]
    tops = [float(value) for value in re.findall(r"V([\d.]+)", low)]
    assert tops == [191.0, 130.0, 252.0, 252.0]  # a quarter and a half of 244 units above the bottom at 252


def test_ribbons_are_as_wide_as_what_they_carry():
    parts = [Part("a", "#111111"), Part("b", "#222222")]
    drawn = ribbons(np.array([[60.0, 20.0], [0.0, 20.0]]), parts, ("2000", "2001"), number, "-")
    assert re.findall(r"<title>(a to b|b to a|. stays): ([\d.]+)", drawn) == [
        ("a stays", "60.0"), ("b stays", "20.0"), ("a to b", "20.0"),
    ]  # fmt: skip
    whole = 270 - 22 - 8 - 3  # what is drawn on, without the gap between two parts
    start, end = re.search(
        r'<path d="M[\d.]+ ([\d.]+)C[^"]* [\d.]+ ([\d.]+)Z" fill="#111111" class="flow"', drawn
    ).groups()
    assert float(end) - float(start) == pytest.approx(0.2 * whole, abs=0.15)


def test_bars_tell_their_numbers():
    drawn = columns([Bar("0", 4.0, "four"), Bar("1", 1.0, "one")], number, "-")
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" class="bar"', drawn)]
    assert heights[0] == pytest.approx(4 * heights[1], abs=0.2)
    assert "<title>four</title>" in drawn


@pytest.mark.parametrize(
    ("area", "words"),
    [(0, "0 ha"), (0.4218, "0.42 ha"), (12.34, "12.3 ha"), (1234.4, "1,234 ha"), (123_456, "123.5 thousand ha"),
     (2.5e8, "250.0 million ha"), (-12.34, "-12.3 ha")],
)  # fmt: skip
def test_hectares_have_a_unit_that_fits(area, words):
    assert hectares(area) == words


def test_differences_and_shares_in_words():
    assert signed_hectares(3.0) == "+3.00 ha"
    assert signed_hectares(-3.0) == "\N{MINUS SIGN}3.00 ha"
    assert signed_hectares(0.0) == "0 ha"
    assert (percent(0.1234), percent(None)) == ("12.3 %", "–")
