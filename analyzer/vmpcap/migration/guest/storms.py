"""Is a machine announced more often than hypervisors and guests do?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from vmpcap.announcements.schedules import sendings
from vmpcap.announcements.series import NO_CLAIM, Series
from vmpcap.terms.units import NS_PER_S

MINUTE_NS: Final = 60 * NS_PER_S
MOST_PER_MINUTE: Final = 25
"""
Frames of one kind for one address: ESXi sends 10 in 55 s for one event (domain notes 10.1), a guest of its own as many
again; two events in a minute are usual where a host's uplinks come and go. What is above that no schedule explains.
"""

Claim = tuple[str, tuple[int, int]]
"""Kind of announcement, and the address that it claims; NO_CLAIM where it names none, as RARP does."""


def times_by_claim(events: Iterable[Series]) -> dict[Claim, list[int]]:
    """
    When was which address announced, by which kind of frame?

    A router or a cluster that takes over thirty addresses says each of them once: that is no storm of one. Inside a
    tunnel, where each endpoint gets a copy of its own, copies near each other count once.
    """
    found: dict[Claim, list[int]] = {}
    events = list(events)
    for event in events:
        claims = event.claims or (NO_CLAIM,) * event.count
        for kind, claim, ts in zip(event.frame_kinds, claims, event.times, strict=True):
            found.setdefault((kind, claim), []).append(ts)
    return {claim: sendings(seen) for claim, seen in found.items()} if is_in_tunnel(events) else found


def busiest(times: Mapping[Claim, Sequence[int]]) -> tuple[str, int]:
    """Of which kind, and how many, were the most frames of one claim within a minute?"""
    return max((((kind, most_in_a_minute(seen))) for (kind, _), seen in times.items()), key=lambda one: one[::-1])


def is_storm(events: Iterable[Series]) -> bool:
    """Did one claim of these events come more often in a minute than any known schedule gives for two events?"""
    return busiest(times_by_claim(events))[1] > MOST_PER_MINUTE


def is_in_tunnel(events: Iterable[Series]) -> bool:
    """Was any of it seen inside an overlay?"""
    return any(event.vni >= 0 for event in events)


def most_in_a_minute(times: Sequence[int]) -> int:
    """How many of these fall into the fullest sixty seconds?"""
    ordered, first, most = sorted(times), 0, 0
    for last, ts in enumerate(ordered):
        while ts - ordered[first] >= MINUTE_NS:
            first += 1
        most = max(most, last - first + 1)
    return most
