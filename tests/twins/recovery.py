"""What made a sender send again, told with plain integers from packets and what is marked of each."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.twins.analysis import Said

TIMEOUT_NS = 200_000_000
NEXT = 64
"""A sender whose identification rises by no more from one segment to the next counts its packets."""


def recovery_of(packets: Sequence[Any], said: Sequence[Said], sender: tuple[str, int]) -> dict[str, int]:
    """Counts for one sender who numbers its packets in the IP identification, without wraps."""
    counts: Counter[str] = Counter()
    most = {"late_most_bytes": 0, "late_most_segments": 0, "late_most_ns": 0}
    on_their_way: dict[int, int] = {}  # end of each segment without an ACK: when it first passed
    highest: tuple[int, int, int] | None = None  # end, time and identification of the newest data
    last_answer: Any = None
    is_counting = False
    repeats = 0
    for packet, marks in zip(packets, (one.marks for one in said), strict=True):
        if packet.source != sender:
            repeats = repeats + ("duplicate_ack" in marks) if last_answer and last_answer.ack == packet.ack else 0
            last_answer = packet
            on_their_way = {end: ts for end, ts in on_their_way.items() if end > packet.ack}
            continue
        if not packet.size:
            continue
        end = packet.seq + packet.size
        on_their_way.setdefault(end, packet.ts_ns)
        if highest is None or end > highest[0]:
            is_counting = highest is not None and packet.number - highest[2] <= NEXT
            highest = (end, packet.ts_ns, packet.number)
            continue
        if not marks & {"retransmission", "out_of_order"} or packet.number == highest[2] or not is_counting:
            continue
        if packet.number < highest[2]:
            counts["came_late"] += 1
            most["late_most_bytes"] = max(most["late_most_bytes"], highest[0] - packet.seq)
            overtook = [ts for later, ts in on_their_way.items() if later > end]
            most["late_most_segments"] = max(most["late_most_segments"], len(overtook) or 1)
            most["late_most_ns"] = max(most["late_most_ns"], packet.ts_ns - min([highest[1], *overtook]))
            continue
        counts["sent_again"] += 1
        if repeats or (last_answer and last_answer.sack):
            counts["resent_reported"] += 1
        elif packet.ts_ns - highest[1] >= TIMEOUT_NS:
            counts["resent_timeout"] += 1
        counts["resent_tail"] += end == highest[0]
    names = ("came_late", "sent_again", "resent_reported", "resent_timeout", "resent_tail")
    return {**{name: counts[name] for name in names}, **most}
