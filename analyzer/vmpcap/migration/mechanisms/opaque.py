"""Tunnels that nobody can look into: HCX and other IPsec between the sites (domain notes 4.19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.tunnels import NumberedTunnel
from vmpcap.migration.mechanisms.case import Case, result
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_ESP, IP_UDP, UDP_ESP

LEAST_SHARE: Final = 0.9
MOST_SHARE: Final = 3.0
"""A tunnel that carries the stream carries its volume in its time; one that carries far more carries other things."""
LEAST_RISE: Final = 2.0
"""So many times the rate outside of the stream's time: else it may be any tunnel that is busy all the time."""
LEAST_KEPT: Final = 0.999
"""Share of a tunnel's bytes of which the time is known: a journal has room for the first frames, or for a guest's."""
MUCH_LOST: Final = 0.01
"""A share that is missing of which no long way can be fond; less, TCP inside mends."""

Carried = tuple[str, int]
"""How sure the number of bytes is, in words, and the number."""


def judge_hcx(case: Case, name: str) -> Mechanism | None:
    """Does an opaque tunnel carry as much as the stream in its time, where the stream itself is not in view?"""
    if case.move is None:
        return None
    in_clear = {sighting.view.name for sighting in case.move.sightings}
    for view in case.views:
        if view.name in in_clear:
            continue
        for ends in _pairs(view):
            carried = _carried(case, view, ends)
            if carried is not None:
                return _judge(case, name, view, ends, carried, _of(view, ends))
    for view in (view for view in case.views if view.name not in in_clear):
        for ends in _pairs(view):
            alone = _of_one(case, view, ends)
            if alone is not None:
                return _judge(case, name, view, ends, alone[0], [alone[1]])
    return None


def _of_one(case: Case, view: PointView, ends: tuple[str, str]) -> tuple[Carried, NumberedTunnel] | None:
    """Which one of several tunnels between the same two (by its SPI) carried the stream, where all together did not?"""
    tunnels = _of(view, ends)
    during = _stream_time(case, view)
    if len(tunnels) < 2 or during is None:
        return None
    found = ((_by_bins(view, [one], during[:2], during[2]), one) for one in tunnels)
    return next(((carried, one) for carried, one in found if carried is not None), None)


def _pairs(view: PointView) -> list[tuple[str, str]]:
    """Between which addresses, in which direction, does ESP pass here?"""
    return list(dict.fromkeys((t.source, t.target) for t in view.tunnels if t.header == "esp"))


def _of(view: PointView, ends: tuple[str, str]) -> list[NumberedTunnel]:
    return [t for t in view.tunnels if t.header == "esp" and (t.source, t.target) == ends]


MOST_SHOWN: Final = 4


def _largest(case: Case, view: PointView, ends: tuple[str, str]) -> list[int]:
    """Some of the tunnel's largest packets in the stream's time, as frame numbers: no keys are exchanged in these."""
    if case.move is None:
        return []
    best, j = case.move.best, view.journal
    rows = np.flatnonzero(_between(view, ends))
    begin, end = (on_point(view, on_reference(best.view, t)) for t in (best.transfer.start_ts, best.transfer.end_ts))
    during = rows[(j.ts_ns[rows] >= begin) & (j.ts_ns[rows] <= end + NS_PER_S)]
    rows = during if len(during) else rows
    largest = rows[np.argsort(-j.wire_bytes[rows].astype(np.int64), kind="stable")][:MOST_SHOWN]
    return sorted(int(frame) for frame in j.frame[largest])


def _between(view: PointView, ends: tuple[str, str]) -> npt.NDArray[np.bool_]:
    """bool[n]: which frames of the journal are ESP from the one address to the other, or the keys' UDP of it?"""
    j = view.journal
    (high, low), (far_high, far_low) = map(ip_halves, ends)
    mine: npt.NDArray[np.bool_] = (j.src_high == np.uint64(high)) & (j.src_low == np.uint64(low))
    mine &= (j.dst_high == np.uint64(far_high)) & (j.dst_low == np.uint64(far_low))
    in_udp = (j.ip_protocol == IP_UDP) & ((j.src_port == UDP_ESP) | (j.dst_port == UDP_ESP))
    mine &= (j.ip_protocol == IP_ESP) | in_udp
    return mine


def _carried(case: Case, view: PointView, ends: tuple[str, str]) -> Carried | None:
    """How many bytes did this tunnel carry in the stream's time? None where they are not the stream's, or not known."""
    during = _stream_time(case, view)
    if during is None:
        return None
    begin, end, sent = during
    j, mine = view.journal, _between(view, ends)
    kept, whole = int(j.wire_bytes[mine].sum()), sum(t.wire_bytes for t in _of(view, ends))
    if kept < LEAST_KEPT * whole:  # of the others nobody knows when they passed, whatever the journal is complete of
        return _by_bins(view, _of(view, ends), (begin, end), sent)
    then = mine & (j.ts_ns >= begin) & (j.ts_ns <= end)
    carried = int(j.wire_bytes[then].sum())
    inside, outside = max(end - begin, 1), max(view.last_ts - view.first_ts - (end - begin), 1)
    if carried / inside < LEAST_RISE * (kept - carried) / outside:
        return None
    return ("", carried) if LEAST_SHARE * sent <= carried <= MOST_SHARE * sent and sent else None


def _stream_time(case: Case, view: PointView) -> tuple[int, int, int] | None:
    """From when to when did the stream run, by this point's clock, and how many bytes were handed over in it?"""
    best = case.move.best if case.move is not None else None
    if best is None:
        return None
    sent = sum(link.data.payload_bytes for link in best.transfer.links)
    begin, end = (on_point(view, on_reference(best.view, t)) for t in (best.transfer.start_ts, best.transfer.end_ts))
    return begin, min(end + NS_PER_S, view.last_ts), sent


def _by_bins(view: PointView, tunnels: Sequence[NumberedTunnel], during: tuple[int, int], sent: int) -> Carried | None:
    """
    The same by what was counted in bins of time, where the journal has no room for each packet of a large capture.

    Bins lie across the ends of the stream's time: it carried the stream only if it did by the least and by the most.
    """
    bounds = [t.bytes_between(*during) for t in tunnels]
    known = [one for one in bounds if one is not None]
    if len(known) < len(bounds) or not sent:
        return None
    least, most, whole = sum(o[0] for o in known), sum(o[1] for o in known), sum(t.wire_bytes for t in tunnels)
    inside = max(during[1] - during[0], 1)
    outside = max(view.last_ts - view.first_ts - inside, 1)
    if least / inside < LEAST_RISE * (whole - least) / outside:
        return None
    return ("at least ", least) if LEAST_SHARE * sent <= least and most <= MOST_SHARE * sent else None


@dataclass(frozen=True, slots=True)
class _Numbered:
    """What one direction of a tunnel lost: what it loses is no share of what the other carries."""

    sent: int
    missing: int

    @property
    def share(self) -> float:
        return self.missing / self.sent if self.sent else 0.0


def _numbered(tunnels: Sequence[NumberedTunnel]) -> _Numbered:
    missing = sum(t.missing for t in tunnels)
    return _Numbered(sum(t.packets for t in tunnels) + missing, missing)


def _judge(
    case: Case,
    name: str,
    view: PointView,
    ends: tuple[str, str],
    carried: Carried,
    tunnels: Sequence[NumberedTunnel],
) -> Mechanism:
    ways = [_numbered(one) for one in (tunnels, _of(view, ends[::-1]))]
    missing = sum(way.missing for way in ways)
    worst = max(ways, key=lambda way: way.share)
    beside = len(_of(view, ends)) - len(tunnels)
    which = f"one of {beside + 1} opaque tunnels (ESP, by its SPI)" if beside else "an opaque tunnel (ESP)"
    because = f"at {view.name} {which} from {ends[0]} to {ends[1]} carried {carried[0]}{carried[1]:,} bytes"
    because += " in the stream's time, as HCX does: what is inside and its round trip are not in view"
    because += (
        f"; of its packets {ways[0].missing:,} of {ways[0].sent:,} that way and {ways[1].missing:,} of"
        f" {ways[1].sent:,} back are missing by their sequence numbers"
        if missing
        else "; none of its packets is missing"
    )
    wanted = f"esp && ip.addr == {ends[0]} && ip.addr == {ends[1]}"
    seen = [Sighted(point=view.name, frames=_largest(case, view, ends), filter=wanted)]
    lossy = worst.share > MUCH_LOST and not view.drops
    if missing and view.drops:
        because += f" (the capture itself lost {count_of(view.drops, 'packet')})"
    if case.completed is None:
        return result(name, "undecided", f"{because}; whether the stream came to its end is not known", seen)
    end = "the stream came to its end" if case.completed else "the stream did not come to its end"
    if lossy:
        which = "that way" if worst is ways[0] else "back"
        return result(name, "no", f"{because}: {worst.share:.1%} {which}, lost before this point; {end}", seen)
    return result(name, "yes" if case.completed else "undecided", f"{because}; {end}", seen)
