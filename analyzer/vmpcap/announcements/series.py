"""Which announcements belong together? One series for each MAC, broadcast domain and event."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.bursts import split_bursts
from vmpcap.announcements.kinds import IS_ANNOUNCEMENT, KIND_NAMES, NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.announcements.schedules import (
    LEAST_MATCHES,
    SCHEDULES,
    best_match,
    fit,
    gap_fits,
    is_steady,
    places,
    sendings,
)
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC
from vmpcap.terms.units import NO_TIME, NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]

ScheduleName = Literal["qemu", "esxi", "other"]
Boot = Literal["answered", "starting"]

NO_CLAIM: Final = (0, 0)
"""Stands for the address where a frame claims none."""

QUIET_NS: Final = 60 * NS_PER_S
"""After this much silence an announcement belongs to a new event, whatever its schedule."""

SCHEDULE_OVER_NS: Final = 1 * NS_PER_S
"""This long after a schedule's last frame was due, a further frame has another cause."""

LEADS_BY_NS: Final = 1 * NS_PER_S
"""The guest's own announcement may come this much before the hypervisor's and still be of the same event."""

SENDINGS_SPLIT: Final = 500
"""A cluster of more sendings than this is a storm and is not searched for restarts."""


@dataclass(frozen=True, slots=True)
class Series:
    """The announcements of one MAC in one broadcast domain for one event. Times are the capture point's."""

    mac: int
    segment_key: int
    vlan_outer_id: int
    vlan_inner_id: int
    vni: int
    kinds: tuple[tuple[str, int], ...]
    """Kind name and number of frames, in the order of kinds.KINDS."""
    ips: tuple[tuple[int, int], ...]
    """Addresses (high, low) that gratuitous ARP and neighbour advertisements announced."""
    frames: tuple[int, ...]
    times: tuple[int, ...]
    """Nanoseconds; one for each of frames."""
    frame_kinds: tuple[str, ...]
    """Kind of each of frames."""
    schedule: ScheduleName | None
    """Of the RARPs where there are any, else of all; None: too few frames to tell."""
    broadcast: bool
    """Whether every frame was broadcast (multicast for neighbour advertisements)."""
    claims: tuple[tuple[int, int], ...] = ()
    """Address (high, low) that each of frames announced, NO_CLAIM for RARP, which names none; empty: not known."""
    boot: Boot | None = None
    """Set by announcements.context: a RARP server answered, or the machine was just starting."""

    @property
    def first_ts(self) -> int:
        return self.times[0]

    @property
    def last_ts(self) -> int:
        return self.times[-1]

    @property
    def count(self) -> int:
        """Frames of all kinds."""
        return len(self.frames)

    def count_of(self, kind: str) -> int:
        """Frames of one kind."""
        return dict(self.kinds).get(kind, 0)


def gather_series(rows: AnnouncementRows) -> list[Series]:
    """
    Which events do these announcements tell of?

    Returns
    -------
    Series by time of their first frame. Only kinds that announce are looked at; rows without a time are left out.

    Notes
    -----
    A new event restarts its hypervisor's schedule: frames that a running schedule explains are the same event even when
    they come a minute late, frames that start it anew are another one even seconds later. An event of which fewer than
    three frames are in view, within 60 s of another, may be counted with it: events can be too few, hardly too many.
    Of no known schedule the same few gaps once more are another event.
    """
    rows = rows.take(IS_ANNOUNCEMENT[rows.kind] & (rows.ts_ns != NO_TIME))
    if not len(rows):
        return []
    mac = np.where(rows.sender_mac == np.uint64(NO_MAC), rows.eth_src, rows.sender_mac)
    order = np.lexsort((np.arange(len(rows)), rows.ts_ns, rows.segment_key, mac))
    rows, mac = rows.take(order), mac[order]
    edges = np.flatnonzero((mac[1:] != mac[:-1]) | (rows.segment_key[1:] != rows.segment_key[:-1])) + 1
    series = []
    for block in np.split(np.arange(len(rows)), edges):
        theirs = rows.take(block)
        for event in split_events(theirs.ts_ns, theirs.kind == NUMBER_OF["rarp_announce"]):
            series.append(_describe(int(mac[block[0]]), theirs.take(event)))
    return sorted(series, key=lambda s: (s.first_ts, s.mac, s.segment_key))


def _describe(mac: int, rows: AnnouncementRows) -> Series:
    counts = np.bincount(rows.kind, minlength=len(KIND_NAMES))
    is_rarp = rows.kind == NUMBER_OF["rarp_announce"]
    led_by = rows.ts_ns[is_rarp] if is_rarp.any() else rows.ts_ns
    named = ~is_rarp & (rows.target_low != np.uint64(IPV4_MAPPED))
    highs, lows = (np.where(named, column, 0).tolist() for column in (rows.target_high, rows.target_low))
    claims = tuple(zip(highs, lows, strict=True))
    return Series(
        mac=mac,
        segment_key=int(rows.segment_key[0]),
        vlan_outer_id=int(rows.vlan_outer[0]),
        vlan_inner_id=int(rows.vlan_inner[0]),
        vni=int(rows.vni[0]),
        kinds=tuple((KIND_NAMES[k], int(n)) for k, n in enumerate(counts) if n),
        ips=tuple(sorted(set(claims) - {NO_CLAIM})),
        frames=tuple(rows.frame.tolist()),
        times=tuple(rows.ts_ns.tolist()),
        frame_kinds=tuple(KIND_NAMES[k] for k in rows.kind.tolist()),
        schedule=_schedule_name(fit(led_by.tolist(), by_guest=not is_rarp.any())),
        broadcast=bool(rows.is_broadcast.all()),
        claims=claims,
    )


def _schedule_name(name: str | None) -> ScheduleName | None:
    return {"qemu": "qemu", "esxi": "esxi", "other": "other"}[name] if name is not None else None  # type: ignore[return-value]


def joined(events: Sequence[Series]) -> Series:
    """The same events as one: frames by time, the rest as the event of most frames has it."""
    most = max(events, key=lambda s: s.count)
    if len(events) == 1:
        return most
    order = sorted((ts, number, n) for number, s in enumerate(events) for n, ts in enumerate(s.times))
    kinds = [events[number].frame_kinds[n] for _, number, n in order]
    known = all(s.claims for s in events)
    return replace(
        most,
        kinds=tuple((name, kinds.count(name)) for name in KIND_NAMES if name in kinds),
        ips=tuple(sorted({ip for s in events for ip in s.ips})),
        frames=tuple(events[number].frames[n] for _, number, n in order),
        times=tuple(ts for ts, _, _ in order),
        frame_kinds=tuple(kinds),
        broadcast=all(s.broadcast for s in events),
        claims=tuple(events[number].claims[n] for _, number, n in order) if known else (),
    )


def mark_boots(series: Iterable[Series], boots: dict[int, Boot]) -> list[Series]:
    """The same series, with what announcements.context found about their MACs."""
    return [replace(s, boot=boots[s.mac]) if s.mac in boots else s for s in series]


def split_events(ts_ns: I64, leads: npt.NDArray[np.bool_]) -> list[I64]:
    """
    Which rows of one MAC are one event?

    Parameters
    ----------
    ts_ns : int64[n], rising
    leads : bool[n]
        RARPs: where there are any, their rhythm cuts the events and the guest's own announcements join the nearest.

    Returns
    -------
    Row numbers of each event, events by time.
    """
    leading = ts_ns[leads] if leads.any() else ts_ns
    groups = split_sendings(sendings(leading.tolist()), by_guest=not leads.any())
    starts = np.array([group[0] for group in groups], np.int64)
    event = np.searchsorted(starts, ts_ns, side="right") - 1
    if leads.any():
        event = _adopt_followers(ts_ns, leads, starts, event)
    return [np.flatnonzero(event == number) for number in np.unique(event)]


def _adopt_followers(ts_ns: I64, leads: npt.NDArray[np.bool_], starts: I64, event: I64) -> I64:
    """
    To which event belong the guest's own announcements?

    To the one before them unless all of it is over a minute ago, to the next one where they come just before it,
    else to an event of their own (which gets a number after the others).
    """
    joined = event.copy()
    last_of = {int(e): int(ts_ns[leads & (event == e)].max()) for e in np.unique(event[leads])}
    own, own_last = len(starts) - 1, None
    for i in np.flatnonzero(~leads):
        now, before = int(ts_ns[i]), int(event[i])
        if before + 1 < len(starts) and starts[before + 1] - now <= LEADS_BY_NS:
            joined[i] = before + 1
        elif before >= 0 and now - last_of[before] <= QUIET_NS:
            last_of[before] = now
        else:
            if own_last is None or now - own_last > QUIET_NS:
                own += 1
            own_last = now
            joined[i] = own
    return joined


def split_sendings(times: Sequence[int], by_guest: bool = False) -> list[list[int]]:
    """
    Which of these distinct, rising sendings are one event?

    Cut where all is quiet, where a schedule restarts, and where a host says anew what it said in one shape before.
    """
    groups: list[list[int]] = []
    cluster: list[int] = []
    for now in times:
        if cluster and now - cluster[-1] > QUIET_NS:
            groups.extend(_split_restarts(cluster, by_guest))
            cluster = []
        cluster.append(now)
    if cluster:
        groups.extend(_split_restarts(cluster, by_guest))
    if by_guest:
        return groups
    return [part for group in groups for part in (split_bursts(group) if _is_of_nobody(group) else [group])]


def _is_of_nobody(times: Sequence[int]) -> bool:
    """Do these follow no known schedule, and no plain pace?"""
    return len(times) <= SENDINGS_SPLIT and not is_steady(times) and best_match(times) is None


RESTART_COST: Final = 7.5
LATE_RESTART_COST: Final = 1.0
LOST_COST: Final = 1.0
EXTRA_COST: Final = 2.6
ROUND_MATCH_COST: Final = 0.3
UNKNOWN_COST: Final = 1.4
MOST_EXTRAS: Final = 3
"""
What an explanation of a cluster costs: an event begun, an event begun after the former schedule was over, a time of
the schedule without a frame, a frame outside the schedule, a frame on a schedule of round gaps, a frame in an event of
unknown schedule. So two frames off the schedule are taken as extras, three that start a schedule anew as another event,
an even train of frames as one event.
"""

UNKNOWN_SCHEDULE: Final = -1


class _State(NamedTuple):
    """The cheapest way to explain all sendings up to one that stands at this place of this schedule."""

    cost: float
    schedule: int
    place: int
    event_start: int
    """Index of the sending that begins the current event."""
    starts: tuple[int, ...]
    """Indices of the sendings that begin the events before it."""
    matched: int
    """Sendings of the current event that are on its schedule."""


def _split_restarts(times: list[int], by_guest: bool) -> list[list[int]]:
    if not 1 < len(times) <= SENDINGS_SPLIT or is_steady(times):
        return [times]
    history: list[list[_State]] = []
    for i in range(len(times)):
        history.append(_explain(times, i, history, by_guest))
    ends = [
        state._replace(cost=state.cost + EXTRA_COST * (len(times) - 1 - i))
        for i in range(max(0, len(times) - 1 - MOST_EXTRAS), len(times))
        for state in history[i]
    ]
    best = min(ends, key=lambda s: s.cost)
    cuts = [*best.starts, best.event_start, len(times)]
    return [times[a:b] for a, b in itertools.pairwise(cuts)]


def _explain(times: list[int], i: int, history: list[list[_State]], by_guest: bool) -> list[_State]:
    """Every place that sending i may have, each reached in the cheapest way."""
    cheapest: dict[tuple[int, int], _State] = {}
    for state in _begin(times, i, history, by_guest):
        _keep_cheaper(cheapest, state)
    for j in range(max(0, i - 1 - MOST_EXTRAS), i):
        extras = EXTRA_COST * (i - 1 - j)
        for state in history[j]:
            for place, lost in _next_places(state, times[i] - times[j]):
                cost = state.cost + extras + LOST_COST * lost + _match_cost(state.schedule)
                _keep_cheaper(cheapest, state._replace(cost=cost, place=place, matched=state.matched + 1))
    return list(cheapest.values())


def _keep_cheaper(cheapest: dict[tuple[int, int], _State], state: _State) -> None:
    key = (state.schedule, state.place)
    if key not in cheapest or state.cost < cheapest[key].cost:
        cheapest[key] = state


def _next_places(state: _State, gap_ns: int) -> list[tuple[int, int]]:
    """At which places may the next sending stand, and how many are lost in between?"""
    if state.schedule == UNKNOWN_SCHEDULE:
        return [(0, 0)]
    schedule = SCHEDULES[state.schedule]
    return [
        (place, place - state.place - 1)
        for place in range(state.place + 1, len(schedule.offsets_ms))
        if gap_fits(schedule, state.place, place, gap_ns)
    ]


def _begin(times: list[int], i: int, history: list[list[_State]], by_guest: bool) -> list[_State]:
    """Sending i as the first in view of an event, after the cheapest end of what was before."""
    cost, starts = (0.0, ()) if i == 0 else _cheapest_end(times, i, history)
    states = [_State(cost + UNKNOWN_COST, UNKNOWN_SCHEDULE, 0, i, starts, 1)]
    for number, schedule in enumerate(SCHEDULES):
        if by_guest and not schedule.guest_joins:
            continue
        paid = cost + _match_cost(number)
        for place in places(schedule):
            states.append(_State(paid + LOST_COST * max(0, place), number, place, i, starts, 1))
    return states


def _match_cost(schedule: int) -> float:
    if schedule == UNKNOWN_SCHEDULE:
        return UNKNOWN_COST
    return ROUND_MATCH_COST if SCHEDULES[schedule].round_gaps else 0.0


def _cheapest_end(times: list[int], i: int, history: list[list[_State]]) -> tuple[float, tuple[int, ...]]:
    """What does it cost at least to begin a new event at sending i, and where did the events before it begin?"""
    best: tuple[float, tuple[int, ...]] = (float("inf"), ())
    for j in range(max(0, i - 1 - MOST_EXTRAS), i):
        for state in history[j]:
            cost = state.cost + EXTRA_COST * (i - 1 - j) + _restart_cost(state, times[i] - times[j])
            if cost < best[0]:
                best = (cost, (*state.starts, state.event_start))
    return best


def _restart_cost(state: _State, gap_ns: int) -> float:
    """A new event is likelier when the schedule of the one before, once recognised, had come to its end."""
    if state.schedule == UNKNOWN_SCHEDULE or state.matched < LEAST_MATCHES:
        return RESTART_COST
    schedule = SCHEDULES[state.schedule]
    left_ns = (schedule.offsets_ms[-1] - schedule.offsets_ms[max(0, state.place)]) * NS_PER_MS
    return LATE_RESTART_COST if gap_ns > left_ns + SCHEDULE_OVER_NS else RESTART_COST
