"""Findings that say the same are told once, with the worst of them; nothing is lost."""

from __future__ import annotations

import pytest

from mutirao.errors import Finding
from mutirao.modules.checks import by_family
from mutirao.modules.checks.alike import fold, group, shape
from mutirao.modules.numbers import counted, years_text


def gap(year: int, missing: float, *, code: str = "M501") -> Finding:
    message = f"claims {100 - missing:.2f}% of its territory, needs 99.00%; {missing:.1f} ha missing"
    return Finding(code, message, f"in/M-{year}.tif", "classify them", year=year, weight=missing)


def test_years_of_one_message_are_one_group_with_the_worst():
    found = [gap(2020, 3), gap(2018, 40), gap(2019, 7), gap(2023, 2)]
    (alike,) = group(found)
    assert alike.worst == found[1]
    assert alike.findings == (found[1], found[2], found[0], found[3])
    assert alike.extent == "in 2018 to 2020, 2023 (4 years); this is 2018, the worst"
    assert alike.where == "in/M-2018.tif"


def test_a_single_finding_has_no_extent():
    (alike,) = group([gap(2020, 3)])
    assert (alike.extent, alike.where) == ("", "in/M-2020.tif")


def test_years_that_are_equally_bad_have_no_worst():
    (alike,) = group([Finding("M601", f"year {y} is identical to {y - 1}", "f", "look", year=y) for y in (2001, 2002)])
    assert alike.extent == "in 2001 to 2002 (2 years)"


def test_pairs_of_tiles_of_one_year_are_counted():
    found = [Finding("M215", f"{n} pixels of 2013 differ", f"b{n}.tif", "r", year=2013, weight=n) for n in (3, 8)]
    (alike,) = group(found)
    assert alike.extent == "in 2013, 2 times; this is the worst"
    assert alike.where == "b8.tif"


def test_files_without_a_year_are_all_named_as_far_as_there_are_few():
    found = [Finding("M301", "CRS is EPSG:32721", f"in/M-{year}.tif", "reproject") for year in range(2001, 2012)]
    (alike,) = group(found)
    assert alike.extent == "11 times"
    assert alike.where == (
        "in/M-2001.tif, M-2002.tif, M-2003.tif, M-2004.tif, M-2005.tif, M-2006.tif, M-2007.tif, M-2008.tif and 3 more"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 Forest goes from 10.0 to 20.0 ha in 2003", "15 Pasture goes from 10.0 to 20.0 ha in 2003"),
        ("values in no legend: 31 (4 pixels)", "values in no legend: 40 (4 pixels)"),
        ("dtype is float32, must be uint8", "dtype is float64, must be uint8"),
        ("differ from version 1.0.0", "differ from version 1.0.0 or so"),
    ],
)
def test_other_classes_values_and_words_stay_apart(one, other):
    assert shape(one) != shape(other)


def test_numbers_and_signs_do_not_keep_findings_apart():
    assert shape("goes from 10.0 to 1,200 ha (+8.0)") == shape("goes from 9 to 7.25 ha (-3)")
    assert shape("2 ha differ; most of it is 3 Forest") == shape("7 ha differ; most of it is 15 Pasture")
    assert shape("band 'classification_2015' of M-2015.tif") == shape("band 'classification_1999' of M-1999.tif")


def test_other_codes_severities_and_findings_of_rules_stay_apart():
    advice = Finding("M501", gap(2020, 3).message, "f", "classify them", "advise", year=2020)
    assert len(group([gap(2019, 3), advice, gap(2021, 3, code="M505")])) == 3
    assert len(group([Finding("I201", f"rule {k} never fires", "rules.yaml", "remove it") for k in (1, 2)])) == 2


def test_families_that_refuse_come_first():
    advice = Finding("M106", "no method page", "README.md", "write one", "advise")
    assert [title for title, _ in by_family([advice, gap(2020, 3)])] == ["Coverage", "Manifest and method"]


def test_what_could_not_be_checked_is_a_line_for_each_reason():
    lines = [f"{code} for {year}: not on the module's grid" for code in ("M501", "M503") for year in (2001, 2002)]
    lines += ["M603: survey: no year", "M901 and M902 with south: module 'south' has no submission"]
    lines += [f"M404 for {year}: M-{year}.tif cannot be read" for year in (2003, 2004)]
    assert fold(lines) == (
        "2 checks (M501, M503) for 2001 to 2002: not on the module's grid",
        "M603: survey: no year",
        "M404 for 2003 to 2004: M-2003.tif cannot be read, and 1 more like it",
        "M901 and M902 with south: module 'south' has no submission",
    )


def test_one_is_not_plural():
    assert [counted(n, "pixel") for n in (0, 1, 2)] == ["0 pixels", "1 pixel", "2 pixels"]


def test_years_are_runs():
    assert years_text([2005, 2001, 2002, 2003]) == "2001 to 2003, 2005"
