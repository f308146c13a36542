"""Read labelled points for training from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from mutirao.classify.recipe import PointSamples
from mutirao.classify.samples import Point
from mutirao.errors import ConfigError, Finding


def read_points(path: Path, columns: PointSamples) -> list[Point]:
    """Read every point of a CSV file.

    Raises
    ------
    ConfigError
        P201: the file cannot be read or lacks a column. P202, one finding a line: a place, date or label is wrong.
    """
    findings: list[Finding] = []
    points: list[Point] = []
    for line, row in _rows(path, columns):
        try:
            points.append(_point(row, columns))
        except (ValueError, TypeError) as err:
            remedy = "correct the line; degrees are WGS 84, dates YYYY-MM-DD, labels those of 'classes' in the recipe"
            findings.append(Finding("P202", str(err), f"{path}:{line}", remedy))
    if findings:
        raise ConfigError(*findings)
    return points


def _rows(path: Path, columns: PointSamples) -> Iterator[tuple[int, dict[str, str]]]:
    wanted = (columns.lon, columns.lat, columns.label, columns.valid_from, columns.valid_to)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in wanted if name not in (reader.fieldnames or ())]
            if missing:
                found = ", ".join(reader.fieldnames or ()) or "nothing"
                raise _unreadable(path, f"there is no column '{missing[0]}', there are {found}")
            yield from ((reader.line_num, row) for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise _unreadable(path, f"cannot be read: {err}") from err


def _unreadable(path: Path, message: str) -> ConfigError:
    remedy = "give a CSV file with a header, and name its columns under 'points' in the recipe"
    return ConfigError.because("P201", message, where=str(path), remedy=remedy)


def _point(row: dict[str, str], columns: PointSamples) -> Point:
    lon, lat = float(row[columns.lon]), float(row[columns.lat])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"longitude {lon}, latitude {lat} is no place on Earth")
    label = row[columns.label]
    if label not in columns.classes:
        raise ValueError(f"label '{label}' has no class; there are {', '.join(columns.classes)}")
    days = date.fromisoformat(row[columns.valid_from]), date.fromisoformat(row[columns.valid_to])
    return Point(lon, lat, columns.classes[label], *days)
