"""Round trips of several connections as one distribution, and which part of the path it covers."""

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.migration.make import MS, NO_RTT, rtt, side, stream
from vmpcap.measures.connections import RttSummary
from vmpcap.measures.results import Rtt
from vmpcap.measures.rounds import Path, describe_rtt, held_ns, merge_buckets

US = 1_000


def path(source_connects: bool = True, **known: Any) -> Path:
    """One connection: names of a Side are the data sender's, the rest is the connection's."""
    of_side = {k: v for k, v in known.items() if k in ("rtt", "idle_rtt", "loop_rtt", "prompt_rtt", "near_rtt")}
    of_connection = {k: v for k, v in known.items() if k not in of_side}
    made = stream(a=side(packets=9, payload_bytes=10**8, **of_side), **of_connection)
    return Path(made, made.sides[0], made.sides[1], source_connects)


def told(*paths: Path, at_source: bool = False) -> Rtt:
    return describe_rtt(paths, at_source)


def test_at_the_sources_own_nic_data_to_ack_is_the_whole_path() -> None:
    """The role says where the point stands; no handshake is needed."""
    seen = told(path(rtt=rtt(5 * MS, 6 * MS)), at_source=True)
    assert (seen.coverage, seen.measured_by, seen.min_ms, seen.max_ms) == ("full", "ack", 5.0, 6.0)
    assert "own NIC" in seen.coverage_because


@pytest.mark.parametrize(
    ("near_ns", "far_ns", "coverage"),
    [
        (100 * US, 5 * MS, "full"),
        (101 * US, 1 * MS, "destination_half"),
        (4 * MS, 100 * MS, "full"),
        (6 * MS, 100 * MS, "destination_half"),
        (80 * US, 20 * US, "destination_half"),
    ],
)
def test_beside_the_sender_its_half_is_next_to_nothing(near_ns: int, far_ns: int, coverage: str) -> None:
    """Within a cable's length, or a twentieth of the other half; and never where the other half is the shorter one."""
    seen = told(path(rtt=rtt(far_ns), synack_to_ack_ns=near_ns))
    assert seen.coverage == coverage
    assert seen.min_ms == far_ns / MS


def test_the_senders_half_lies_on_the_other_side_where_the_destination_connects() -> None:
    """Then SYN to SYN/ACK is between the capture point and the data's sender."""
    known: dict[str, Any] = {"rtt": rtt(5 * MS), "syn_to_synack_ns": 20 * US, "synack_to_ack_ns": 5 * MS}
    assert told(path(source_connects=False, **known)).coverage == "full"
    assert told(path(source_connects=True, **known)).coverage == "destination_half"


def test_a_timestamp_echo_shows_the_senders_half_too() -> None:
    """Without a handshake in view the shortest echo of an ACK tells how near the sender is."""
    seen = told(path(rtt=rtt(5 * MS), near_rtt=rtt(30 * US, 9 * MS)))
    assert (seen.coverage, seen.measured_by) == ("full", "ack")


HALVES: dict[str, Any] = {"rtt": rtt(3 * MS), "near_rtt": rtt(2 * MS)}
PAUSED = [90 * MS] * 50
"""Echoes that waited until the sender had something to send again."""


def test_in_mid_path_timestamp_echoes_give_the_whole_path() -> None:
    """Data, its ACK, the data that echoes it: both halves, of those that hold no wait of the sender."""
    prompt = [5 * MS + n for n in range(20)]
    seen = told(path(**HALVES, loop_rtt=rtt(4 * MS, *prompt, *PAUSED), prompt_rtt=rtt(*prompt), handshake_ns=5 * MS))
    assert (seen.coverage, seen.measured_by, seen.samples) == ("full", "timestamp_echo", 21)
    assert (seen.min_ms, seen.p95_ms, seen.max_ms) == (5.0, (5 * MS + 18) / MS, (5 * MS + 19) / MS)


def test_too_few_echoes_of_a_sender_that_was_sending_leave_the_handshake() -> None:
    """The sender's pauses are no round trips: of 19 others no 95th percentile can be told, only the least."""
    prompt = [5 * MS + n for n in range(19)]
    seen = told(path(**HALVES, loop_rtt=rtt(*prompt, *PAUSED), prompt_rtt=rtt(*prompt), handshake_ns=6 * MS))
    assert (seen.coverage, seen.measured_by, seen.samples, seen.max_ms) == ("full", "handshake", 2, 6.0)


@pytest.mark.parametrize(
    ("near_ns", "loop_ns", "least_ms", "idle_ms"),
    [
        (4_100_000, [], 4.2, None),  # an ACK's stamp came back with data, though no data was timed for that ACK
        (4_300_000, [4_150_000], 4.15, None),
        (7_600_000, [], 7.7, 8.0),  # hardly shorter: nobody was slow
        (9_000_000, [9_000_000], 8.0, 8.0),  # they waited: the handshake is the shorter
    ],
)
def test_an_echo_bounds_a_handshake_that_was_not_answered_at_once(
    near_ns: int, loop_ns: list[int], least_ms: float, idle_ms: float | None
) -> None:
    """The handshake took 8 ms; no echo is shorter than the path, so one that took 4 leaves no 8 to the path."""
    known = {"rtt": rtt(100_000), "near_rtt": rtt(near_ns), "loop_rtt": rtt(*loop_ns) if loop_ns else rtt(90 * MS)}
    seen = told(path(**known, handshake_ns=8 * MS))
    assert (seen.coverage, seen.measured_by, seen.handshake_ms) == ("full", "handshake", 8.0)
    assert (seen.min_ms, seen.p5_ms) == (pytest.approx(least_ms), pytest.approx(least_ms))
    assert seen.idle_ms == idle_ms


def test_echoes_that_waited_are_no_more_than_an_upper_bound() -> None:
    """Without a handshake: the path takes no longer than the shortest; nothing is said of how round trips spread."""
    seen = told(path(**HALVES, loop_rtt=rtt(5 * MS, *PAUSED)))
    assert (seen.coverage, seen.measured_by, seen.min_ms, seen.samples) == ("full", "timestamp_echo", 5.0, 51)
    assert {seen.p50_ms, seen.p90_ms, seen.p95_ms, seen.p99_ms, seen.max_ms} == {None}
    assert seen.histogram == []


def test_the_handshake_alone_is_one_sample_of_the_whole_path() -> None:
    """Nothing else covers both halves: it is the distribution, one sample a connection."""
    seen = told(path(rtt=rtt(3 * MS), handshake_ns=6 * MS, synack_to_ack_ns=3 * MS), path(handshake_ns=5 * MS))
    assert (seen.coverage, seen.measured_by, seen.samples) == ("full", "handshake", 2)
    assert (seen.min_ms, seen.p5_ms, seen.idle_ms, seen.max_ms, seen.handshake_ms) == (5.0, 5.0, 5.0, 6.0, 5.0)


def test_a_half_stays_a_half() -> None:
    """Seen from the middle, with neither handshake nor timestamps."""
    seen = told(path(rtt=rtt(3 * MS)))
    assert (seen.coverage, seen.min_ms, seen.handshake_ms) == ("destination_half", 3.0, None)
    assert "only the half" in seen.coverage_because


def test_nothing_seen_is_no_figure() -> None:
    """Unknown is null, never 0."""
    for seen in (told(path()), told()):
        assert (seen.samples, seen.coverage, seen.measured_by) == (0, None, None)
        assert {seen.min_ms, seen.p5_ms, seen.p50_ms, seen.p99_ms, seen.max_ms, seen.idle_ms} == {None}
        assert seen.histogram == []
        assert seen.coverage_because


def test_the_idle_path_is_apart_from_the_loaded_one() -> None:
    """Samples with nothing in flight and the handshake show the path; the rest shows its queue."""
    seen = told(path(rtt=rtt(*range(20 * MS, 40 * MS, MS)), idle_rtt=rtt(3 * MS), handshake_ns=4 * MS), at_source=True)
    assert (seen.idle_ms, seen.idle_samples, seen.p5_ms) == (3.0, 2, 20.0)


def holding(count: int, made: Path) -> Path:
    """The same path, whose receiver held back so many ACKs."""
    return replace(made, back=replace(made.back, delayed_acks=count))


def test_what_the_receiver_held_an_ack_back_for_is_no_part_of_the_idle_path() -> None:
    """A window of one segment: 40 lone segments wait for the receiver's timer, and each round takes as long."""
    lone = rtt(*[41 * MS] * 40)
    held = holding(40, path(rtt=rtt(MS, *[41 * MS] * 40), idle_rtt=lone, handshake_ns=MS + 20 * US))
    seen = told(held, at_source=True)
    assert (seen.idle_ms, seen.idle_samples) == (1.02, 1)
    assert held_ns([held]) == 40 * MS
    far = holding(0, held)  # the same times of a path that is as long: no ACK was held back
    assert told(far, at_source=True).idle_ms == 41
    assert held_ns([far]) == 0


def test_a_few_acks_that_were_held_back_change_nothing_of_the_rounds() -> None:
    """Two of forty: the idle path is as short, and no round waited for them."""
    few = holding(2, path(rtt=rtt(*[MS] * 40), idle_rtt=rtt(*[MS] * 38, 41 * MS, 42 * MS)))
    assert (told(few, at_source=True).idle_ms, told(few, at_source=True).idle_samples, held_ns([few])) == (1, 38, 0)


def test_each_bin_of_the_histogram_says_how_many_of_its_samples_met_an_idle_path() -> None:
    """The handshake is none of the samples; where the echo of a stamp closes the round trips nobody knows."""
    bins = told(
        path(rtt=rtt(3 * MS, 3 * MS, 20 * MS, 30 * MS), idle_rtt=rtt(3 * MS, 20 * MS), handshake_ns=4 * MS),
        at_source=True,
    ).histogram
    assert [(one.count, one.idle) for one in bins] == [(2, 1), (1, 1), (1, 0)]
    loops = rtt(*range(5 * MS, 5 * MS + 20))
    by_echo = told(path(**HALVES, loop_rtt=loops, prompt_rtt=loops, idle_rtt=rtt(3 * MS)))
    assert by_echo.measured_by == "timestamp_echo"
    assert {one.idle for one in by_echo.histogram} == {None}


def test_a_handshake_is_no_sample_of_a_half() -> None:
    """It crosses the whole path: among samples of one half it would lean high."""
    half = path(rtt=rtt(3 * MS), idle_rtt=rtt(3 * MS, 3 * MS))
    assert told(half).idle_samples == 2


VALUES = st.lists(st.integers(1, 10**10), min_size=1, max_size=40)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_percentiles_are_nearest_ranks_over_all_connections(per_connection: list[list[int]]) -> None:
    """The smallest value with at least so much of all samples at or below it, whichever connection it is of."""
    seen = told(*(path(rtt=rtt(*values)) for values in per_connection), at_source=True)
    every = sorted(value for values in per_connection for value in values)
    for percent, found in ((5, seen.p5_ms), (50, seen.p50_ms), (90, seen.p90_ms), (95, seen.p95_ms), (99, seen.p99_ms)):
        assert found == every[max(0, math.ceil(len(every) * percent / 100) - 1)] / MS
    assert (seen.min_ms, seen.max_ms, seen.samples) == (every[0] / MS, every[-1] / MS, len(every))


@given(VALUES)
def test_the_histogram_holds_every_sample_once(values: list[int]) -> None:
    """Bins rise, do not touch twice, and each sample lies in one."""
    bins = told(path(rtt=rtt(*values)), at_source=True).histogram
    assert sum(one.count for one in bins) == len(values)
    for one, other in itertools.pairwise(bins):
        assert one.high_ms <= other.low_ms * (1 + 1e-12)
    for one in bins:
        assert 1.05 < one.high_ms / one.low_ms < 1.12
        inside = [v for v in values if one.low_ms * (1 - 1e-9) <= v / MS < one.high_ms * (1 + 1e-9)]
        assert len(inside) >= one.count


def test_no_percentile_lies_below_the_smallest_sample() -> None:
    """A bucket stands at its lower edge, which may be a little less than what was measured."""
    bucketed: RttSummary = replace(
        NO_RTT, samples=1, min_ns=1003, max_ns=1003, bucket_low_ns=np.array([1000]), bucket_count=np.array([1])
    )
    assert told(path(rtt=bucketed), at_source=True).p5_ms == 1003 / MS


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(1, 10**10), max_size=5))
def test_merging_adds_up(per_connection: list[list[int]], exact: list[int]) -> None:
    """Every sample of every summary and every exact value, sorted, counted once."""
    values, counts = merge_buckets([rtt(*one) for one in per_connection], exact)
    every = sorted([*exact, *(value for one in per_connection for value in one)])
    assert np.repeat(values, counts).tolist() == every


def test_a_senders_half_that_only_the_points_name_leaves_out_is_told() -> None:
    """Named the source's NIC, but the source takes a third as long to answer as the destination."""
    seen = told(path(rtt=rtt(9 * MS), synack_to_ack_ns=3 * MS), at_source=True)
    assert (seen.coverage, seen.measured_by, seen.min_ms, seen.unproven_half_ms) == ("full", "ack", 9.0, 3.0)
    assert "named" in seen.coverage_because
    assert told(path(rtt=rtt(9 * MS), synack_to_ack_ns=30 * US), at_source=True).unproven_half_ms is None
    assert told(path(rtt=rtt(9 * MS), synack_to_ack_ns=3 * MS)).unproven_half_ms is None
