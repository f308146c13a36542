"""Which years a chain can judge: only those whose neighbours it has seen."""

from __future__ import annotations

import pytest

from mutirao.filters.apply import ready
from mutirao.filters.chain import Chain
from mutirao.filters.judged import judged_years, unconfirmed
from mutirao.filters.step import Surroundings
from mutirao.legend import LandClass, Legend

LEGEND = Legend(
    id="l",
    version="1",
    title="l",
    classes=tuple(LandClass(code=code, name={"en": f"class {code}"}, color="#00ff00") for code in (3, 15, 21)),
)
YEARS = tuple(range(2000, 2008))


def judged(*steps: dict):
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": steps})
    made = ready(chain, LEGEND, lambda *place: str(place), Surroundings(YEARS))
    return judged_years(made, len(YEARS))


def places(step: dict) -> list[int]:
    return judged(step)[0].nonzero()[0].tolist()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"filter": "gap_fill"}, []),
        ({"filter": "patches", "min_pixels": 3}, []),
        ({"filter": "window", "classes": [3]}, [1, 2, 3, 4, 5, 6]),
        ({"filter": "window", "classes": [3], "width": 5}, [1, 2, 3, 4]),
        ({"filter": "window", "classes": [3], "width": 5, "writes": "gap"}, [1, 2, 3, 4, 5, 6]),
        ({"filter": "window", "classes": [3], "years": {"last": 2003}}, [1, 2, 3]),
        ({"filter": "isolated", "classes": [3]}, [1, 2, 3, 4, 5, 6]),
        ({"filter": "endpoints", "first": [3]}, [0, 7]),
        ({"filter": "endpoints"}, [7]),
        ({"filter": "lead_in", "targets": [3], "lead": [21]}, [0, 1, 2, 3, 4, 5, 6]),
        ({"filter": "frequency", "group": [3], "total": 0.5, "thresholds": {3: 0.5}}, [0, 1, 2, 3, 4, 5, 6, 7]),
        # The rewrites of the class 21 by itself change nothing: only the third place of four is judged.
        ({"filter": "pattern", "rewrites": ["3 21 21 15 -> 3 21 15 15"]}, [2, 3, 4, 5, 6]),
        ({"filter": "pattern", "rewrites": ["3 21 21 15 -> 3 21 15 15"], "windows": "last"}, [6]),
        ({"filter": "pattern", "rewrites": ["3 21 15 -> _ 15 _", "15 3 -> 3 _"], "windows": "first"}, [0, 1]),
        ({"filter": "pattern", "rewrites": ["3 15 -> 3 _"]}, []),
    ],
)
def test_years_that_a_step_judges(step, expected):
    assert places(step) == expected


def test_last_years_that_no_step_judges():
    window = {"filter": "window", "classes": [3], "width": 5}
    assert unconfirmed(judged(window)) == 3
    assert unconfirmed(judged(window, {"filter": "isolated", "classes": [3]})) == 1
    assert unconfirmed(judged(window, {"filter": "endpoints"})) == 0


def test_chain_that_judges_no_year_flags_none():
    assert unconfirmed(judged({"filter": "gap_fill"})) == 0
    assert unconfirmed(judged_years((), 5)) == 0
