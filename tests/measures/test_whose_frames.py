"""The frames of a few stations are picked as one would by hand."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.measures.kernels.whose import mark_whose
from vmpcap.terms.arrays import doorway

SMALL = st.integers(0, 3)
FRAME = st.tuples(st.integers(-20, 20), *[SMALL] * 6)
PAIRS = st.lists(st.tuples(SMALL, SMALL), max_size=3)
WINDOWS = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=3)


@given(st.lists(FRAME, max_size=40), st.lists(SMALL, max_size=2), PAIRS, WINDOWS)
def test_frames_from_or_to_a_station_within_a_stretch_of_time(
    frames: list[tuple[int, ...]], macs: list[int], addresses: list[tuple[int, int]], windows: list[tuple[int, int]]
) -> None:
    """One frame at a time, with `in`."""
    wanted = [
        any(begin <= ts <= end for begin, end in windows)
        and (eth_src in macs or eth_dst in macs or (sh, sl) in addresses or (dh, dl) in addresses)
        for ts, eth_src, eth_dst, sh, sl, dh, dl in frames
    ]
    columns = np.array(frames, np.int64).reshape(-1, 7).T
    given_columns = [doorway(columns[0], np.int64), *(doorway(column, np.uint64) for column in columns[1:])]
    asked = (
        doorway(macs, np.uint64),
        doorway(np.array(addresses).reshape(-1, 2), np.uint64),
        doorway(np.array(windows).reshape(-1, 2), np.int64),
    )
    out = np.empty(len(frames), np.bool_)
    arguments: Any = (*given_columns, *asked, out)
    mark_whose(*arguments)
    assert out.tolist() == wanted
