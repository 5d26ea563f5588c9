"""Segments that never arrive, told from those that were merely lost, by hand-made journals."""

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, journal, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guests import Moved
from vmpcap.migration.stuck import Stuck, find_stuck
from vmpcap.terms.addresses import ip_halves

MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def sent(times: int, size: int = 1460, answer: int | None = 100) -> JournalColumns:
    """The guest sends its segment 100 so often; the peer acknowledges up to `answer`."""
    rows = [(S + n * 100 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(times)]
    rows += [(S + 2 * S, GATEWAY, GUEST, PEER_IP, GUEST_IP)] if answer is not None else []
    made = journal(*rows)
    made.ip_protocol[:] = 6
    made.src_port[:times], made.dst_port[:times] = 80, 45_000
    made.src_port[times:], made.dst_port[times:] = 45_000, 80
    made.tcp_seq[:times] = 100
    made.payload_bytes[:times] = size
    made.tcp_ack[times:] = 0 if answer is None else answer
    return made


def found(rows: JournalColumns, since: int = 0) -> Stuck | None:
    """What is stuck there."""
    return find_stuck(view("p", journal=rows), MOVED, since)


def test_a_large_segment_that_is_never_acknowledged_is_stuck() -> None:
    """While the peer acknowledges what came before it."""
    stuck = found(sent(4))
    assert stuck == Stuck(1460, 4, (1, 2, 3))


def test_what_was_lost_and_came_or_is_small_or_never_answered_is_not_stuck() -> None:
    """Nor what was sent before the time that is asked for."""
    assert found(sent(4, answer=1560)) is None
    assert found(sent(2)) is None
    assert found(sent(4, size=200)) is None
    assert found(sent(4, answer=None)) is None
    assert found(sent(4, answer=0)) is None
    assert found(sent(4), since=10 * S) is None
