"""Packets that take a way they need not: to the old site's gateway and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S

ROUND_NS: Final = NS_PER_S
"""A packet that goes to the other site and back is back within this; later its identification is another packet's."""


@dataclass(frozen=True, slots=True)
class Detour:
    """What was found, or why nothing could be: found is None where it could not be examined."""

    found: bool | None
    because: str
    point: str = ""
    frames: tuple[int, ...] = ()


def find_trombone(guest: Moved, views: Sequence[PointView], moment: int) -> Detour:
    """
    Does one packet of or to the guest cross the link between the sites twice?

    It comes again with its TTL lowered by a router of the other site: same addresses, identification, length, numbers.
    """
    between = [v for v in views if v.role == "wan"]
    if not between:
        return Detour(None, "it takes a point on the link between the sites (role wan) to see a packet cross it twice")
    for view in between:
        frames = frames_of(view, guest)
        j = view.journal
        rows = np.sort(np.concatenate([frames.sent_ip, frames.asked]))
        rows = rows[j.ts_ns[rows] > on_point(view, moment)]
        seen: dict[tuple[int, ...], tuple[int, int, int]] = {}
        for row in rows:
            key = (
                int(j.ip_id[row]),
                int(j.src_low[row]),
                int(j.dst_low[row]),
                int(j.ip_protocol[row]),
                int(j.payload_bytes[row]),
                int(j.icmp_seq[row]),
                int(j.tcp_seq[row]),
            )
            here = (int(j.ts_ns[row]), int(j.ttl[row]), int(j.frame[row]))
            first = seen.setdefault(key, here)
            if here[0] - first[0] > ROUND_NS:
                seen[key] = here  # the identification was used again
            elif first[1] == here[1] + 1:
                because = f"packets crossed {view.name} twice, the second time with a TTL one lower"
                return Detour(True, because, view.name, (first[2], here[2]))
        if not view.journal_complete:
            return Detour(None, f"{view.name} does not show every packet of the guest")
        if len(rows):
            return Detour(False, f"no packet of the guest crossed {view.name} twice", view.name)
    return Detour(None, "no packet of the guest crossed the link between the sites after the switchover")
