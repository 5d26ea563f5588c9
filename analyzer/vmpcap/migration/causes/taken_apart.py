"""Which outages are taken apart where there are too many of them for that."""

from collections.abc import Sequence
from typing import Final

from vmpcap.migration.anew import Service, asked_in_vain
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_MS

MOST_STREAMS: Final = 64
"""So many outages are taken apart, the worst first."""


def which_apart(suffered: Sequence[Suffered]) -> frozenset[int]:
    """
    Which of these, by their place, are taken apart?

    Of connections that a peer opens in vain, which are told as one service, the longest before any second one: a
    scanner's would leave no room for others. Then those without an end, each by its time in view. What has no outage of
    its own takes no room.
    """
    every = [n for n, one in enumerate(suffered) if _has_parts(one)]
    if len(every) <= MOST_STREAMS:
        return frozenset(every)
    every.sort(key=lambda n: (suffered[n].ended, -_length(suffered[n])))
    told: set[Service] = set()
    first: list[int] = []
    again: list[int] = []
    for n in every:
        service = asked_in_vain(suffered[n])
        (again if service in told else first).append(n)
        if service is not None:
            told.add(service)
    return frozenset([*first, *again][:MOST_STREAMS])


def _has_parts(one: Suffered) -> bool:
    return one.stream is not None and one.view is not None and (one.outage is not None or one.joined is not None)


def _length(one: Suffered) -> float:
    """For how long was it without an answer, as far as is known, in milliseconds?"""
    seen_ns = 0 if one.outage is None else one.outage.seen_ns
    return max(one.peer.outage_ms or 0.0, one.at_least_ms or 0.0, seen_ns / NS_PER_MS)
