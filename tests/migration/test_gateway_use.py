"""Virtual gateways by what the guest's own packets do: two active routers localise nobody that sends to the old one."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.migration.make import GUEST, GUEST_IP, PEER_IP, arps, journal
from tests.migration.test_mechanisms import after, case, judged, point
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.routes.rows import GatewayHello
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.results import Mechanism
from vmpcap.points.clock import Offset

OLD_MAC, NEW_MAC, VMAC = 0x02000000AA01, 0x02000000AA02, 0x0000_5E00_0108
OLD_ROUTER, NEW_ROUTER = "10.77.0.2", "10.77.0.3"
GATEWAY_IP = "10.77.0.1"
GARP = NUMBER_OF["garp_request"]
END_MS = 20_000
STEP_MS = 100
SAME_CLOCK = Offset(0, 0, 0)

Frame = tuple[int, int, int, str, str]


def hello(ms: float, sender: str, mac: int) -> GatewayHello:
    """A master's advertisement of group 8, from this MAC."""
    known: dict[str, Any] = {"state": "active", "hello_ms": 1000, "virtual_ips": (GATEWAY_IP,)}
    return GatewayHello(3, after(ms), "vrrp", 3, sender, mac, 0, 8, priority=100, **known)


def hellos(sender: str, mac: int, begin: int = -10_000, end: int = END_MS) -> list[GatewayHello]:
    """Each second."""
    return [hello(ms, sender, mac) for ms in range(begin, end, 1000)]


def sends(mac: int, begin: int, end: int, late_ms: float = 0.0) -> list[Frame]:
    """The guest's packets for a far peer, to this gateway."""
    return [(after(ms + late_ms), GUEST, mac, GUEST_IP, PEER_IP) for ms in range(begin, end, STEP_MS)]


def answers(mac: int, begin: int, end: int) -> list[Frame]:
    """What that router brings back."""
    return [(after(ms + 1), mac, GUEST, PEER_IP, GUEST_IP) for ms in range(begin, end, STEP_MS)]


def two_sites(
    old: Sequence[Frame],
    between: Sequence[Frame] | None,
    new: Sequence[Frame],
    macs: tuple[int, int] = (OLD_MAC, NEW_MAC),
    heard: tuple[Sequence[GatewayHello], Sequence[GatewayHello]] | None = None,
    **known: Any,
) -> Case:
    """A master at each site, which both say that the gateway's address is theirs; these frames at each place."""
    said = heard or (hellos(OLD_ROUTER, macs[0]), hellos(NEW_ROUTER, macs[1]))
    views = [
        point(
            name,
            role,
            sorted(own, key=lambda h: h.ts_ns),
            journal=journal(*sorted(frames)),
            arps=arps((after(-9000), GARP, mac, GATEWAY_IP, GATEWAY_IP)),
            last_ts=after(END_MS),
        )
        for name, role, own, mac, frames in (
            ("a", "domain:source", said[0], macs[0], [*sends(macs[0], -9000, -500), *old]),
            ("b", "domain:destination", said[1], macs[1], new),
        )
    ]
    if between is not None:
        views.append(point("dci", "wan", journal=journal(*sorted(between)), last_ts=after(END_MS), **known))
    return case(*views)


def vrrp(one: Case) -> Mechanism:
    """What is said of it."""
    found = judged("vrrp", one)
    assert found is not None
    return found


TO_OLD = sends(OLD_MAC, 100, END_MS)
FROM_OLD = answers(OLD_MAC, 100, END_MS)
TO_NEW = sends(NEW_MAC, 100, END_MS)


@pytest.mark.parametrize("link", ["shown", "not shown", "not in view anywhere"])
def test_a_guest_that_keeps_the_old_sites_router_is_not_localised(link: str) -> None:
    """Both sites have a master, and the guest's ARP entry is still the old one's: its packets cross to the end."""
    across = [*sends(OLD_MAC, 100, END_MS, 0.2), *FROM_OLD]
    if link == "shown":
        found = vrrp(two_sites(across, across, [*TO_OLD, *FROM_OLD]))
        assert "crossed dci, the last +19.9 s" in found.because
    elif link == "not shown":
        found = vrrp(two_sites(across, None, [*TO_OLD, *FROM_OLD]))
        assert "came into the old site's domain at a" in found.because
    else:
        found = vrrp(two_sites([], None, [*TO_OLD, *FROM_OLD]))
        assert "went to 02:00:00:00:aa:01, which is that of 10.77.0.2" in found.because
    assert found.worked == "no"
    assert "the guest goes on using the old site's" in found.because


def test_a_guest_that_sends_to_its_new_sites_router_is_localised() -> None:
    """As before: each site has its own, and the guest uses it."""
    assert vrrp(two_sites([], None, [*TO_NEW, *answers(NEW_MAC, 100, END_MS)])).worked == "yes"
    assert vrrp(two_sites([], [], [*TO_NEW, *answers(NEW_MAC, 100, END_MS)])).worked == "yes"


def test_packets_to_the_new_sites_own_router_do_not_leave_wherever_they_pass() -> None:
    """A point of the old domain, or on the link, may show them on their way: whose MAC it is shows in its hellos."""
    talk = [*TO_NEW, *answers(NEW_MAC, 100, END_MS)]
    assert vrrp(two_sites(talk, talk, talk)).worked == "yes"


def test_a_guest_that_finds_its_new_sites_router_later_is_localised_since_then() -> None:
    """Its ARP entry ran out: the time is that of its first packet that stayed."""
    first, later = sends(OLD_MAC, 100, 6000), sends(NEW_MAC, 6000, END_MS)
    across = [*sends(OLD_MAC, 100, 6000, 0.2), *answers(OLD_MAC, 100, 6000)]
    found = vrrp(two_sites(across, across, [*first, *later, *answers(OLD_MAC, 100, 6000)]))
    assert (found.worked, found.latency_ms) == ("yes", 6000)
    assert "crossed dci until +5.9 s; those from +6.0 s on stay at the new site" in found.because


def test_what_a_switch_floods_over_the_link_shows_no_use_of_the_old_router() -> None:
    """Both have one virtual MAC, and nothing from it crosses: where the packets end is not told by where they pass."""
    to, back = sends(VMAC, 100, END_MS), answers(VMAC, 100, END_MS)
    assert vrrp(two_sites([], sends(VMAC, 100, END_MS, 0.2), [*to, *back], (VMAC, VMAC))).worked == "yes"


def handed_over(until: int, **known: Any) -> Case:
    """One LAN over both sites: the old site's router is master until then, then the new site's is, under one MAC."""
    both = [*hellos(OLD_ROUTER, VMAC, end=6000), *hellos(NEW_ROUTER, VMAC, 6000)]
    across = [*sends(VMAC, 100, until, 0.2), *answers(VMAC, 100, until)]
    frames = [*sends(VMAC, 100, END_MS), *answers(VMAC, 100, END_MS)]
    return two_sites(across, across, frames, (VMAC, VMAC), (both, both), **known)


def test_a_master_of_the_new_site_that_takes_over_localises_the_guest() -> None:
    """One router for both sites, but the new one, and no packet of the guest crosses any more."""
    found = vrrp(handed_over(6000))
    assert (found.worked, found.latency_ms) == ("yes", 6000)
    assert "it takes the guest's packets at its new site: 50 packets of it" in found.because
    assert "10.77.0.2 was active before and gave way: 10.77.0.3 since +6.0 s" in found.because


@pytest.mark.parametrize("known", [{}, {"drops": 3}, {"journal_complete": False}, {"offset": None}])
def test_packets_that_cross_to_the_end_or_a_link_not_watched_localise_nobody(known: dict[str, Any]) -> None:
    """That none crosses any more takes a link that shows every frame, on a clock that is known."""
    assert vrrp(handed_over(6000 if known else END_MS, **known)).worked != "yes"


def test_a_guest_that_was_silent_since_the_handover_is_not_said_to_cross() -> None:
    """Its last packets went to the router that stood for the gateway then; whose the next is shows in hellos alone."""
    both = [*hellos(OLD_ROUTER, VMAC, end=6000), *hellos(NEW_ROUTER, VMAC, 6000)]
    late = [hello(ms + 2, NEW_ROUTER, VMAC) for ms in range(6000, END_MS, 1000)]
    old = [*hellos(OLD_ROUTER, VMAC, end=6000), *late]
    across = [*sends(VMAC, 100, 5000, 0.2), *answers(VMAC, 100, 5000)]
    frames = [*sends(VMAC, 100, 5000), *answers(VMAC, 100, 5000)]
    found = vrrp(two_sites(across, across, frames, (VMAC, VMAC), (old, both)))
    assert found.worked == "undecided"
    assert "but it is the new site's" in found.because


def leaves_by_hellos(also_at: Sequence[GatewayHello] = ()) -> Mechanism:
    """The old master's hellos are on the link, whose clock nobody compared; a filter stands behind it, or none."""
    frames = [*sends(VMAC, 100, END_MS), *answers(VMAC, 100, END_MS)]
    said = [(after(ms + 1), VMAC, 0x01005E000012, OLD_ROUTER, "224.0.0.18") for ms in range(0, END_MS, 1000)]
    passed = journal(*said)
    passed.ip_protocol[:] = 112
    heard = hellos(OLD_ROUTER, VMAC), sorted([*hellos(NEW_ROUTER, VMAC), *also_at], key=lambda h: h.ts_ns)
    one = two_sites([], None, frames, (VMAC, VMAC), heard)
    link = point("dci", "wan", journal=passed, last_ts=after(END_MS), offset=None)
    return vrrp(case(*one.views[:2], link))


def test_hellos_that_stay_in_their_site_need_no_clock_to_show_it() -> None:
    """Each names its router: that none of it is ever heard at the other site is told without comparing clocks."""
    found = leaves_by_hellos()
    assert found.worked == "yes"
    assert "did not come into the other site's domain" in found.because
    once = [hello(-8000, OLD_ROUTER, VMAC)]
    assert leaves_by_hellos(once).worked == "undecided"
