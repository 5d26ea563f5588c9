"""Who else announced itself, how often, and is that what a hypervisor's schedule gives, or a storm?"""

from collections.abc import Collection, Sequence
from typing import Final

from vmpcap.announcements.schedules import sendings
from vmpcap.announcements.series import Series
from vmpcap.migration.announcer_results import Announcer
from vmpcap.migration.guests import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import mac_text
from vmpcap.terms.units import NS_PER_S, count_of, iso_utc

MINUTE_NS: Final = 60 * NS_PER_S
MOST_PER_MINUTE: Final = 25
"""
Frames of one kind: ESXi sends 10 in 55 s for one event (domain notes 10.1), a guest of its own as many again; two
events in a minute are usual where a host's uplinks come and go. What is above that no schedule explains.
"""
MOST_ANNOUNCERS: Final = 100
"""Machines that are told of, the busiest first."""

NAMES: Final = {"esxi": "ESXi's", "qemu": "QEMU's"}


def find_announcers(views: Sequence[PointView], guests: Collection[Moved]) -> list[Announcer]:
    """
    Which machines announced themselves beside the migrations that were found, each at the point that saw most of it?

    Notes
    -----
    A frame that was captured twice counts twice: a mirror of several ports can make a storm of a quiet network. Inside
    a tunnel each endpoint gets a copy of its own of one frame: points that see it as it is are preferred, and where
    there is none, copies near each other are one. A loop that is faster than that is missed there.
    """
    moved = {(view.name, series.mac, series.first_ts) for guest in guests for view, series in guest.heard}
    by_mac: dict[int, dict[str, list[Series]]] = {}
    for view in views:
        for series in view.series:
            if (view.name, series.mac, series.first_ts) not in moved and series.boot != "answered":
                by_mac.setdefault(series.mac, {}).setdefault(view.name, []).append(series)
    found = []
    for mac, at in by_mac.items():
        point, events = max(at.items(), key=lambda item: (not _in_tunnel(item[1]), sum(s.count for s in item[1])))
        found.append(_describe(mac, point, events))
    found.sort(key=lambda one: (not one.storm, -one.most_in_a_minute, one.first_ts or "", one.mac))
    return found[:MOST_ANNOUNCERS]


def _describe(mac: int, point: str, events: Sequence[Series]) -> Announcer:
    kinds: dict[str, list[int]] = {}
    for event in events:
        for kind, ts in zip(event.frame_kinds, event.times, strict=True):
            kinds.setdefault(kind, []).append(ts)
    counted = {kind: sendings(seen) if _in_tunnel(events) else seen for kind, seen in kinds.items()}
    busiest = max(counted, key=lambda kind: (_most_in_a_minute(counted[kind]), kind))
    most = _most_in_a_minute(counted[busiest])
    times = [ts for all_of_it in kinds.values() for ts in all_of_it]
    schedules = {event.schedule for event in events if event.schedule is not None}
    schedule = next(iter(schedules)) if len(schedules) == 1 else None
    return Announcer(
        mac=mac_text(mac) or "",
        point=point,
        kinds={kind: len(seen) for kind, seen in sorted(kinds.items())},
        events=len(events),
        most_in_a_minute=most,
        schedule=schedule,
        first_ts=iso_utc(min(times)),
        last_ts=iso_utc(max(times)),
        storm=most > MOST_PER_MINUTE,
        because=_because(most, busiest, len(events), NAMES.get(schedule or "", "")),
    )


def _in_tunnel(events: Sequence[Series]) -> bool:
    """Did this point see any of it inside an overlay?"""
    return any(event.vni >= 0 for event in events)


def _because(most: int, kind: str, events: int, whose: str) -> str:
    on = f", on {whose} schedule" if whose else ""
    more = ": more than any known schedule gives for two" if most > MOST_PER_MINUTE else ""
    return f"at most {most:,} {kind} in a minute, {count_of(events, 'event')}{on}{more}"


def _most_in_a_minute(times: Sequence[int]) -> int:
    ordered, first, most = sorted(times), 0, 0
    for last, ts in enumerate(ordered):
        while ts - ordered[first] >= MINUTE_NS:
            first += 1
        most = max(most, last - first + 1)
    return most
