"""Mechanisms that captures show though no switchover is in view: what runs there, and nothing of whether it works."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from vmpcap.announcements.routes.rows import GatewayHello, RouteNews
from vmpcap.migration.guest.restarts import Restart
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Told, What, of_told, result, sighted
from vmpcap.migration.mechanisms.gateway_answers import NAMES as GATEWAY_NAMES
from vmpcap.migration.mechanisms.gateway_hellos import hold_of
from vmpcap.migration.mechanisms.overlays import ends_of
from vmpcap.migration.mechanisms.route_claims import NAMES as ROUTE_NAMES
from vmpcap.migration.mechanisms.route_places import PREFIX_ROUTE
from vmpcap.migration.moved import on_reference
from vmpcap.migration.news import news_of
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.units import count_of

Seen = tuple[str, list[tuple[PointView, int]]]
"""What was seen, in words, and frames that show it."""

NO_SWITCHOVER: Final = "no switchover in view"
MOST_NAMED: Final = 3
MOST_SHOWN: Final = 12
HOSTS: Final = ("/32", "/128")
MAPPED: Final = {"register": "registered", "notify": "confirmed", "reply": "mapped"}
"""Messages of LISP that say where an identifier is; requests only ask."""


def tell_at_rest(views: Sequence[PointView]) -> list[Mechanism]:
    """Which mechanisms do these captures show, whatever moved?"""
    found = ((name, look(views, name)) for name, look in MARKS.items())
    return [
        result(name, "undecided", f"{told[0]}; {NO_SWITCHOVER}", sighted(told[1][:MOST_SHOWN]))
        for name, told in found
        if told is not None
    ]


def tell_restarts(restarts: Iterable[Restart]) -> list[Mechanism]:
    """Which machines were started anew, and does anybody reach them? Each is a row of its own."""
    return [result(r.name, r.answer, r.because, sighted(r.frames), r.latency_ns) for r in restarts]


def _told(views: Iterable[PointView], rows: Callable[[PointView], Iterable[What]]) -> list[Told[What]]:
    """What all points say, in the order of time."""
    found = [Told(view, on_reference(view, what.ts_ns), what) for view in views for what in rows(view)]
    return sorted(found, key=lambda told: told.ts)


def _named(names: Iterable[str]) -> str:
    """The first few of these, each once, and how many more there are."""
    once = list(dict.fromkeys(name for name in names if name))
    more = f" and {len(once) - MOST_NAMED} more" if len(once) > MOST_NAMED else ""
    return f"{', '.join(once[:MOST_NAMED])}{more}"


def _firsts(told: Iterable[Told[What]], key: Callable[[What], object]) -> list[Told[What]]:
    """The first of each kind at each point."""
    first: dict[object, Told[What]] = {}
    for one in told:
        first.setdefault((one.view.name, key(one.what)), one)
    return list(first.values())


def _hellos(views: Sequence[PointView], name: str) -> Seen | None:
    """
    Which virtual gateways are there, and which routers were active for them, in the order of time?

    One number may serve a gateway of each address family: those are two (RFC 9568 5.2.3).
    """

    def mine(view: PointView) -> list[GatewayHello]:
        return [hello for hello in news_of(view).hellos if hello.protocol == name]

    told = _told(views, mine)
    if not told:
        return None
    groups: dict[tuple[int, bool, int], list[Told[GatewayHello]]] = {}
    for one in told:
        groups.setdefault((one.what.group, ":" in one.what.sender, one.what.segment_key), []).append(one)
    words = []
    for (group, *_), hellos in list(groups.items())[:MOST_NAMED]:
        active = [t for t in hellos if t.what.state == "active" and not t.what.is_leaving]
        address = _named(ip for t in hellos for ip in t.what.virtual_ips) or "no address"
        words.append(f"group {group} ({address}): {in_turn(active) or 'no router'} active")
    more = f" and {len(groups) - MOST_NAMED} more groups" if len(groups) > MOST_NAMED else ""
    shown = _firsts(told, lambda hello: (hello.group, ":" in hello.sender, hello.sender, hello.state))
    head = f"{GATEWAY_NAMES[name]} at {_named(t.view.name for t in told)}, {count_of(len(told), 'hello')}"
    return f"{head}: {'; '.join(words)}{more}", list(of_told(shown))


def in_turn(active: Sequence[Told[GatewayHello]]) -> str:
    """
    Which routers were active, in the order of their first hellos: one `then` another, or one `and` another at once?

    At once where one of them spoke between two hellos of the other that are no further apart than its hold time.
    """
    times: dict[str, list[Told[GatewayHello]]] = {}
    for one in active:
        times.setdefault(one.what.sender, []).append(one)
    words = ""
    known: list[str] = []
    for router, own in times.items():
        beside = any(_at_once(own, times[other]) for other in known)
        words += f"{' and ' if beside else ' then '}{router}" if known else router
        known.append(router)
    last = active[-1].what.sender if active else ""
    returned = len(known) > 1 and last != known[-1] and not _at_once(times[last], times[known[-1]])
    return f"{words} then {last} again" if returned else words


def _at_once(one: Sequence[Told[GatewayHello]], other: Sequence[Told[GatewayHello]]) -> bool:
    return any(
        before.ts <= told.ts <= after.ts
        for these, those in ((one, other), (other, one))
        for before, after in pairwise(these)
        if after.ts - before.ts <= hold_of(before.what)
        for told in those
    )


def _routes(views: Sequence[PointView], name: str) -> Seen | None:
    """Which host routes are told, and by whom? A router's own address is none of a guest."""

    def mine(view: PointView) -> list[RouteNews]:
        return [news for news in news_of(view).routes if _is_host_route(news, name)]

    told = _told(views, mine)
    if not any(t.what.action == "announce" for t in told):
        return None
    tellers: dict[str, dict[str, None]] = {}
    for one in told:
        if one.what.action == "announce":
            tellers.setdefault(one.what.prefix, {}).setdefault(one.what.origin or one.what.sender)
    named = [f"{prefix} by {_named(who)}" for prefix, who in tellers.items()]
    shown = _firsts(told, lambda news: (news.prefix, news.origin or news.sender, news.action))
    because = f"{ROUTE_NAMES[name]} tells of {count_of(len(tellers), 'host route')}: {_named(named)}"
    return f"{because}; whether one is a guest's is not known", list(of_told(shown))


def _is_host_route(news: RouteNews, name: str) -> bool:
    spoken = news.protocol == name or (name == "bgp" and news.protocol == "evpn" and news.reason == PREFIX_ROUTE)
    address, _, length = news.prefix.rpartition("/")
    own = (news.origin, news.sender, news.next_hop)
    return spoken and f"/{length}" in HOSTS and address not in own


def _lisp(views: Sequence[PointView], _: str) -> Seen | None:
    """Which identifiers are mapped to which locators, and which messages say so?"""
    told = _told(views, lambda view: [news for news in news_of(view).routes if news.protocol == "lisp"])
    if not told:
        return None
    counted = Counter(t.what.reason for t in told)
    kinds = ", ".join(f"{count:,} {reason}" for reason, count in counted.most_common())
    mapped = [f"{t.what.prefix} at {t.what.origin}" for t in told if t.what.reason in MAPPED and t.what.origin]
    because = f"LISP control messages ({kinds})" + (f" map {_named(mapped)}" if mapped else " ask, and map nothing")
    return because, list(of_told(_firsts(told, lambda news: (news.reason, news.prefix, news.origin))))


def _evpn(views: Sequence[PointView], _: str) -> Seen | None:
    """Whose MACs are told by which endpoints?"""
    told = _told(views, lambda view: [n for n in news_of(view).routes if n.protocol == "evpn" and n.mac])
    if not told:
        return None
    macs = [f"{t.what.mac} behind {t.what.next_hop}" for t in told if t.what.action == "announce" and t.what.next_hop]
    because = f"EVPN routes of {count_of(len({t.what.mac for t in told}), 'MAC')}" + (
        f": {_named(macs)}" if macs else ""
    )
    return because, list(of_told(_firsts(told, lambda news: (news.mac, news.next_hop, news.action))))


def _overlay(views: Sequence[PointView], name: str) -> Seen | None:
    """Between which endpoints does this overlay carry frames, under which numbers?"""
    ends, numbers, shown = [], [], []
    for view in views:
        rows = view.carriers.rows()
        for i in is_carried_by(rows, SHELLS[name].steps).nonzero()[0].tolist():
            ends.append(" and ".join(sorted(ends_of(rows.outer[i]))))
            numbers.append(str(int(rows.vni[i])))
            shown.append((view, int(rows.frame[i])))
    if not shown:
        return _tunnel(views, name) if name in INSIDE else None
    kind = "Geneve" if name == "geneve" else name.upper()
    return f"{kind} {_named(numbers)} carries frames between {_named(ends)}", shown


INSIDE: Final = {
    "etherip": ("etherip", "EtherIP carries"),
    "fence": ("fence", "a fence (ethertype 0x88DE) carries"),
    "mpls": ("mpls", "MPLS labels carry"),
    "otv": ("labelled_gre", "a label in GRE, as OTV of a Nexus 7000 has it, carries"),
}
"""
Tunnels without an overlay's number: as which kind their frames are kept, and what is said of them. Labels may carry IP.
"""


def _tunnel(views: Sequence[PointView], name: str) -> Seen | None:
    """Between which ends does this tunnel carry frames?"""
    kind, words = INSIDE[name]
    found = [(view, row) for view in views for row in view.tunnelled if row.kind == kind]
    if not found:
        return None
    ends = _named(" - ".join(sorted(row.outer)) for _, row in found if row.outer is not None)
    frames = count_of(sum(row.frames for _, row in found), "frame")
    because = f"{words} {frames}" + (f" between {ends}" if ends else "")
    return because, [(view, row.first_frame) for view, row in found]


MARKS: Final[dict[str, Callable[[Sequence[PointView], str], Seen | None]]] = {
    "mpls": _tunnel,
    "etherip": _tunnel,
    "fence": _tunnel,
    "rip": _routes,
    "ospf": _routes,
    "eigrp": _routes,
    "bgp": _routes,
    "isis": _routes,
    "evpn": _evpn,
    "vxlan": _overlay,
    "geneve": _overlay,
    "otv": _overlay,
    "lisp": _lisp,
    "vrrp": _hellos,
    "hsrp": _hellos,
    "glbp": _hellos,
}
"""
Rows that show themselves, in the order of MECHANISMS. The others are marked by what a guest or a stream does: an
answered ARP request, two addresses on two hops, a tunnel of some volume are found everywhere.
"""
