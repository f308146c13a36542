"""Labelled points out of CSV files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mutirao.classify.recipe import PointSamples
from mutirao.classify.samples import Point
from mutirao.errors import ConfigError
from mutirao.io.points import read_points

COLUMNS = PointSamples(file="points.csv", lon="x", lat="y", classes={"Forest": 3, "Soy": 39})
HEADER = "x,y,from,to,label\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "points.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_points_are_read_with_code_and_dates(tmp_path: Path):
    path = written(tmp_path, "\ufeff" + HEADER + '-56.0,-12.0,2011-09-01,2012-09-01,"Soy"\n')
    assert read_points(path, COLUMNS) == [Point(-56.0, -12.0, 39, date(2011, 9, 1), date(2012, 9, 1))]


def test_every_wrong_line_is_named(tmp_path: Path):
    lines = [
        "-56,-12,2011-09-01,2012-09-01,Soy",
        "-56,-12,2011-09-01,2012-09-01,Rice",
        "-56,-112,2011-09-01,2012-09-01,Soy",
        "west,-12,2011-09-01,2012-09-01,Soy",
        "-56,-12,01/09/2011,2012-09-01,Soy",
        "-56,-12",
    ]
    with pytest.raises(ConfigError) as caught:
        read_points(written(tmp_path, HEADER + "\n".join(lines)), COLUMNS)
    assert [finding.where.rsplit(":", 1)[1] for finding in caught.value.findings] == ["3", "4", "5", "6", "7"]
    assert "label 'Rice' has no class; there are Forest, Soy" in str(caught.value)


@pytest.mark.parametrize("text", ["", "x,y,label\n1,2,Soy\n"])
def test_missing_columns_are_named(tmp_path: Path, text: str):
    with pytest.raises(ConfigError, match="P201 there is no column"):
        read_points(written(tmp_path, text), COLUMNS)


def test_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="P201 cannot be read"):
        read_points(tmp_path / "nothing.csv", COLUMNS)
