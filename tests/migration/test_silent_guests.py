"""A guest that was announced long after its stream: what tells that it stopped with it."""

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, journal, moves_of, stream, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guests import find_guests
from vmpcap.migration.moved import Moved
from vmpcap.migration.outcome import judge_outcome
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.wire import TCP_ACK, TCP_RST

BEGINS, LASTS = 5 * S, 1.0
ENDS = BEGINS + S
BACK = ENDS + 3 * S
"""A stun of three seconds."""


def talk(*times: int, skip: int = 0, after: int = TCP_ACK) -> JournalColumns:
    """The guest's segments of one connection, a hundred bytes each; `skip` bytes are missing before those after."""
    made = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))
    late = np.array(times) >= BACK
    return made._replace(
        ip_protocol=np.full(len(times), 6, np.uint8),
        src_port=np.full(len(times), 2049, np.uint16),
        dst_port=np.full(len(times), 40_000, np.uint16),
        tcp_seq=(100 * np.arange(len(times)) + skip * late).astype(np.uint32),
        payload_bytes=np.full(len(times), 100, np.int32),
        tcp_flags=np.where(late, after, TCP_ACK).astype(np.uint16),
    )


BEFORE = tuple(range(0, ENDS - 40 * MS, 100 * MS))
AFTER = tuple(range(BACK + 10 * MS, BACK + S, 100 * MS))


def seen(rows: JournalColumns, **more: object) -> list[PointView]:
    """A point with the stream, one with the guest, which its host announces three seconds after the stream."""
    series = (announced(BACK, BACK + S, schedule="esxi"),)
    return [view("src", streams=(stream(BEGINS, LASTS),)), view("lan", series=series, journal=rows, **more)]


def joined(views: list[PointView]) -> Moved:
    (guests,), _ = find_guests(moves_of(*views), views)
    (guest,) = guests
    return guest


def test_a_guest_that_stopped_with_its_stream_is_its_own_though_it_was_announced_long_after() -> None:
    """Silent from 61 ms before the last data until its host's RARP, and its connection goes on: no other machine is."""
    views = seen(talk(*BEFORE, *AFTER))
    guest = joined(views)
    assert (guest.mac, guest.confidence) == (GUEST, "medium")
    assert "came 3001 ms from the stream's last data; but it said nothing from 99 ms before" in guest.because
    assert "1 connection of it went on" in guest.because
    (move,) = moves_of(*views)
    assert judge_outcome(move, (guest,), views).outcome == "completed"


@pytest.mark.parametrize(
    "views",
    [
        seen(talk(*BEFORE, ENDS + S, ENDS + 2 * S, *AFTER)),
        seen(talk(*BEFORE[:-30], *AFTER)),
        seen(talk(*BEFORE[::35], *AFTER)),
        seen(talk(*BEFORE, *AFTER, skip=1 << 24)),
        seen(talk(*BEFORE, *AFTER, after=TCP_RST)),
        seen(talk(*BEFORE)),
        seen(talk(*BEFORE, *AFTER), offset=None),
    ],
    ids=[
        "it spoke meanwhile",
        "it stopped long before",
        "it pauses as long at other times",
        "another connection",
        "it denies the connection",
        "it never spoke again",
        "clocks that nothing compares",
    ],
)
def test_what_does_not_stop_with_the_stream_is_joined_by_time_only(views: list[PointView]) -> None:
    """A stranger whose host's uplink failed over, or a machine that started, is announced some seconds after, too."""
    guest = joined(views)
    assert guest.confidence == "low"
    assert "an association by time only" in guest.because
    (move,) = moves_of(*views)
    assert judge_outcome(move, (guest,), views).outcome == "unknown"


def test_clocks_that_are_known_to_differ_are_put_on_one() -> None:
    """The point of the guest is an hour ahead."""
    hour = 3600 * S
    rows = talk(*BEFORE, *AFTER)
    late = announced(BACK + hour, BACK + S + hour, schedule="esxi")
    views = [
        view("src", streams=(stream(BEGINS, LASTS),)),
        view(
            "lan",
            series=(late,),
            journal=rows._replace(ts_ns=rows.ts_ns + hour),
            offset=Offset(hour - MS, hour + MS, 9),
            first_ts=hour,
            last_ts=hour + 100 * S,
        ),
    ]
    assert joined(views).confidence == "medium"
