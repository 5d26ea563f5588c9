"""One service address at two sites: does each connection stay with one of them (domain notes 4.12)?"""

import itertools
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.whose import FRESH_TTLS, is_one_of
from vmpcap.migration.guest.lives import first_of_each
from vmpcap.migration.mechanisms.case import Case, result, sighted
from vmpcap.migration.moved import on_point
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, distinct_addresses, ip_text, mac_text
from vmpcap.terms.alike import alike
from vmpcap.terms.distinct import distinct
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_TCP, TCP_ACK, TCP_RST, TCP_SYN

I64 = npt.NDArray[np.int64]
Address = tuple[int, int]

SETTLED_NS: Final = NS_PER_S
"""So long around the move a connection may change its way once: that is the move."""
LEAST_SEGMENTS: Final = 4
"""A connection of fewer segments tells nothing of its way."""
LEAST_TURNS: Final = 4
"""From so many changes to and fro the segments are shared between two ways; a route that flaps once makes two."""
LEAST_DENIED: Final = 2
"""Connections that were reset from the other place: one may be chance."""
NEAR_NS: Final = 2 * NS_PER_S
"""A reset that follows this soon belongs to what the client had just sent."""
MOST_ADDRESSES: Final = 16
MOST_CONNECTIONS: Final = 64
"""Of each service at each point, the largest: if its packets are shared between sites, these show it best."""
MOST_RESETS: Final = 3
"""Of each connection."""
MOST_SEGMENTS: Final = 50_000
"""Of each service at each point, the last."""


@dataclass(frozen=True, slots=True)
class _Flow:
    """One direction of one connection, from the service to a client, at one point."""

    view: PointView
    service: Address
    client: Address
    is_own: bool
    """Whether the service's address is the guest's, or one that the guest called."""
    rows: I64
    """Its segments but for resets, by time."""
    ttls: tuple[int, ...]
    """Of these segments, each once."""
    turns: int
    """How often the way (TTL, or the MAC that brings it) changes from one segment to the next, resets too."""
    strange: I64
    """Resets that came another way than the segment just before, on the same side of the move."""
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """All that was looked at, and what was not: by the point's name and the service."""

    flows: list[_Flow] = field(default_factory=list)
    left_out: dict[tuple[str, Address], int] = field(default_factory=dict)
    """How many connections were not looked at."""
    cut: set[tuple[str, Address]] = field(default_factory=set)
    """Of which more than the last MOST_SEGMENTS segments were there."""


def judge_anycast(case: Case, name: str) -> Mechanism | None:
    """
    Is one service address answered from two places, and does each connection keep to one?

    Two places show as two hop counts from one address to one client at the same time, or as two machines that answer
    for the address in two domains. A move is no anycast: it changes the way once, for all.
    """
    looked = _look(case)
    flows = looked.flows
    mixed = _mixed(case, name, flows)
    if mixed is not None:
        return mixed
    twins, pair = _two_machines(flows), _apart(case, flows)
    if pair is not None:
        one, other, how = pair
        what = f"{ip_text(*one.service)} answers {ip_text(*one.client)} with TTL {one.ttls[0]} in one connection and "
        what += f"with TTL {other.ttls[0]} in {how}, at {one.view.name}: two places, or two ways"
        seen = sighted((flow.view, int(flow.view.journal.frame[flow.rows[0]])) for flow in (one, other))
        service, names = one.service, [one.view.name]
    elif twins is not None:
        what, frames, service = twins
        seen, names = sighted(frames), [view.name for view, _ in frames]
    else:
        return None
    return result(name, "yes", f"{what}, as long as they are in view; {_kept(looked, service, names)}", seen)


def _kept(looked: _Seen, service: Address, names: list[str]) -> str:
    """How many connections to the service kept to one way at these points, and how many were not looked at?"""
    kept = sum(flow.service == service and flow.turns == 0 for flow in looked.flows if flow.view.name in names)
    left_out = sum(looked.left_out.get((name, service), 0) for name in names)
    words = f"each of {count_of(kept, 'connection')} kept to one"
    if any((name, service) in looked.cut for name in names):
        words += f" in the last {MOST_SEGMENTS} segments"
    return f"{words}; {left_out} smaller or earlier ones were not looked at" if left_out else words


def _mixed(case: Case, name: str, flows: list[_Flow]) -> Mechanism | None:
    """Do segments of one direction of a connection come from two places?"""
    suspects = [flow for flow in flows if len(flow.strange)]
    denied = [f for f in suspects if any(_is_served(case, f, row, flows) for row in f.strange[:MOST_RESETS].tolist())]
    turning = [flow for flow in denied if flow.turns >= LEAST_TURNS]
    if turning or len(denied) >= LEAST_DENIED:
        flow = max(turning or denied, key=lambda f: f.turns)
        j, row = flow.view.journal, int(flow.strange[0])
        places = {_places(one) for one in denied if _of_one_service(one, flow)}
        denied = [one for one in suspects if _of_one_service(one, flow) and _places(one) in places]
        because = (
            f"at {flow.view.name} {count_of(len(denied), 'connection')} to {ip_text(*flow.service)} got segments from "
            f"one place and resets from another (TTL {int(j.ttl[flow.rows[0]])}, resets {int(j.ttl[row])}): packets of "
            "one connection are shared between sites, and one of them has no state for it"
        )
        return result(name, "no", because, sighted((f.view, n) for f in (flow, *denied[:3]) for n in _samples(f)))
    alternating = [flow for flow in flows if flow.turns >= LEAST_TURNS and len(flow.ttls) > 1]
    if not alternating:
        return None
    flow = max(alternating, key=lambda f: f.turns)
    because = (
        f"at {flow.view.name} the segments of one connection from {ip_text(*flow.service)} to {ip_text(*flow.client)} "
        f"alternate between TTL {' and '.join(map(str, flow.ttls))}, {count_of(flow.turns, 'time')}; no reset says "
        "that one of the places does not know it: two ways to one machine look the same"
    )
    return result(name, "undecided", because, sighted((flow.view, n) for n in _samples(flow)))


def _of_one_service(one: _Flow, other: _Flow) -> bool:
    return (one.view.name, one.service) == (other.view.name, other.service)


def _places(flow: _Flow) -> frozenset[int]:
    """From which two ways do its segments and its first such reset come? Once known to be two places, they are so."""
    return frozenset((_way(flow.view.journal, int(flow.rows[0])), _way(flow.view.journal, int(flow.strange[0]))))


def _samples(flow: _Flow) -> list[int]:
    """Frames that show both ways."""
    frames = flow.view.journal.frame
    return [int(frames[row]) for row in (*flow.rows[:3], *flow.strange[:2])]


def _is_served(case: Case, flow: _Flow, row: int, flows: list[_Flow]) -> bool:
    """
    Does the place that sent this reset serve the same client too, and the other go on meanwhile?

    A firewall's reset has a TTL of its own as well, but nobody is served with it. A route that changed once brings
    everything by the new way.
    """
    j, when = flow.view.journal, on_point(flow.view, case.moment)
    ts, way, usual = int(j.ts_ns[row]), _way(j, row), _way(j, int(flow.rows[0]))
    served = goes_on = False
    for other in flows:
        if (other.view.name, other.service, other.client) != (flow.view.name, flow.service, flow.client):
            continue
        rows = other.rows[(j.ts_ns[other.rows] < when) == (ts < when)]
        ways = _ways(j, rows)
        served = served or bool((ways == way).any())
        goes_on = goes_on or bool(((ways == usual) & (j.ts_ns[rows] > ts)).any())
        if served and goes_on:
            return True
    return False


def _way(j: JournalColumns, row: int) -> int:
    return int(_ways(j, np.array([row]))[0])


def _ways(j: JournalColumns, rows: I64) -> npt.NDArray[np.uint64]:
    """By which way did each packet come: its hop count, and who brought it."""
    ways: npt.NDArray[np.uint64] = (j.ttl[rows].astype(np.uint64) << np.uint64(48)) | j.eth_src[rows]
    return ways


def _look(case: Case) -> _Seen:
    """Connections to the guest's addresses, to those that it called, and to others that serve its peers two ways."""
    looked = _Seen()
    domains = {view.role for view in case.views if _is_domain(view)}
    for view in case.views:
        j = view.journal
        tcp = _tcp_of(view)
        if not len(tcp):
            continue
        own = {*case.guest.ips, *_called(view, case)}
        for service in [*sorted(own)[:MOST_ADDRESSES], *_serving(view, case, tcp, own)]:
            mine = tcp[(j.src_high[tcp] == np.uint64(service[0])) & (j.src_low[tcp] == np.uint64(service[1]))]
            has_twin = _is_domain(view) and len(domains) > 1
            if not len(mine) or not (has_twin or _has_two_ways(j, mine)):
                continue  # one place, one way: nothing here can differ
            last = mine[-MOST_SEGMENTS:]
            last = last[np.argsort(j.ts_ns[last], kind="stable")]
            taken = _connections(j, last[is_first_copy(j, last)])
            key = (view.name, service)
            looked.left_out[key] = len(first_of_each(view, mine)) - len(taken)
            if len(mine) > MOST_SEGMENTS:
                looked.cut.add(key)
            flows = (_flow(view, case, service, rows, service in own) for rows in taken)
            looked.flows.extend(flow for flow in flows if flow is not None)
    return looked


def _is_domain(view: PointView) -> bool:
    return (view.role or "").startswith("domain:")


def _has_two_ways(j: JournalColumns, rows: I64) -> bool:
    return bool((j.ttl[rows] != j.ttl[rows[0]]).any() or (j.eth_src[rows] != j.eth_src[rows[0]]).any())


def _tcp_of(view: PointView) -> I64:
    """The rows of TCP on links with MACs; looked for once."""
    if "tcp_rows" not in view.found:
        j = view.journal
        view.found["tcp_rows"] = np.flatnonzero((j.ip_protocol == IP_TCP) & (j.eth_src != np.uint64(NO_MAC)))
    rows: I64 = view.found["tcp_rows"]
    return rows


def _called(view: PointView, case: Case) -> set[Address]:
    """Whom did the guest open connections to?"""
    j, sent = view.journal, frames_of(view, case.guest).sent_ip
    opened = sent[(j.ip_protocol[sent] == IP_TCP) & (j.tcp_flags[sent] & (TCP_SYN | TCP_ACK) == TCP_SYN)]
    high, low, _ = distinct_addresses(j.dst_high[opened], j.dst_low[opened])
    return set(zip(high.tolist(), low.tolist(), strict=True))


def _serving(view: PointView, case: Case, tcp: I64, own: set[Address]) -> list[Address]:
    """Which other addresses send to peers of the guest by more than one way? To anybody, where no peer is known."""
    j, frames = view.journal, frames_of(view, case.guest)
    rows = tcp[~is_one_of(j.src_high[tcp], j.src_low[tcp], case.guest.ips)]
    if case.guest.ips and len(rows):
        low = distinct(np.concatenate((j.dst_low[frames.sent_ip], j.src_low[frames.asked])))
        rows = rows[np.isin(j.dst_low[rows], low)]
    if not len(rows):
        return []
    source = alike(j.src_low, j.src_high, rows=rows)
    least, most = np.full(len(source.first), 255, np.uint8), np.zeros(len(source.first), np.uint8)
    np.minimum.at(least, source.number, j.ttl[rows])
    np.maximum.at(most, source.number, j.ttl[rows])
    first = rows[source.first[least < most]]
    services = sorted({*zip(j.src_high[first].tolist(), j.src_low[first].tolist(), strict=True)})
    return [service for service in services if service not in own][:MOST_ADDRESSES]


def _connections(j: JournalColumns, rows: I64) -> list[I64]:
    """The rows of each of the largest connections, by time: the same other end, the same ports."""
    if not len(rows):
        return []
    keys = (j.dst_high[rows], j.dst_low[rows], j.src_port[rows], j.dst_port[rows])
    order = np.lexsort(keys)
    new = np.zeros(len(rows) - 1, np.bool_)
    for key in keys:
        new |= key[order][1:] != key[order][:-1]
    found = np.split(rows[order], np.flatnonzero(new) + 1)
    return sorted(found, key=len, reverse=True)[:MOST_CONNECTIONS]


def _flow(view: PointView, case: Case, service: Address, rows: I64, is_own: bool) -> _Flow | None:
    """What ways did this direction take?"""
    j, when = view.journal, on_point(view, case.moment)
    is_reset = j.tcp_flags[rows] & TCP_RST != 0
    kept = rows[~is_reset]
    if not len(kept):
        return None
    ways, ts = _ways(j, rows), j.ts_ns[rows]
    turned = np.flatnonzero(ways[1:] != ways[:-1]) + 1
    across = (ts[turned] >= when) & (ts[turned - 1] < when)
    beside = np.abs(ts[turned] - when) <= SETTLED_NS
    turns = int((~across & ~beside).sum())
    strange = turned[is_reset[turned] & ~across & (ts[turned] - ts[turned - 1] <= NEAR_NS)]
    ttls = tuple(int(ttl) for ttl in np.unique(j.ttl[kept]))
    client = (int(j.dst_high[kept[0]]), int(j.dst_low[kept[0]]))
    ends = (int(j.ts_ns[kept[0]]), int(j.ts_ns[kept[-1]]))
    return _Flow(view, service, client, is_own, kept, ttls, turns, rows[strange], *ends)


def _apart(case: Case, flows: list[_Flow]) -> tuple[_Flow, _Flow, str] | None:
    """Two connections between the same two addresses that came by two ways, at the same time or in turn; how, too."""
    ends: dict[tuple[str, Address, Address], list[_Flow]] = {}
    for f in flows:
        if f.is_own and f.turns == 0 and len(f.ttls) == 1 and len(f.rows) >= LEAST_SEGMENTS:
            ends.setdefault((f.view.name, f.service, f.client), []).append(f)
    alike = [same for same in ends.values() if len({f.ttls for f in same}) > 1]
    for one, other in (pair for same in alike for pair in itertools.combinations(same, 2)):
        if one.ttls != other.ttls and _at_once(case, one, other):
            return one, other, "another at the same time"
    return next(((*pair, "the next, to and fro") for same in alike if (pair := _in_turn(case, same))), None)


def _in_turn(case: Case, same: list[_Flow]) -> tuple[_Flow, _Flow] | None:
    """
    Of connections too short to run at once: two of which the second came another way, where they took turns so?

    On one side of the move, which changes the way once; a route that flaps once does so twice.
    """
    when = on_point(same[0].view, case.moment)
    before = [flow for flow in same if flow.until < when]
    after = [flow for flow in same if flow.since > when + SETTLED_NS]
    for side in (before, after):
        line = sorted(side, key=lambda flow: flow.since)
        turned = [(one, other) for one, other in itertools.pairwise(line) if one.ttls != other.ttls]
        if len(turned) >= LEAST_TURNS:
            return turned[0]
    return None


def _at_once(case: Case, one: _Flow, other: _Flow) -> bool:
    """Were both alive on the same side of the move for as long as that takes to be sure?"""
    begin, end = max(one.since, other.since), min(one.until, other.until)
    when = on_point(one.view, case.moment)
    return min(end, when) - begin >= SETTLED_NS or end - max(begin, when + SETTLED_NS) >= SETTLED_NS


def _two_machines(flows: list[_Flow]) -> tuple[str, list[tuple[PointView, int]], Address] | None:
    """Do two machines answer for one address, each in its own domain, at the same time?"""
    fresh = [f for f in flows if f.is_own and set(f.ttls) <= set(FRESH_TTLS) and _is_domain(f.view)]
    if len({_mac(flow.view.journal, flow.rows) for flow in fresh}) < 2:
        return None
    for number, one in enumerate(fresh):
        for other in fresh[number + 1 :]:
            if one.service != other.service or one.view.role == other.view.role:
                continue
            macs = [_mac(flow.view.journal, flow.rows) for flow in (one, other)]
            if macs[0] == macs[1] or None in macs or not _overlap(one, other):
                continue
            words = (
                f"{ip_text(*one.service)} is served by {mac_text(macs[0] or 0)} at {one.view.name} and by "
                f"{mac_text(macs[1] or 0)} at {other.view.name} at the same time"
            )
            frames = [(flow.view, int(flow.view.journal.frame[flow.rows[0]])) for flow in (one, other)]
            return words, frames, one.service
    return None


def _mac(j: JournalColumns, rows: I64) -> int | None:
    macs = np.unique(j.eth_src[rows])
    return int(macs[0]) if len(macs) == 1 else None


def _overlap(one: _Flow, other: _Flow) -> bool:
    """On the reference clock, for at least as long as a move takes to settle."""
    begins = [flow.view.line.on_reference(flow.since) for flow in (one, other)]
    ends = [flow.view.line.on_reference(flow.until) for flow in (one, other)]
    return min(ends) - max(begins) >= SETTLED_NS
