"""What must have been sent while a point showed nothing: acknowledged bytes, left-out echo numbers."""

import numpy as np

from tests.flows.made_frames import make_frames
from tests.measures.talk import ACK, FIN, MS, SYN, Row, echo, pings, segment
from vmpcap.measures.gaps import GapLog
from vmpcap.measures.journal import Journal
from vmpcap.measures.unseen import Unseen, find_unseen
from vmpcap.terms.addresses import ip_halves

ENDS = (ip_halves("10.77.0.10"), ip_halves("10.99.0.2"))
NOTHING = Unseen(0, 0, (), 0, None)


def unseen_in(rows: list[Row]) -> list[Unseen]:
    """What each gap of these rows hides; of TCP all is one connection, the peer's side the first."""
    ordered = sorted(rows, key=lambda row: int(row["ts_ns"]))
    frames = make_frames(ordered)
    journal, log = Journal(), GapLog()
    is_tcp = frames.ip_protocol == 6
    side = (frames.src_port == 80).astype(np.uint8)
    journal.keep(1, frames, np.ones(len(ordered), np.bool_), np.where(is_tcp, 0, -1).astype(np.int32), side)
    log.absorb(frames.ts_ns, 1, None)
    return find_unseen(journal.columns(), log.rows())


def talk(steps: range) -> list[Row]:
    """Every 10 ms the peer asks by 100 bytes and the guest answers by 50."""
    rows = []
    for n in steps:
        rows.append(segment(10 * n, True, 1000 + 100 * n, 5000 + 50 * n, 100))
        rows.append(segment(10 * n + 1, False, 5000 + 50 * n, 1100 + 100 * n, 50))
    return rows


def test_bytes_that_were_acknowledged_and_are_not_in_view_passed_unseen() -> None:
    """Forty exchanges are cut out: 4,000 bytes of the peer, 2,000 of the guest."""
    assert unseen_in([*talk(range(10)), *talk(range(50, 60))]) == [Unseen(6000, 1, ENDS, 0, None)]


def test_a_guest_that_was_silent_acknowledged_nothing_unseen() -> None:
    """The peer's segment waits 400 ms for its answer, and the talk goes on where it was."""
    late = [segment(90, True, 1900, 5450, 100), segment(490, False, 5450, 2000, 50)]
    after = [row | {"ts_ns": row["ts_ns"] + 400 * MS} for row in talk(range(10, 20))]
    assert unseen_in([*talk(range(9)), *late, *after]) == [NOTHING]


def test_what_is_sent_again_after_the_gap_was_not_lost_to_the_view() -> None:
    """Segments lost before the point are resent, and only then acknowledged."""
    before = [*talk(range(5)), segment(50, True, 1500, 5250, 100)]
    resent = [segment(450, True, 1500, 5250, 100), segment(451, False, 5250, 1600, 50)]
    assert unseen_in([*before, *resent]) == [NOTHING]


def test_of_a_way_back_that_passes_elsewhere_every_ack_is_of_unseen_bytes_and_says_nothing() -> None:
    """Only the peer's segments pass this point."""
    rows = [row for row in [*talk(range(10)), *talk(range(50, 60))] if row["dst_port"] == 80]
    assert unseen_in(rows) == [NOTHING]


def test_numbers_wrap_without_a_jump() -> None:
    """Sequence numbers pass 2^32 in the gap; 300 bytes are missing."""
    top = 2**32
    rows = [segment(0, True, top - 100, 1, 100), segment(1, False, 1, 0, 0)]
    rows += [segment(500, True, 300, 1, 100), segment(501, False, 1, 400, 0)]
    assert unseen_in(rows) == [Unseen(300, 1, ENDS, 0, None)]


def test_the_ends_of_a_connection_take_numbers_and_no_bytes() -> None:
    """A FIN, and a quarter of a second later its ACK: one number on, nothing unseen. A new SYN says nothing."""
    rows = [segment(0, True, 10, 1, 5), segment(1, False, 1, 15, 0), segment(2, True, 15, 1, 0, FIN | ACK)]
    assert unseen_in([*rows, segment(250, False, 1, 16, 0), segment(251, True, 16, 1, 0)]) == [NOTHING]
    assert unseen_in([*rows, segment(250, True, 90_000, 0, 0, SYN), segment(251, False, 7, 90_001, 0)]) == [NOTHING]


def test_left_out_numbers_of_echo_requests_were_sent() -> None:
    """Requests 20 to 59 of a steady ping are missing, in a gap of 40 intervals."""
    rows = [row for row in pings(100, 10) if not 20 <= row["icmp_seq"] < 60]
    assert unseen_in(rows) == [Unseen(0, 0, (), 40, (20, 59), ip_halves("10.99.0.2"))]


def test_a_ping_that_paused_left_out_no_number() -> None:
    """It goes on with the next number."""
    rows = [row | {"ts_ns": row["ts_ns"] + (400 * MS if row["icmp_seq"] >= 20 else 0)} for row in pings(100, 10)]
    assert unseen_in(rows) == [NOTHING]


def test_requests_that_are_missing_for_longer_than_a_gap_are_not_missing_because_of_it() -> None:
    """While no request comes, ARP goes on every 100 ms: the point saw what passed it."""
    rows = [row for row in pings(100, 10) if not 20 <= row["icmp_seq"] < 60]
    others = [echo(t, 1, icmp_type=13, icmp_id=1) for t in range(195, 600, 100)]
    assert set(unseen_in([*rows, *others])) == {NOTHING}


def test_bytes_that_may_have_passed_at_a_time_in_view_are_of_no_gap() -> None:
    """The talk ceases while other frames come every second: its guest was elsewhere, and this point was not blind."""
    beats = [segment(1000 * n, True, 7, 7, 0) | {"ip_protocol": 17} for n in range(1, 9)]
    assert unseen_in([*talk(range(10)), *beats, *talk(range(900, 910))]) == [NOTHING] * 9
