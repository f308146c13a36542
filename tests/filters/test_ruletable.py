"""The rule table of Amazonia: rows as typed steps, every mistake with its cell, and the network's own sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.errors import ConfigError
from mutirao.filters.apply import apply_chain, ready
from mutirao.filters.chain import Chain
from mutirao.filters.ruletable import chain_of, chain_text, parse_table
from mutirao.filters.step import Surroundings
from mutirao.io import configs
from mutirao.io.ruletables import read_rule_table
from mutirao.legend import Legend

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "configs/chains/amazonia-table.csv"
WORKBOOK = ROOT.parent / "shared/data/legends/mapbiomas-legend-c4-excel.xlsx"
HEAD = "rule,type,kernel,active,biome,notes,tminus2,tminus1,t,tplus1,tplus2,result"


def table(*rows, head=HEAD, biome=None):
    return parse_table("\n".join([head, *rows]) + "\n", "t.csv", biome)


def refused(*rows, head=HEAD):
    with pytest.raises(ConfigError) as caught:
        table(*rows, head=head)
    return [(finding.code, finding.where) for finding in caught.value.findings]


def steps(*rows):
    chain = chain_of(table(*rows), "t", "mapbiomas-brazil", 1985, 2024)
    assert {step.reads for step in chain.steps} == {"running"}
    return [(step.windows, step.order, step.years and step.years.last, step.rewrites) for step in chain.steps]


def test_types_and_kernels_say_where_a_row_is_laid_and_which_year_it_writes():
    assert steps(
        "a,RG,3,1,,,null,3,15,3,null,3",
        "b,RP,3,1,,,null,27,3,3,null,3",
        "c,RU,3,1,,,null,3,3,27,null,3",
        "d,RG,5,1,,,3,3,33,3,3,3",
        "e,RP,5,1,,,27,3,3,3,3,3",
        "f,RG,4,1,,,,3,15,15,3,3",
    ) == [
        ("first", "rewrites", None, ("27 3 3 3 3 -> 3 _ _ _ _",)),
        ("any", "years", 2021, ("3 3 33 3 3 -> _ _ 3 _ _",)),
        ("any", "years", None, ("3 15 15 3 -> _ 3 _ _",)),
        ("first", "rewrites", None, ("27 3 3 -> 3 _ _",)),
        ("any", "years", 2022, ("3 15 3 -> _ 3 _",)),
        ("last", "rewrites", None, ("3 3 27 -> _ _ 3",)),
    ]


def test_empty_cells_are_anything_and_alternatives_are_rewrites_of_their_own():
    assert steps("a,RG,5,1,,,x,3/4,15,,*,3")[0][3] == ("* 3 15 * * -> _ _ 3 _ _", "* 4 15 * * -> _ _ 3 _ _")


def test_inactive_rows_and_other_biomes_are_counted_and_not_read():
    rows = ("a,RG,3,0,CERRADO,,?,?,?,?,?,?", "b,RG,3,1,CERRADO,,,3,15,3,,3", "c,RG,3,1,Amazônia,,,3,15,3,,3")
    read = table(*rows, biome="Amazônia")
    assert ([row.name for row in read.rows], read.inactive, read.elsewhere) == (["c"], ("a",), 1)


def test_semicolons_remarks_a_byte_order_mark_and_plain_column_names_are_read():
    head = "\ufeff# remark\nrule;type;kernel;active;t-2;t-1;t;t+1;t+2;result"
    assert table('a;general;3;yes;;3;"15";3;;3', head=head).rows[0].before == ("3", "15", "3")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("a,RG,3,1,,,null,3,15,3,3", ("F141", "t.csv:2:1")),
        ("a,RG,3,maybe,,,null,3,15,3,null,3", ("F142", "t.csv:2:8")),
        ("a,RX,3,1,,,null,3,15,3,null,3", ("F143", "t.csv:2:3")),
        ("a,RG,7,1,,,null,3,15,3,null,3", ("F144", "t.csv:2:6")),
        ("a,RG,3,1,,,12,3,15,3,null,3", ("F145", "t.csv:2:12")),
        ("a,RG,3,1,,,null,3,15,3,null,3/4", ("F146", "t.csv:2:29")),
        ("a,RG,3,1,,,null,3/,15,3,null,3", ("F146", "t.csv:2:17")),
        ("a,RG,3,0,,,null,3,15,3,null,3", ("F147", "t.csv:1:1")),
    ],
)
def test_a_mistake_names_its_cell(row, expected):
    assert refused(row) == [expected]


def test_all_mistakes_are_told_at_once():
    assert [code for code, _ in refused("a,RX,9,1,,,,3,15,3,,", "b,RG,3,2,,,,3,15,3,,3")] == [
        "F143",
        "F144",
        "F146",
        "F142",
    ]


def test_a_head_without_a_column_is_refused():
    assert refused(head="rule,type,kernel,active,t-1,t,t+1,result") == [("F140", "t.csv:1:1")]
    assert refused(head="") == [("F140", "t.csv:1:1")]


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="C101"):
        read_rule_table(tmp_path / "gone.csv")


def test_the_example_is_the_chain_that_is_shipped_with_it():
    read = read_rule_table(SHIPPED)
    chain = chain_of(read, "amazonia-table", "mapbiomas-brazil", 1985, 2024)
    shipped = SHIPPED.with_suffix(".yaml")
    assert shipped.read_text(encoding="utf-8") == chain_text(chain, read, SHIPPED.name)
    assert configs.load(shipped, Chain).value == chain


def test_the_example_does_by_hand_what_its_rows_say():
    assert_made([27, 3, 3, 33, 3, 3, 15, 3, 3], [3] * 9)  # kernel 5: the water goes; then the ends; then the pasture
    assert_made([3, 3, 12, 15, 15, 15, 15, 27], [3, 3, 15, 15, 15, 15, 15, 15])
    # At each year all rows are tried, so that the pasture that comes first in time closes its gap first.
    assert_made([15, 3, 15, 3, 15, 12, 12], [15, 15, 15, 15, 15, 12, 12])
    # The last window is left out.
    assert_made([12, 12, 12, 12, 3, 15, 3], [12, 12, 12, 12, 3, 15, 3])
    assert_made([12, 12, 12, 3, 15, 3, 12], [12, 12, 12, 3, 3, 3, 12])


codes = st.sampled_from([0, 3, 12, 15, 27, 33])


@given(st.lists(codes, min_size=5, max_size=12))
def test_the_chain_does_what_the_networks_script_does(series):
    assert run(shipped_for(len(series)), series) == by_script(read_rule_table(SHIPPED).rows, series)


def by_script(rows, series):
    """Return what the script makes of a series: in place, kernel by kernel, year by year, row by row."""
    now, n = list(series), len(series)
    for kernel, half in ((5, 2), (3, 1)):
        for kind, years in (("first", [0]), ("general", range(half, n - half - 1)), ("last", [n - 1])):
            for t in years:
                for row in (row for row in rows if (row.kind, len(row.before)) == (kind, kernel)):
                    start = {"first": 0, "general": t - half, "last": n - kernel}[kind]
                    pairs = zip(now[start : start + kernel], row.before, strict=True)
                    if all(cell == "*" or str(code) in cell.split("/") for code, cell in pairs):
                        now[t] = int(row.result)
    return now


def assert_made(series, expected):
    assert run(shipped_for(len(series)), series) == expected


@cache
def shipped_for(years):
    """Return the shipped table as steps for a series of so many years."""
    chain = chain_of(read_rule_table(SHIPPED), "t", "mapbiomas-brazil", 1985, 1984 + years)
    legend = configs.load(ROOT / "configs/legends/mapbiomas-brazil.yaml", Legend).value
    return ready(chain, legend, lambda *_: "", Surroundings(tuple(range(1985, 1985 + years))))


def run(work, series):
    return apply_chain(work, np.array(series, np.uint8)[:, None, None])[0][:, 0, 0].tolist()


def test_the_networks_own_sheet_of_collection_2_is_read():
    """Rules for the first year and for all years, as the network wrote them; `x` is anything, `a/b` is either."""
    if not WORKBOOK.is_file():
        pytest.skip("the folder with real data is not here")
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(WORKBOOK, data_only=True)["FILTRO V2 - COLECAO 2"]
    rows, unclear = [], 0
    for line in sheet.iter_rows(min_row=3, max_row=94, values_only=True):
        current, *cells, result = (str(value or "x").strip().lower() for value in line[4:9])
        looked_at = [current, *cells]
        if result == "x":
            continue
        if any(sign in cell for cell in (*looked_at, result) for sign in "[]()?"):
            unclear += 1
            continue
        rows.append(f"r{len(rows)},RP,4,1,,,,{','.join(looked_at)},{result}")
    read = table(*rows)
    assert len(read.rows) == len(rows) > 50
    assert unclear > 5
    assert read.rows[0].before == ("fd", "fd", "*", "*")
    assert list(read.rows[0].rewrites()) == ["fd fd * * -> fd _ _ _"]
