"""Services that a peer asks by many short streams: one row for all in which nothing was asked while the guest moved."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from vmpcap.migration.results import Peer, Service
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import ms

LEAST_STREAMS: Final = 3
"""Fewer have a row each."""

Key = tuple[str, str]


def tell_services(suffered: Sequence[Suffered]) -> list[Service]:
    """Of which services of which peers was nothing asked while the guest moved, in many streams? In the order given."""
    groups: dict[Key, list[Suffered]] = {}
    for one in suffered:
        if is_quiet(one.peer):
            groups.setdefault(service_of(one.peer), []).append(one)
    others = Counter(service_of(one.peer) for one in suffered if not is_quiet(one.peer))
    return [_told(key, group, others[key]) for key, group in groups.items() if len(group) >= LEAST_STREAMS]


def is_quiet(stream: Peer) -> bool:
    """Was nothing asked in it while the guest moved, and did it lose nothing later either?"""
    later = (stream.later_outage_ms, stream.lost_later_ms, stream.part_lost)
    return stream.unasked and stream.survived is not False and all(one is None for one in later)


def service_of(stream: Peer) -> Key:
    """Whose service is it, and which?"""
    return stream.peer, stream.protocol


def _told(key: Key, group: Sequence[Suffered], others: int) -> Service:
    points = list(dict.fromkeys(one.peer.point for one in group))
    return Service(
        peer=key[0],
        protocol=key[1],
        points=points,
        streams=len(group),
        others=others,
        every_ms=_usual_gap(group, points),
    )


def _usual_gap(group: Sequence[Suffered], points: Sequence[str]) -> float | None:
    """How long after one of them does the next one usually begin? By what one point saw each: clocks may differ."""
    gaps: list[int] = []
    for point in points:
        begun = sorted(one.begun_ts for one in group if one.peer.point == point and one.begun_ts is not None)
        gaps += [later - earlier for earlier, later in pairwise(begun)]
    return ms(round(median(gaps))) if gaps else None
