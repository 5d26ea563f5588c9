"""Whom a guest is sought by, and not found: questions of ARP and neighbour discovery while its peers had no answer."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import ASKS, NUMBER_OF
from vmpcap.migration.causes.asked import Asked, Scene
from vmpcap.migration.causes.request_hits import HELD_NS, is_for_guest
from vmpcap.migration.clocks import all_on_clock_of
from vmpcap.migration.views import is_compared
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import NS_PER_MS, count_of

U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

TELLS: Final = tuple(
    NUMBER_OF[kind] for kind in ("arp_reply", "solicited_na", "unsolicited_na", "garp_request", "garp_reply")
)

TELLS_TARGET: Final = tuple(NUMBER_OF[kind] for kind in ("solicited_na", "unsolicited_na"))
"""Advertisements: the address that they tell is their target (RFC 4861 4.4)."""


def sought(asked: Asked, scene: Scene, roles: tuple[str | None, ...]) -> tuple[Bools, str]:
    """
    During which requests was the guest sought by ARP or neighbour discovery, and not found?

    From a solicitation until its answer at that point, until a request went to the guest's MAC there, or until the
    outage ends.
    """
    which, where = np.zeros(len(asked.ts), np.bool_), []
    begin, end = int(asked.edges[0]), int(asked.edges[-1])
    family = [ip for ip in scene.guest.ips if (":" in (ip_text(*ip) or "")) == (":" in asked.stream.peer_ip)]
    ips = family or scene.guest.ips  # what is asked for one address tells nothing of the other family's
    for seen in asked.seen:
        rows = seen.view.arps
        if seen.view.role not in roles or not len(rows) or not is_compared(seen.view, asked.view):
            continue
        ts = all_on_clock_of(asked.view, seen.view, rows.ts_ns)
        seeks = np.isin(rows.kind, ASKS) & (rows.sender_mac != np.uint64(scene.guest.mac))
        seeks &= _is_one_of(rows.target_high, rows.target_low, ips)
        tells = np.isin(rows.kind, TELLS) & _is_one_of(rows.sender_high, rows.sender_low, ips)
        tells |= np.isin(rows.kind, TELLS_TARGET) & _is_one_of(rows.target_high, rows.target_low, ips)
        ends = np.sort(np.concatenate((ts[tells], seen.ts[is_for_guest(scene)(seen)], [2**62])))
        frames = []
        for row in np.flatnonzero(seeks & (ts >= begin - HELD_NS) & (ts < end)).tolist():
            since = int(ts[row])
            until = min(int(ends[np.searchsorted(ends, since)]), end)
            if until - since > ANSWERED_NS:
                which |= (asked.ts >= since - HELD_NS) & (asked.ts < until)
                frames.append(int(rows.frame[row]))
        if frames:
            where.append(f"{seen.view.name} frames {frames[0]} to {frames[-1]} ({count_of(len(frames), 'request')})")
    return which, ", ".join(where)


ANSWERED_NS: Final = 100 * NS_PER_MS
"""Within this an ARP request is answered at once."""


def _is_one_of(high: U64, low: U64, ips: Sequence[tuple[int, int]]) -> Bools:
    which = np.zeros(len(high), np.bool_)
    for one_high, one_low in ips:
        which |= (high == np.uint64(one_high)) & (low == np.uint64(one_low))
    return which
