"""Segments that never arrive, told from those that were merely lost, by hand-made journals."""

from typing import NamedTuple

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, journal, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.causes.stuck import Stuck, find_stuck, find_stucks
from vmpcap.migration.moved import Moved
from vmpcap.terms.addresses import ip_halves

MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
SYN, ACK = 0x02, 0x10


class Said(NamedTuple):
    """One segment of the guest, or back to it."""

    ts: int
    seq: int
    size: int = 0
    ack: int | None = None
    port: int = 45_000
    is_back: bool = False
    ip_id: int | None = None
    syn: bool = False


def made(*said: Said) -> JournalColumns:
    """These segments, in the order of time."""
    rows = sorted(said)
    to, back = (GUEST, GATEWAY, GUEST_IP, PEER_IP), (GATEWAY, GUEST, PEER_IP, GUEST_IP)
    j = journal(*((one.ts, *(back if one.is_back else to)) for one in rows))
    j.ip_protocol[:] = 6
    for n, one in enumerate(rows):
        j.src_port[n], j.dst_port[n] = (one.port, 80) if one.is_back else (80, one.port)
        j.tcp_seq[n], j.payload_bytes[n], j.tcp_ack[n] = one.seq, one.size, one.ack or 0
        j.tcp_flags[n] = (SYN if one.syn else 0) | (0 if one.ack is None else ACK)
        j.ip_id[n] = n if one.ip_id is None else one.ip_id
    return j


def sent(times: int, size: int = 1460, answer: int | None = 100) -> list[Said]:
    """The guest sends its segment 100 so often; the peer acknowledges up to `answer`."""
    rows = [Said(S + n * 100 * MS, 100, size) for n in range(times)]
    return rows if answer is None else [*rows, Said(3 * S, 5, ack=answer, is_back=True)]


def opened(ts: int, port: int = 45_001) -> list[Said]:
    """A connection of the peer that the guest accepts: its SYN/ACK is acknowledged."""
    syn = Said(ts, 9, port=port, is_back=True, syn=True)
    return [
        syn,
        Said(ts + MS, 99, ack=10, port=port, syn=True),
        Said(ts + 2 * MS, 10, ack=100, port=port, is_back=True),
    ]


def found(*said: Said, since: int = 0) -> Stuck | None:
    """What is stuck there."""
    return find_stuck(view("p", journal=made(*said)), MOVED, since)


def test_a_large_segment_that_is_never_acknowledged_is_stuck_while_smaller_ones_pass() -> None:
    """Those of another connection: ACKs are cumulative."""
    stuck = found(*sent(4), *opened(S + 150 * MS))
    assert stuck is not None
    assert (stuck.payload_bytes, stuck.times, stuck.smaller_pass) == (1460, 4, True)
    assert len(stuck.frames) == 3


def test_without_a_smaller_one_that_passes_meanwhile_the_way_may_be_dead_for_all() -> None:
    """Old ACKs, what passed before, what passed when nothing large was sent any more, what is not acknowledged."""
    unanswered = opened(S + 150 * MS)[:2]
    acknowledged_before = [Said(S // 2, 5, ack=100, is_back=True), Said(S + 150 * MS, 50, 50)]
    for more in ([], opened(S // 2), opened(S + 10 * MS), opened(2 * S), unanswered, acknowledged_before):
        stuck = found(*sent(4), *more)
        assert stuck is not None
        assert not stuck.smaller_pass


def test_copies_of_one_segment_in_the_capture_were_sent_once() -> None:
    """A hub, or a mirror of several ports: the IP identification tells."""
    copies = [Said(S + n * MS, 100, 1460, ip_id=77) for n in range(3)]
    assert found(*copies, *sent(0), *opened(S + MS + MS // 2)) is None
    assert found(*copies, Said(S + 100 * MS, 100, 1460), *sent(0)) is None


def test_where_one_as_large_arrives_meanwhile_its_size_is_not_the_reason() -> None:
    """The connection itself is dead."""
    other = [Said(S + 150 * MS, 100, 1460, port=45_001), Said(S + 160 * MS, 1, ack=1560, port=45_001, is_back=True)]
    assert found(*sent(4), *other) is None


def test_an_ack_that_comes_after_very_many_large_segments_is_found() -> None:
    """Only the large segments are bounded."""
    flood = [Said(S + 400 * MS + n, 5 + n, 1, is_back=True) for n in range(50_000)]
    assert found(*sent(4, answer=1560), *flood) is None


def test_what_was_lost_and_came_or_is_small_or_never_answered_is_not_stuck() -> None:
    """Nor what was sent before the time that is asked for."""
    assert found(*sent(4, answer=1560)) is None
    assert found(*sent(2)) is None
    assert found(*sent(4, size=200)) is None
    assert found(*sent(4, answer=None)) is None
    assert found(*sent(4), since=10 * S) is None


def test_no_peer_is_hidden_behind_the_many_segments_of_another() -> None:
    """300 of one peer's connections hang, and two of another's: the two are told, too."""
    many = [Said(S + n * MS + again * 100 * MS, 100, 1460, port=10_000 + n) for n in range(300) for again in range(3)]
    few = [Said(S + n * MS + again * 100 * MS, 100, 1460, port=45_000 + n) for n in (301, 302) for again in range(3)]
    acks = [Said(3 * S, 5, ack=100, port=one.port, is_back=True) for one in [*many[::3], *few[::3]]]
    j = made(*many, *few, *acks)
    other = ip_halves("10.200.9.9")
    theirs = (j.src_port >= 45_000) | (j.dst_port >= 45_000)
    for name, half in (("high", other[0]), ("low", other[1])):
        for end in ("src", "dst"):
            is_peer = theirs & (getattr(j, f"{end}_port") >= 45_000)
            getattr(j, f"{end}_{name}")[is_peer] = half
    stuck = find_stucks(view("p", journal=j), MOVED, 0)
    assert {int(j.dst_port[one.row]) for one in stuck} >= {45_301, 45_302}
