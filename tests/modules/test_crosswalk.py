"""Local codes to codes of the legend."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mutirao.modules.crosswalk import crosswalk_table

CODE = st.integers(1, 255)


def test_crosswalk_goes_before_identity_and_the_rest_is_no_claim():
    table = crosswalk_table({1: 24, 15: 39}, frozenset({15, 24, 39}), nodata=255)
    local = np.array([1, 15, 24, 39, 77, 255, 0], dtype=np.uint8)
    assert table[local].tolist() == [24, 39, 24, 39, 0, 0, 0]


def test_nodata_is_no_claim_even_if_it_is_a_code():
    assert crosswalk_table({}, frozenset({3}), nodata=3)[3] == 0


@given(st.dictionaries(CODE, CODE), st.frozensets(CODE), st.integers(0, 255))
def test_only_claimed_codes_and_targets_come_out(crosswalk, codes, nodata):
    table = crosswalk_table(crosswalk, codes, nodata)
    assert set(table.tolist()) <= {0, *codes, *crosswalk.values()}
    for local in range(256):
        expected = 0 if local == nodata else crosswalk.get(local, local if local in codes else 0)
        assert table[local] == expected
