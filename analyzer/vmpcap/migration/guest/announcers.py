"""Who else announced itself, how often, and is that what a hypervisor's schedule gives, or a storm?"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from vmpcap.announcements.series import Series
from vmpcap.migration.announcer_results import Announcer
from vmpcap.migration.guest.storms import MOST_PER_MINUTE, busiest, is_in_tunnel, times_by_claim
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import mac_text
from vmpcap.terms.units import count_of, iso_utc

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
    moved = {(view.name, s.mac, ts) for guest in guests for view, s in guest.heard for ts in s.times}
    by_mac: dict[int, dict[str, list[Series]]] = {}
    for view in views:
        for series in view.series:
            if (view.name, series.mac, series.first_ts) not in moved and series.boot != "answered":
                by_mac.setdefault(series.mac, {}).setdefault(view.name, []).append(series)
    found = []
    for mac, at in by_mac.items():
        point, events = max(at.items(), key=lambda item: (not is_in_tunnel(item[1]), sum(s.count for s in item[1])))
        found.append(_describe(mac, point, events))
    found.sort(key=lambda one: (not one.storm, -one.most_in_a_minute, one.first_ts or "", one.mac))
    return found[:MOST_ANNOUNCERS]


def _describe(mac: int, point: str, events: Sequence[Series]) -> Announcer:
    times = times_by_claim(events)
    kind, most = busiest(times)
    addresses = len({claim for of_kind, claim in times if of_kind == kind})
    schedules = {event.schedule for event in events if event.schedule is not None}
    schedule = next(iter(schedules)) if len(schedules) == 1 else None
    return Announcer(
        mac=mac_text(mac) or "",
        point=point,
        kinds=dict(sorted(sum((Counter(dict(event.kinds)) for event in events), Counter()).items())),
        events=len(events),
        most_in_a_minute=most,
        schedule=schedule,
        first_ts=iso_utc(min(event.first_ts for event in events)),
        last_ts=iso_utc(max(event.last_ts for event in events)),
        storm=most > MOST_PER_MINUTE,
        because=_because(most, kind, addresses, len(events), NAMES.get(schedule or "", "")),
    )


def _because(most: int, kind: str, addresses: int, events: int, whose: str) -> str:
    on = f", on {whose} schedule" if whose else ""
    more = ": more than any known schedule gives for two" if most > MOST_PER_MINUTE else ""
    each = f" for each of {addresses} addresses" if addresses > 1 else ""
    return f"at most {most:,} {kind} in a minute{each}, {count_of(events, 'event')}{on}{more}"
