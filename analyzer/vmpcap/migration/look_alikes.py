"""Guests that came to another place in view and were not migrated: a host's uplink failed over, Fault Tolerance did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.migration.mechanisms.case import result, sighted, span
from vmpcap.migration.moved import Moved, guest_name, on_point, on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text, mac_text
from vmpcap.terms.host_ports import FAULT_TOLERANCE
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

TOGETHER_NS: Final = 100 * NS_PER_MS
"""A host whose uplink failed over announces all its machines within this time."""
STOPS_NS: Final = 2 * NS_PER_S
"""Fault Tolerance logging that stops so near to the announcement stopped with its primary."""
LOGGING_NS: Final = 10 * NS_PER_S
LEAST_LOGGED: Final = 20
"""So many segments of it in the time before: it was at work."""


def came_together(at: PointView, first_ts: int, announced: Sequence[Moved], old: Sequence[PointView]) -> str:
    """
    Which machines of the old place were announced here together with the one that was then, by its clock? A sentence.

    Empty where it was alone. One guest with several cards looks the same.
    """
    came: dict[int, int] = {}
    for guest in announced:
        series = guest.series_at(at)
        if series is not None and abs(series.first_ts - first_ts) <= TOGETHER_NS and _was_at(guest, at, first_ts, old):
            came.setdefault(guest.mac, series.frames[0])
    if len(came) < 2:
        return ""
    macs = ", ".join(str(mac_text(mac)) for mac in sorted(came))
    frames = ", ".join(map(str, sorted(came.values())))
    apart = f"{TOGETHER_NS // NS_PER_MS} ms"
    return (
        f"{macs} were announced at {at.name} within {apart} of each other, and no migration stream is in"
        " view: a host's uplink that failed over, or one guest with several cards; no migration is told of them"
        f" ({at.name}: frame.number in {{{frames}}})"
    )


def _was_at(guest: Moved, at: PointView, first_ts: int, old: Sequence[PointView]) -> bool:
    """Was this machine seen at the old place before its announcement here? Beyond a router it is known by address."""
    moment, mac = on_reference(at, first_ts), np.uint64(guest.mac)
    for view in old:
        j, when = view.journal, on_point(view, moment)
        rows = frames_of(view, guest).sent_ip
        if ((j.eth_src == mac) & (j.ts_ns < when)).any() or (j.ts_ns[rows] < when).any():
            return True
    return False


@dataclass(frozen=True, slots=True)
class TookOver:
    """A guest whose secondary took over, as it seems: in a sentence, and as a row."""

    note: str
    row: Mechanism


def tolerance_ended(guest: Moved, at: PointView, first_ts: int, views: Sequence[PointView]) -> TookOver | None:
    """
    Did Fault Tolerance logging stop when this guest was announced, as where its secondary takes over?

    None where none did, or it goes on. That nothing is logged after it is no failure of the change itself, and a new
    secondary may be where nobody looks: the row is undecided.
    """
    moment = on_reference(at, first_ts)
    for view in views:
        j, when = view.journal, on_point(view, moment)
        to, of = np.isin(j.dst_port, FAULT_TOLERANCE), np.isin(j.src_port, FAULT_TOLERANCE)
        logged = np.flatnonzero((to | of) & (j.payload_bytes > 0))
        ts = j.ts_ns[logged]
        if ((ts > when - LOGGING_NS) & (ts <= when + STOPS_NS)).sum() < LEAST_LOGGED or ts.max() > when + STOPS_NS:
            continue
        if ts.max() >= when - STOPS_NS:
            row = logged[np.argmax(ts)]
            last = int(j.frame[row])
            note = (
                f"{guest_name(guest)} was announced at {at.name} just when Fault Tolerance logging stopped at"
                f" {view.name}: its secondary took over there, as it seems, and no migration is told of it"
                f" ({view.name}: frame.number in {{{last}}})"
            )
            port = int(j.dst_port[row] if to[row] else j.src_port[row])
            late = int(ts.max()) - when
            ends = " with ".join(
                ip_text(int(high[row]), int(low[row]))
                for high, low in ((j.src_high, j.src_low), (j.dst_high, j.dst_low))
            )
            when_last = f"{span(abs(late))} {'after' if late > 0 else 'before'}"
            because = (
                f"Fault Tolerance logging (port {port}) of {ends} carried its last data at {view.name} "
                f"{when_last} {guest_name(guest)} was announced at {at.name}: "
                f"its secondary took over there, as it seems; none since in the {span(view.last_ts - when)} until the "
                "capture's end, and whether it is protected again by a host that is not in view is not known"
            )
            seen = sighted([(view, last), (at, guest_frame(guest, at))])
            return TookOver(note, result("ft", "undecided", because, seen))
    return None


def guest_frame(guest: Moved, at: PointView) -> int:
    """Its first announcement there."""
    series = guest.series_at(at)
    assert series is not None
    return series.frames[0]
