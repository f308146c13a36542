"""Hectares by kind: the same as adding one row after the other."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.statistics import kinds
from mutirao.statistics.kinds import KindSums

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 255), st.integers(0, 65535), st.floats(0, 9)), max_size=20)


@given(tables=st.lists(ROWS, max_size=5), pending=st.sampled_from([0, 7, 1000]))
def test_sums_are_those_of_a_dictionary_bit_by_bit(tables, pending):
    sums, expected = KindSums((8, 8, 16)), defaultdict(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "_PENDING", pending)
        for rows in tables:
            table = np.array([row[:3] for row in rows], np.uint16).reshape(-1, 3)
            sums.add(table, np.array([row[3] for row in rows]))
            for *kind, area in rows:
                expected[tuple(kind)] += area
        found, area_ha = sums.table()
    assert found.dtype == np.int64
    assert list(zip(map(tuple, found.tolist()), area_ha.tolist(), strict=True)) == sorted(expected.items())


def test_nothing_has_no_kinds():
    found, area_ha = KindSums((16, 16)).table()
    assert found.shape == (0, 2)
    assert area_ha.shape == (0,)


def test_all_64_bits_are_used():
    sums = KindSums((16, 16, 16, 16))
    sums.add(np.full((2, 4), 65535, np.uint16), np.array([1.0, 2.0]))
    found, area_ha = sums.table()
    assert found.tolist() == [[65535] * 4]
    assert area_ha.tolist() == [3.0]


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="65"):
        KindSums((33, 32))
