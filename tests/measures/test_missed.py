"""What a capture missed though it was not silent: proven by what was acknowledged, answered, or left out by number."""

import random

import numpy as np
import pytest

from tests.flows.made_frames import make_frames
from tests.measures.talk import MS, Row, echo, pings, segment
from vmpcap.measures.journal import Journal
from vmpcap.measures.kernels.skips import skips_numbers
from vmpcap.measures.missed import SURE, find_missed


def missed_in(rows: list[Row]) -> list[tuple[float, float, bool]]:
    """From when to when, ms, and whether for sure; of TCP all is one connection, the peer's side the first."""
    ordered = sorted(rows, key=lambda row: int(row["ts_ns"]))
    frames = make_frames(ordered)
    is_tcp = frames.ip_protocol == 6
    side = (frames.src_port == 80).astype(np.uint8)
    journal = Journal()
    journal.keep(1, frames, np.ones(len(ordered), np.bool_), np.where(is_tcp, 0, -1).astype(np.int32), side)
    return [(row[0] / MS, row[1] / MS, bool(row[SURE])) for row in find_missed(journal.columns()).tolist()]


def talk(count: int) -> list[Row]:
    """Every 10 ms the peer asks by 100 bytes and the guest answers by 50."""
    rows = []
    for n in range(count):
        rows.append(segment(10 * n, True, 1000 + 100 * n, 5000 + 50 * n, 100))
        rows.append(segment(10 * n + 1, False, 5000 + 50 * n, 1100 + 100 * n, 50))
    return rows


def without(rows: list[Row], *places: int) -> list[Row]:
    return [row for n, row in enumerate(rows) if n not in places]


def test_a_segment_that_was_acknowledged_and_is_not_in_view_was_missed() -> None:
    """One of the peer at 100 ms, one of the guest at 151 ms: each between those of the same side beside it."""
    assert missed_in(talk(40)) == []
    assert missed_in(without(talk(40), 20, 31)) == [(90.0, 110.0, True), (141.0, 161.0, True)]


def test_a_segment_that_is_sent_again_was_lost_and_not_missed() -> None:
    """It comes before the point to whoever loses it, and passes later."""
    rows = [*without(talk(40), 20), segment(255, True, 2000, 6250, 100)]
    assert missed_in(rows) == []


def test_what_nobody_acknowledged_may_be_lost() -> None:
    """The guest's acknowledgements stay where they were."""
    rows = without(talk(40), 20)
    held = [row | {"tcp_ack": min(row["tcp_ack"], 2000)} if row["src_port"] == 80 else row for row in rows]
    assert [one for one in missed_in(held) if one[0] == 90.0] == []


def test_one_direction_alone_proves_nothing() -> None:
    """What the other side acknowledges passes elsewhere."""
    assert missed_in([row for row in without(talk(40), 20) if row["dst_port"] == 80]) == []


def test_a_wait_between_two_segments_is_too_long_to_say_when() -> None:
    """Half a second lies between them; who was away may have been served elsewhere meanwhile."""
    late = [row | {"ts_ns": row["ts_ns"] + 500 * MS * (row["ts_ns"] > 95 * MS)} for row in without(talk(40), 20)]
    assert missed_in(late) == []


def test_a_reply_without_its_request_was_asked_for() -> None:
    """Request 20 is missing, its reply is not: for sure; and by its number, too."""
    rows = [row for row in pings(60, 10) if (row["icmp_seq"], row["icmp_type"]) != (20, 8)]
    assert missed_in(rows) == [(190.0, 210.0, True), (190.0, 210.0, False)]


def test_a_number_that_a_steady_beat_leaves_out_was_missed_or_lost_before() -> None:
    """Neither request nor reply is in view; sixteen in a row went another way, or were lost by another cause."""
    rows = [row for row in pings(60, 10) if row["icmp_seq"] != 20]
    assert missed_in(rows) == [(190.0, 210.0, False)]
    assert missed_in([row for row in pings(60, 10) if not 20 <= row["icmp_seq"] < 36]) == []


def test_who_skips_numbers_at_its_usual_pace_missed_none() -> None:
    """Every second number, one each 10 ms."""
    assert missed_in([echo(10 * n, 2 * n) for n in range(60)]) == []


@pytest.mark.parametrize("seed", range(40))
def test_what_is_told_of_a_thinned_conversation_was_taken_from_it(seed: int) -> None:
    """Of a sound one nothing is; of one thinned at random each proof spans a frame that was taken, none beside it."""
    rng = random.Random(seed)
    rows = talk(60) if seed % 2 else pings(120, 10)
    first = rng.randrange(30, 60)
    taken = [n for n in range(first, first + 40) if rng.random() < rng.choice((0.2, 0.5))]
    gone = [int(rows[n]["ts_ns"]) / MS for n in taken]
    found = missed_in(without(rows, *taken))
    assert all(any(begin < ts < end for ts in gone) for begin, end, _ in found)


def skipped_by_twin(told: list[tuple[int, int, int, int, int]]) -> bool:
    """One segment at a time: flow, side, number, flags, payload bytes."""
    shown: dict[tuple[int, int], int] = {}
    for flow, side, seq, flags, payload in told:
        size = payload + (flags & 3 != 0)
        if not size:
            continue
        beyond = shown.get((flow, side))
        ahead = 0 if beyond is None else (seq - beyond + 2**31) % 2**32 - 2**31
        if ahead > 0:
            return True
        end = (seq + size) % 2**32
        if beyond is None or (end - beyond + 2**31) % 2**32 - 2**31 > 0:
            shown[flow, side] = end
    return False


@pytest.mark.parametrize("seed", range(200))
def test_numbers_that_are_jumped_over_are_found_as_the_twin_finds_them(seed: int) -> None:
    """Several connections, repetitions, bare acknowledgements, numbers that begin again at zero; some rows asked."""
    rng = random.Random(seed)
    at = {(flow, side): rng.choice((5, 2**32 - 90)) for flow in range(3) for side in (0, 1)}
    told = []
    for _ in range(rng.randrange(1, 60)):
        key = rng.randrange(3), rng.randrange(2)
        size, back = rng.choice((0, 1, 40)), rng.choice((0, 0, 0, 0, 40))
        jump = rng.choice((0,) * 40 + (1, 100))
        flags = rng.choice((16, 16, 16, 24, 17, 2))
        told.append((*key, (at[key] - back + jump) % 2**32, flags, size))
        at[key] = (at[key] + jump + (0 if back else size + (flags & 3 != 0))) % 2**32
    columns = [np.array(column, kind) for column, kind in zip(
        zip(*told, strict=True), (np.int32, np.uint8, np.uint32, np.uint16, np.int32), strict=True)]  # fmt: skip
    rows = np.array(sorted(rng.sample(range(len(told)), rng.randrange(1, len(told) + 1))), np.int64)
    given = [rows, *columns]
    for column in given:
        column.flags.writeable = False
    found = skips_numbers(*given, np.full((3, 2), -1, np.int64))
    assert bool(found) is skipped_by_twin([told[row] for row in rows.tolist()])
