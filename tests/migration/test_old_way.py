"""Requests handed to a router that still advertises the route: what they met proves it before any timer has run out."""

from dataclasses import replace
from typing import Any

import pytest

from tests.announcements.routes.made import control
from tests.migration.make import GUEST, GUEST_IP, MS, PEER_IP, journal, suffered
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, news, point
from vmpcap.announcements.complaints import Complaint, ComplaintLog
from vmpcap.announcements.control import ControlLog
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.results import Mechanism
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView

CORE, OLD, NEW = "192.0.2.1", "192.0.2.2", "192.0.2.6"
MAC_OF = {CORE: 0x0200_0000_0001, OLD: 0x0200_0000_0002, NEW: 0x0200_0000_0006}
LOST_IP = LOST.peer.peer
END = 12_000


def told(sender: str, ts: int, name: str) -> RouteNews:
    """A router's own word about the guest's route."""
    return news(ts, "announce", name, sender=sender, origin=sender if name == "bgp" else "", metric=1, next_hop=sender)


def handed(to: int, peer: str = LOST_IP, first_ms: int = 5_200) -> list[tuple[int, int, int, str, str]]:
    """From then on a peer's requests go to this MAC, ten a second."""
    return [(after(ms), MAC_OF[CORE], to, peer, GUEST_IP) for ms in range(first_ms, END, 100)]


def link(name: str, rows: list[tuple[int, int, int, str, str]], said: list[RouteNews], **known: Any) -> PointView:
    """What passes here, and the routers that speak here."""
    made = journal(*sorted(rows))
    made.ip_id[:] = made.ts_ns // (100 * MS) % 60_000
    senders = {row.sender for row in said} | {CORE}
    frames = [replace(control("00", said[0].protocol, source=s), eth_src=MAC_OF[s]) for s in senders]
    return point(name, "wan", said, journal=made, control=ControlLog(frames=frames), last_ts=after(END), **known)


def judge(name: str, rows: list[Any], peers: list[Suffered], *more: PointView) -> Mechanism:
    """What is said of a route that both sites' routers advertise, in twelve seconds of view."""
    to_old = link("core-to-A", rows, [told(OLD, 0, name)])
    to_new = link("core-to-B", [], [told(NEW, after(20), name)])
    found = judged(name, case(to_old, to_new, *more, peers=peers))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["bgp", "rip", "eigrp"])
def test_a_lost_peers_requests_to_the_old_router_show_which_way_is_followed(name: str) -> None:
    """Its timer may yet run out, after 30 s or 180 s: what is lost is lost on its way."""
    found = judge(name, handed(MAC_OF[OLD]), [FINE, LOST])
    assert found.worked == "no"
    assert f"68 packets of 1 peer without an answer were handed to {OLD} from +5.2 s until +11.9 s" in found.because
    assert ("core-to-A", 1) in {(e.point, n) for e in found.evidence for n in e.frames}


def test_what_the_old_router_says_of_them_is_told() -> None:
    """It no longer has the guest, and says so for each."""
    first = Complaint(77, after(6_000), MAC_OF[OLD], OLD, 4, 3, 1, 0, "", LOST_IP, GUEST_IP, 1, 0, 0)
    log = ComplaintLog(errors=[first, replace(first, frame=79, ts_ns=after(7_000))])
    to_old = link("core-to-A", handed(MAC_OF[OLD]), [told(OLD, 0, "rip")], complaints=log)
    to_new = link("core-to-B", [], [told(NEW, after(20), "rip")])
    found = judged("rip", case(to_old, to_new, peers=[FINE, LOST]))
    assert found is not None
    assert f"{OLD} said 2 times that the guest is unreachable (ICMP)" in found.because


ARRIVED = point("b", "domain:destination", journal=journal(*((ts, 1, GUEST, a, b) for ts, _, _, a, b in handed(9))))
ARRIVED.journal.ip_id[:] = ARRIVED.journal.ts_ns // (100 * MS) % 60_000
SAME_PEER = suffered(150.0, peer=LOST_IP)


@pytest.mark.parametrize(
    ("rows", "peers", "more"),
    [
        (handed(MAC_OF[NEW]), [FINE, LOST], []),
        (handed(MAC_OF[OLD], first_ms=1_000)[:30], [FINE, LOST], []),
        (handed(MAC_OF[OLD], PEER_IP), [FINE, LOST], []),
        (handed(MAC_OF[OLD]), [SAME_PEER, LOST], []),
        ([*handed(MAC_OF[OLD]), *handed(MAC_OF[NEW])], [FINE, LOST], []),
        (handed(MAC_OF[OLD]), [FINE, LOST], [ARRIVED]),
    ],
    ids=[
        "to another router",
        "while the old one may learn it",
        "of a peer that is answered",
        "of a peer that is answered by another stream",
        "handed on to the new way",
        "come to the new place",
    ],
)
def test_requests_that_do_not_end_on_the_old_way_leave_it_open(
    rows: list[Any], peers: list[Suffered], more: list[PointView]
) -> None:
    """In so short a view the old router may yet withdraw, and the peers are lost for another reason."""
    found = judge("rip", rows, peers, *more)
    assert found.worked == "undecided"
    assert "too short a view to say that this never came" in found.because


def test_a_router_that_passes_the_old_route_on_is_handed_all_packets() -> None:
    """Beyond it they may well take the new way."""
    rows = [replace(told(OLD, 0, "bgp"), path_length=2)]
    views = [link("lan", handed(MAC_OF[OLD]), rows), link("core-to-B", [], [told(NEW, after(20), "bgp")])]
    found = judged("bgp", case(*views, peers=[FINE, LOST]))
    assert found is not None
    assert found.worked == "undecided"
