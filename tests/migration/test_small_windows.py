"""What a receive window of one or two segments, and ACKs that the receiver holds back, make of a stream."""

from dataclasses import replace
from typing import Any

import pytest

from tests.measures.followed import follow_batches
from tests.measures.stories import ACK, SYN, US, Packet
from tests.migration.make import MS, moves_of, view
from vmpcap.measures.connections import Connection
from vmpcap.migration.stream.figures import measure_stream

TIMER_MS = 40
"""For how long a receiver holds back the ACK of a lone segment."""


def through_a_small_window(window: int, half_ms: int, at_receiver: bool = False) -> Connection:
    """A sender that fills this window for 3 s: an ACK for each two segments, or after the timer for a lone one."""
    sender, receiver = ("10.10.1.11", 50_000), ("10.10.1.12", 8000)
    away = (half_ms, 0) if at_receiver else (0, half_ms)
    mss, seq = 1448, 1000

    def sent(at_us: int, seq: int, size: int, flags: int = ACK, **more: Any) -> Packet:
        ts = at_us * US + away[0] * MS
        return Packet(ts, *sender, *receiver, seq=seq, ack=701, size=size, flags=flags, window=500, **more)

    def answered(at_us: int, ack: int, flags: int = ACK, **more: Any) -> Packet:
        ts = at_us * US + (half_ms + away[1]) * MS
        return Packet(ts, *receiver, *sender, seq=701, ack=ack, flags=flags, window=window, **more)

    packets = [
        sent(0, seq - 1, 0, SYN, mss=1460)._replace(ack=0),
        answered(10, seq, SYN | ACK, mss=1460)._replace(seq=700),
        sent(2 * half_ms * 1000 + 20, seq, 0),
    ]
    at = 2 * half_ms * 1000 + 30
    while at < 3_000_000:
        pair = min(window // mss, 2)
        packets += [sent(at + n, seq + n * mss, mss) for n in range(pair)]
        seq += pair * mss
        held = 10 if pair == 2 else TIMER_MS * 1000
        packets.append(answered(at + pair + held, seq))
        at += pair + held + 2 * half_ms * 1000 + 10
    packets.sort(key=lambda p: p.ts_ns)
    (made,) = follow_batches([packets[n : n + 4000] for n in range(0, len(packets), 4000)]).connections()
    return replace(made, sides=(replace(made.sides[0], opening=b"QEVM\x00\x00\x00\x03"), made.sides[1]))


@pytest.mark.parametrize("at_receiver", [False, True])
@pytest.mark.parametrize(("window", "half_ms"), [(2920, 5), (2920, 1), (4000, 5), (2000, 5), (1500, 1)])
def test_a_window_of_one_or_two_segments_is_told_as_what_limits(window: int, half_ms: int, at_receiver: bool) -> None:
    """Also where each ACK waits for the receiver's timer, because a second segment does not fit."""
    (move,) = moves_of(view("up", streams=(through_a_small_window(window, half_ms, at_receiver),)))
    told = measure_stream(move.best)
    assert told.throughput.limit == "receiver_window"
    assert told.throughput.limit_shares["receiver_window"] > 0.9
    assert told.throughput.bulk_mbps == pytest.approx(told.throughput.mean_mbps, rel=0.05)
    if not at_receiver:
        assert told.rtt.idle_ms == pytest.approx(2 * half_ms, abs=0.1)
