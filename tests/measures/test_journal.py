"""The journal: which frames are kept one by one, and what did not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.made_frames import make_frames
from vmpcap.decode.frames import Frames
from vmpcap.measures.journal import NO_FLOW, Journal, JournalColumns, empty_journal

SAME_IN_BOTH = [name for name in JournalColumns._fields if name in Frames._fields]


def story(count: int, first: int = 0) -> Frames:
    """Frames that differ in every number that the journal keeps."""
    protocols = (1, 58, 6, 17, 2)
    return make_frames(
        [
            {
                "ts_ns": 10_000 + n,
                "src": f"10.0.{n % 200}.1",
                "dst": f"10.1.{n % 200}.2",
                "eth_src": 0x5056_0000_0000 + n,
                "ip_protocol": protocols[n % len(protocols)],
                "ip_ttl": n % 255,
                "ip_id": n,
                "src_port": n % 60_000,
                "tcp_seq": 7 * n,
                "icmp_seq": n % 60_000,
                "payload_bytes": n % 1400,
                "segment_key": n % 3,
            }
            for n in range(first, first + count)
        ]
    )


def test_kept_frames_are_copied_column_by_column() -> None:
    """Every column is the frame's own, and survives that the frames' arrays are written over."""
    frames = story(6)
    expected = [getattr(frames, name)[[1, 4]].tolist() for name in SAME_IN_BOTH]
    ttl = frames.ip_ttl[[1, 4]].tolist()
    journal = Journal()
    flow, side = np.arange(6, dtype=np.int32) * 10, np.array([0, 1, 0, 1, 0, 1], np.uint8)
    journal.keep(100, frames, np.array([False, True, False, False, True, False]), flow, side)
    for column in frames:
        column.base[:] = 0
    columns = journal.columns()
    assert [getattr(columns, name).tolist() for name in SAME_IN_BOTH] == expected
    assert columns.frame.tolist() == [101, 104]
    assert columns.ttl.tolist() == ttl
    assert columns.flow_id.tolist() == [10, 40]
    assert columns.side.tolist() == [1, 0]
    assert columns.rows == 2


def test_without_flows_the_columns_say_so() -> None:
    """A caller without a flow table gets NO_FLOW."""
    journal = Journal()
    journal.keep(1, story(3), np.ones(3, np.bool_))
    assert journal.columns().flow_id.tolist() == [NO_FLOW] * 3


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(0, 60), st.integers(0, 2**60))
def test_neither_batches_nor_budget_lose_a_frame_silently(cuts: list[int], budget: int, mask: int) -> None:
    """However the frames are cut into batches: the first ones are kept, the rest is counted."""
    journal, whole, first = Journal(budget), [], 0
    for count in cuts:
        keep = np.array([bool(mask >> (first + i) % 60 & 1) for i in range(count)], np.bool_)
        whole += (np.flatnonzero(keep) + first + 1).tolist()
        journal.keep(first + 1, story(count, first), keep)
        first += count
    assert journal.columns().frame.tolist() == whole[:budget]
    assert sum(journal.left_out.values()) == max(0, len(whole) - budget)
    assert journal.overflowed == (len(whole) > budget)
    if len(whole) > budget:
        assert journal.first_left_out_frame == whole[budget]
        assert journal.first_left_out_ts == 10_000 + whole[budget] - 1


def test_what_did_not_fit_is_counted_by_what_it_carried() -> None:
    """The reader learns whether pings or connections are missing."""
    journal = Journal(budget=0)
    journal.keep(1, story(11), np.ones(11, np.bool_))
    assert journal.left_out == {"icmp": 3, "icmpv6": 2, "tcp": 2, "udp": 2, "other": 2}
    assert journal.columns().rows == 0


def test_dtypes_stay_the_same_with_and_without_rows() -> None:
    """An empty journal has the columns of a full one."""
    journal = Journal()
    journal.keep(1, story(2), np.ones(2, np.bool_))
    assert [c.dtype for c in journal.columns()] == [c.dtype for c in empty_journal()]


def test_reading_the_columns_does_not_end_the_journal() -> None:
    """More frames may be kept after the columns were read."""
    journal = Journal()
    for first in (1, 3, 5):
        journal.keep(first, story(2, first), np.ones(2, np.bool_))
        assert journal.columns().frame.tolist() == list(range(1, first + 2))


def test_columns_that_are_often_zero_hold_what_came_in_between() -> None:
    """Zeros are not written; what follows and precedes them stands where it belongs."""
    keys = [0, 0, 7, 0, 9]
    journal = Journal()
    for row, key in enumerate(keys):
        frames = story(1, row + 1)
        journal.keep(row + 1, frames._replace(segment_key=np.full(1, key, np.uint64)), np.ones(1, np.bool_))
    assert journal.columns().segment_key.tolist() == keys


def test_a_journal_that_was_given_up_holds_nothing_but_its_counts() -> None:
    """The columns are the caller's, whole and in their order."""
    journal = Journal(budget=3)
    journal.keep(1, story(5), np.ones(5, np.bool_))
    seen, left_out = [column.tolist() for column in journal.columns()], dict(journal.left_out)
    assert [column.tolist() for column in journal.give_up()] == seen
    assert (journal.columns().rows, journal.overflowed, journal.left_out) == (0, True, left_out)


@pytest.mark.parametrize("wanted", [[], [1], [0, 3, 4], [0, 1, 2, 3, 4]])
def test_rows_are_taken_over_from_another_journal(wanted: list[int]) -> None:
    """They are the first of the new one, whole; what is kept later stands behind them."""
    keys = [0, 0, 7, 0, 9]
    old, new = Journal(), Journal(6)
    for row, key in enumerate(keys):
        old.keep(row + 1, story(1, row + 1)._replace(segment_key=np.full(1, key, np.uint64)), np.ones(1, np.bool_))
    new.take_over(old, np.isin(np.arange(5), wanted))
    new.keep(9, story(1, 9), np.ones(1, np.bool_))
    columns = new.columns()
    assert columns.frame.tolist() == [*(row + 1 for row in wanted), 9]
    assert columns.ts_ns.tolist() == [*(story(1, row + 1).ts_ns[0] for row in wanted), story(1, 9).ts_ns[0]]
    assert columns.segment_key.tolist() == [*(keys[row] for row in wanted), 0]
    assert (old.kept, old.columns().rows) == (0, 0)


@pytest.mark.parametrize("chosen", [[], [0], [2, 0]])
def test_rows_are_taken_by_index(chosen: list[int]) -> None:
    """Indices select rows in their order."""
    journal = Journal()
    journal.keep(1, story(3), np.ones(3, np.bool_))
    taken = journal.columns().take(np.array(chosen, np.int64))
    assert taken.frame.tolist() == [c + 1 for c in chosen]


def test_what_was_let_go_of_leaves_nothing_behind() -> None:
    """Rows that come into the room of others hold their own numbers, also where those are all zero."""
    tagged = [{"ts_ns": n, "src": "2001:db8::1", "dst": "2001:db8::2", "segment_key": 77, "ip_id": n} for n in range(8)]
    plain = [{"ts_ns": 100 + n, "src": "10.0.0.1", "dst": "10.0.0.2", "ip_id": 50 + n} for n in range(4)]
    journal = Journal(10)
    journal.keep(1, make_frames(tagged), np.ones(8, np.bool_))
    journal.keep_only(np.array([n in (2, 5) for n in range(8)]))
    journal.keep(9, make_frames(plain), np.ones(4, np.bool_))
    columns, wanted = journal.columns(), Journal(10)
    wanted.keep(1, make_frames(tagged), np.array([n in (2, 5) for n in range(8)]))
    wanted.keep(9, make_frames(plain), np.ones(4, np.bool_))
    assert columns.frame.tolist() == [3, 6, 9, 10, 11, 12]
    for name, column in columns._asdict().items():
        assert column.tolist() == getattr(wanted.columns(), name).tolist(), name
    assert columns.src_high[:2].all()
    assert not columns.src_high[2:].any()


def test_letting_go_of_nothing_kept_is_nothing() -> None:
    """Before anything was kept there is nothing to let go of."""
    journal = Journal(10)
    journal.keep_only(np.zeros(0, np.bool_))
    assert journal.kept == 0


@given(st.lists(st.lists(st.booleans(), max_size=40), max_size=5), st.integers(0, 60))
def test_any_choice_in_any_batches_is_what_was_chosen(choices: list[list[bool]], budget: int) -> None:
    """Column by column as numpy takes them from all frames at once; what the budget leaves out is counted."""
    journal, expected, first = Journal(budget), [], 0
    for choice in choices:
        keep = np.array(choice, np.bool_)
        frames = story(len(choice), first)
        flow, side = np.arange(first, first + len(choice), dtype=np.int32), np.arange(len(choice), dtype=np.uint8)
        columns = {name: getattr(frames, name) for name in SAME_IN_BOTH}
        columns |= {"ttl": frames.ip_ttl, "flow_id": flow, "side": side, "frame": np.arange(len(choice)) + first + 1}
        expected.append({name: column[keep].tolist() for name, column in columns.items()})
        journal.keep(first + 1, frames, keep, flow, side)
        first += len(choice)
    kept = journal.columns()
    for name in JournalColumns._fields:
        whole = [value for part in expected for value in part[name]]
        assert getattr(kept, name).tolist() == whole[:budget], name
    assert sum(journal.left_out.values()) == max(0, sum(map(sum, choices)) - budget)
