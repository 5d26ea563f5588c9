"""How far did the announcement come: which points saw it last, which ones first missed it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.results import PointAnnouncements
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS
from vmpcap.terms.wire import ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, IP_ICMP, IP_TCP, TCP_SYN

I64 = npt.NDArray[np.int64]

ON_ITS_WAY: Final = ("domain:destination", "destination", "wan", "source", "gateway", None)
"""Roles in the order in which an announcement of the new place meets them: host, tunnel or site link, gateway."""

SAME_STEP: Final = {"destination": "wan", "source": "wan"}
"""Migration NICs see it inside a tunnel only: how far along the tunnel they stand is not said by their role."""

SEQUENCE_MASK: Final = 0xFFFFFFFF
MOST_FRAMES: Final = 4000
"""So many frames each way are searched for exchanges."""

SAME_COPY_NS: Final = 20 * NS_PER_MS
"""Copies of one announcement lie nearer than this: the shortest gap of a schedule is 50 ms."""

LEAST_NESTED: Final = 3
"""So many exchanges with the guest must take longer at one point than at the other, and none the other way round."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Empty where the announcement arrived, or nobody knows."""

    last_seen_at: tuple[str, ...] = ()
    first_missing_at: tuple[str, ...] = ()
    because: str = ""


def follow_trail(
    guest: Moved, views: Sequence[PointView], by_point: Mapping[str, PointAnnouncements], moment: int
) -> Trail:
    """
    Between which points did the announcement die?

    Notes
    -----
    The points that saw it are ordered by their role, then by the length of the same exchanges with the guest (who is
    nearer sees them shorter, whatever the clocks say), then by the times of the copies where the bounds of the clocks
    leave one order. What none of these tells stays several points. A point in the domain that the guest left is no step
    of the way: an equivalent domain is not joined to it. One of unknown place is a step where exchanges show that it
    stands between those two.
    """
    on_way = [v for v in views if v.role in ON_ITS_WAY]
    missing = [v for v in on_way if by_point[v.name].seen is False or by_point[v.name].wrong is not None]
    seen = [v for v in on_way if by_point[v.name].seen and by_point[v.name].wrong is None]
    seen = [v for v in seen if v.role != "gateway" or by_point[v.name].reached == "reached"]  # else another's gateway
    if not missing:
        return Trail()
    step = min(_step(v) for v in missing)
    first = tuple(v.name for v in missing if _step(v) == step)
    before = [v for v in seen if _step(v) <= step]
    between = _between_them(guest, before, [v for v in missing if v.name in first], views, moment)
    nearer = [v for v in between if v in missing]
    if nearer:
        first = tuple(v.name for v in nearer if not any(is_farther(v, other, guest, moment) for other in nearer))
    before += [v for v in between if v in seen]
    odd = [by_point[name].wrong for name in first if by_point[name].wrong is not None]
    lost = f"in another {_as_word(odd[0])}" if odd and len(odd) == len(first) else "missing"
    unplaced = [v for v in seen if v.role is None and v not in before]
    if not before and unplaced:
        last = _last_of(guest, unplaced, moment)
        where = "which stands at a place that was not" if len(last) == 1 else "which stand at places that were not"
        because = f"{lost} at {_listed(first)}, and seen at {_listed(last)}, {where} named: whether on the way to there"
        return Trail(last, first, f"{because} is not known")
    if not before:
        return Trail((), first, f"{lost} at {_listed(first)}; nowhere on the way to there was it seen")
    last = _last_of(guest, before, moment)
    because = f"it died between {last[0]} and {_listed(first)}"
    if len(last) > 1:
        because = f"it died after {_listed(last)}, before {_listed(first)}"
    if odd and len(odd) == len(first):
        because = f"in the guest's own segment at {_listed(last)}, in another {_as_word(odd[0])} at {_listed(first)}"
    if len(last) > 1:
        because += "; which of these it passed last is not known: neither clocks nor exchanges with the guest tell"
    ends = [v for v in views if v.name in (*last, *first)]
    mute = [v for v in between if by_point[v.name].seen is None and by_point[v.name].wrong is None]
    mute = [
        v
        for v in mute
        if all(is_farther(v, e, guest, moment) if e.name in last else is_farther(e, v, guest, moment) for e in ends)
    ]
    if mute:
        names = _listed([v.name for v in mute])
        because += f"; {names} between them shows none of it either; if it missed none, it died before there"
    return Trail(last, first, because)


def _between_them(
    guest: Moved, seen: Sequence[PointView], missing: Sequence[PointView], views: Sequence[PointView], moment: int
) -> list[PointView]:
    """Which points of unknown place stand farther from the guest than all that saw it, nearer than who missed it?"""
    return [
        view
        for view in views
        if view.role is None
        and seen
        and view not in (*seen, *missing)
        and all(is_farther(view, one, guest, moment) for one in seen)
        and all(is_farther(one, view, guest, moment) for one in missing)
    ]


def _as_word(tag: str | None) -> str:
    return {"vlan": "VLAN", "vni": "VNI"}.get(tag or "", "segment")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def _step(view: PointView) -> int:
    return ON_ITS_WAY.index(SAME_STEP.get(view.role or "", view.role))


def _last_of(guest: Moved, seen: Sequence[PointView], moment: int) -> tuple[str, ...]:
    """
    Which of these can have been the last on the way? Those that no other certainly came after.

    One of unknown place among them is known to stand beyond all others by their exchanges.
    """
    step = max(_step(v) for v in seen)
    rivals = [v for v in seen if _step(v) == step]
    return tuple(v.name for v in rivals if not any(is_farther(other, v, guest, moment) for other in rivals))


def is_farther(one: PointView, other: PointView, guest: Moved, moment: int) -> bool:
    """Does the first point certainly stand farther from the guest's new place than the second?"""
    if one.name == other.name:
        return False
    nested = _longer_exchanges(one, other, guest, moment)
    if nested is not None:
        return nested > 0
    late = crossing_ns(other, one, guest)
    return late is not None and late[0] > 0


def _longer_exchanges(one: PointView, other: PointView, guest: Moved, moment: int) -> int | None:
    """Do the guest's answers after the move take longer at the first point (1) or at the second (-1)?"""
    here, there = exchanges_with(one, guest, moment), exchanges_with(other, guest, moment)
    longer = [here[key] - there[key] for key in here.keys() & there.keys()]
    above, below = sum(d > 0 for d in longer), sum(d < 0 for d in longer)
    if max(above, below) < LEAST_NESTED or (above and below):
        return None
    return 1 if above else -1


def exchanges_with(view: PointView, guest: Moved, since: int, until: int | None = None) -> dict[tuple[int, ...], int]:
    """
    How long did the guest take to answer each request of others between these times, as this point saw it?

    Echo requests and replies, TCP data and the ACK of exactly it. Nanoseconds, by what names the exchange at any point;
    times are on the reference clock, durations need none.
    """
    wanted = ("exchanges_with", guest.mac, *guest.ips, since, until)
    if wanted not in view.found:
        end = None if until is None else on_point(view, until)
        view.found[wanted] = _exchanges(view, guest, on_point(view, since), end)
    took: dict[tuple[int, ...], int] = view.found[wanted]
    return took


def _exchanges(view: PointView, guest: Moved, begin: int, end: int | None) -> dict[tuple[int, ...], int]:
    j, frames = view.journal, frames_of(view, guest)
    asked: dict[tuple[int, ...], int] = {}
    took: dict[tuple[int, ...], int] = {}
    for row in _between(frames.asked, j.ts_ns, begin, end):
        key = _asked_as(j, row)
        if key is not None:
            asked.setdefault(key, int(j.ts_ns[row]))
    for row in _between(frames.sent_ip, j.ts_ns, begin, end):
        key = _answered_as(j, row)
        if key is not None and key in asked:
            took.setdefault(key, int(j.ts_ns[row]) - asked[key])
    return {key: duration for key, duration in took.items() if duration >= 0}


def _between(order: I64, ts_ns: I64, begin: int, end: int | None) -> list[int]:
    times = ts_ns[order]
    kept = order[(times > begin) & ((times < end) if end is not None else True)]
    rows: list[int] = kept[:MOST_FRAMES].tolist()
    return rows


def _asked_as(j: JournalColumns, row: int) -> tuple[int, ...] | None:
    """By which numbers is the answer to this packet known? None where it asks for none."""
    peer, protocol = int(j.src_low[row]), int(j.ip_protocol[row])
    if protocol == IP_ICMP and j.icmp_type[row] == ICMP_ECHO_REQUEST:
        return protocol, peer, int(j.icmp_id[row]), int(j.icmp_seq[row])
    begins = bool(j.tcp_flags[row] & TCP_SYN)
    if protocol == IP_TCP and (begins or j.payload_bytes[row] > 0):
        end = (int(j.tcp_seq[row]) + int(j.payload_bytes[row]) + begins) & SEQUENCE_MASK
        return protocol, peer, int(j.src_port[row]), int(j.dst_port[row]), end
    return None


def _answered_as(j: JournalColumns, row: int) -> tuple[int, ...] | None:
    peer, protocol = int(j.dst_low[row]), int(j.ip_protocol[row])
    if protocol == IP_ICMP and j.icmp_type[row] == ICMP_ECHO_REPLY:
        return protocol, peer, int(j.icmp_id[row]), int(j.icmp_seq[row])
    if protocol == IP_TCP:
        return protocol, peer, int(j.dst_port[row]), int(j.src_port[row]), int(j.tcp_ack[row])
    return None


def crossing_ns(one: PointView, other: PointView, guest: Moved) -> tuple[int, int] | None:
    """
    How long did the announcement take from the first point to the second, at least and at most?

    The copy that crossed fastest, within all that the clocks may stand. None where nothing bounds the clocks, or the
    two points share no copy.
    """
    first, second = guest.series_at(one), guest.series_at(other)
    if first is None or second is None:
        return None
    found = [
        crossed
        for here, kind in zip(first.times, first.frame_kinds, strict=True)
        for there, same in zip(second.times, second.frame_kinds, strict=True)
        if kind == same and (crossed := elapsed_between(one, here, other, there)) and abs(crossed.ns) <= SAME_COPY_NS
    ]
    fastest = min(found, key=lambda crossed: crossed.ns, default=None)
    return (fastest.low_ns, fastest.high_ns) if fastest is not None else None
