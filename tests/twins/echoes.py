"""What echoed time stamps prove and which ACKs were held, told with plain integers from packets and their marks."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.twins.analysis import Said

HELD_NS = 30_000_000
MOST_HELD_NS = 520_000_000
CLOSING = 0x07
ACK, SYN = 0x10, 0x02


def echoes_of(
    packets: Sequence[Any], said: Sequence[Said], sender: tuple[str, int], trips_ns: list[int] | None = None
) -> dict[str, int]:
    """
    For one sender that stamps all or nothing, without wraps and identifications: what its receiver's echoes say.

    delayed_acks is the receiver's. The round trips go into trips_ns, in their order.
    """
    counts: Counter[str] = Counter()
    least = 0
    end_of_newest, newest_stamp = 0, None
    timed: tuple[int, int, int] | None = None  # stamp, first number, time
    again: tuple[int, int] | None = None  # stamp, first number
    last_ack = 0
    waiting: set[int] = set()
    was_sent_twice = False
    for packet, one in zip(packets, said, strict=True):
        is_synced = bool(packet.flags & SYN)
        if packet.source == sender:
            end = packet.seq + packet.size + is_synced
            if packet.size and packet.stamps:
                stamp = packet.stamps[0]
                if end > end_of_newest:
                    if timed is None and (newest_stamp is None or stamp > newest_stamp):
                        timed = stamp, packet.seq, packet.ts_ns
                elif (
                    one.marks & {"retransmission", "out_of_order"}
                    and newest_stamp is not None
                    and stamp > newest_stamp
                    and again is None
                    and packet.seq == last_ack
                ):
                    again = stamp, packet.seq
            if packet.size and end <= end_of_newest and one.marks & {"retransmission", "out_of_order"}:
                was_sent_twice = True
            if packet.size or is_synced:
                waiting.add(end)
                if end > end_of_newest:
                    end_of_newest = end
                    newest_stamp = packet.stamps[0] if packet.stamps else newest_stamp
            continue
        last_ack = packet.ack
        is_lone = not was_sent_twice and len(waiting) == 1 and packet.size == 0 and not packet.flags & CLOSING
        waiting = {end for end in waiting if end > packet.ack}
        was_sent_twice = was_sent_twice and bool(waiting)
        if is_lone and one.ack_rtt_ns is not None and one.initial_rtt_ns:
            counts["delayed_acks"] += HELD_NS <= one.ack_rtt_ns - one.initial_rtt_ns <= MOST_HELD_NS
        if not packet.flags & ACK or not packet.stamps:
            continue
        if timed and packet.ack > timed[1]:
            if packet.stamps[1] == timed[0]:
                took = packet.ts_ns - timed[2]
                least = took if not counts["rtt_ts_samples"] else min(least, took)
                counts["rtt_ts_samples"] += 1
                if trips_ns is not None:
                    trips_ns.append(took)
            timed = None
        if again and packet.ack > again[1]:
            counts["needless_eifel"] += packet.stamps[1] < again[0]
            again = None
    names = ("needless_eifel", "delayed_acks", "rtt_ts_samples")
    return {**{name: counts[name] for name in names}, "rtt_ts_least_ns": least}
