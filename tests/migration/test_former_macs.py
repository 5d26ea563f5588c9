"""A guest with another MAC than before is known by what it sent, and other machines are not taken for it."""

from typing import Any

import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, PEER_IP, S, announced, journal
from tests.migration.test_mechanisms import MOMENT, after, case, judged, point
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.former_macs import sent_before
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import Domain, Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

OLD = 0x0200_0000_7777
Frame = tuple[int, int, int, str, str]
SENT: tuple[Frame, ...] = tuple((MOMENT - n * S, OLD, GATEWAY, GUEST_IP, PEER_IP) for n in (3, 2, 1))
STALE: tuple[Frame, ...] = tuple((after(n), GATEWAY, OLD, PEER_IP, GUEST_IP) for n in range(300, 4600, 100))
BACK: Frame = (after(100), GUEST, GATEWAY, GUEST_IP, PEER_IP)


def at_gateway(*frames: Frame, ttl: int = 64, role: str | None = "gateway", **known: Any) -> PointView:
    """A point in the guest's domain that shows these frames."""
    rows = journal(*sorted(frames))
    rows.ttl[:] = ttl
    return point("gw", role, journal=rows, **known)


@pytest.mark.parametrize("role", ["gateway", "domain:source", None])
def test_packets_for_the_mac_that_a_guest_had_tell_of_a_stale_entry(role: str | None) -> None:
    """It was known from ARP alone, which nobody needs to hear in the seconds before a move."""
    found = judged("gateway_arp", case(at_gateway(*SENT, *STALE, BACK, role=role)))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("no", 4500.0)
    assert "its MAC before" in found.because


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (at_gateway(*SENT, *STALE, BACK, (after(1500), OLD, GATEWAY, GUEST_IP, PEER_IP)), "it goes on sending"),
        (
            at_gateway(*SENT, *STALE, BACK, (MOMENT - 3 * S, GUEST, GATEWAY, GUEST_IP, PEER_IP)),
            "beside the guest's own",
        ),
        (at_gateway(*SENT, *STALE, BACK, (MOMENT - S, OLD, GATEWAY, "10.77.0.9", PEER_IP)), "it sends for others"),
        (at_gateway(*SENT, *STALE, BACK, ttl=63), "over a router"),
        (at_gateway(*SENT, *STALE, BACK, role="client"), "out of its domain"),
        (at_gateway(*SENT, *STALE, BACK, role="wan"), "out of its domain"),
        (at_gateway(*STALE, BACK), "it sent nothing before"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_mac_of_another_machine_is_none_that_the_guest_had(view: PointView, why: str) -> None:
    """An anycast service's other machine, a proxy, a router: packets go to it and are not lost."""
    found = judged("gateway_arp", case(view))
    assert found is None or found.worked != "no", why
    one = case(view)
    assert sent_before(one.guest, [ip_halves(GUEST_IP)], one.views, MOMENT, ("gateway", "domain:source", None)) == set()


UNREACHED = Reachability("no", "42 requests to the guest went unanswered", "gw", (7,))
OWN: Frame = (after(900), GATEWAY, GUEST, PEER_IP, GUEST_IP)
STRETCHED = Domain(verdict="reached", word="stretched", because="heard at both")


def vlan(*frames: Frame, role: str | None = "gateway") -> Mechanism:
    """What is said of the stretched network of a guest that nobody reaches."""
    new = point("b", "domain:destination", series=(announced(MOMENT),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    one = case(at_gateway(*frames, role=role), new, guest=guest, domain=STRETCHED, reachability=UNREACHED)
    found = judged("stretched_vlan", one)
    assert found is not None
    return found


def test_a_network_is_not_to_blame_for_what_is_addressed_to_the_mac_of_before() -> None:
    """It takes every frame where it is addressed to; the gateway's entry is what failed."""
    found = vlan(*SENT, *STALE, BACK)
    assert found.worked == "undecided"
    assert "what is for the guest goes to 02:00:00:00:77:77, its MAC before, and nothing to" in found.because
    assert "(43 packets at gw)" in found.because
    assert ("gw", 2) in [(e.point, len(e.frames)) for e in found.evidence]


@pytest.mark.parametrize(
    ("frames", "role"),
    [((*SENT, *STALE, BACK, OWN), "gateway"), ((*SENT, BACK), "gateway"), ((*SENT, *STALE, BACK), "client")],
    ids=["some is addressed to its own", "nothing is sent to it", "beyond a router, where MACs are others"],
)
def test_a_network_that_loses_what_bears_the_guest_s_mac_did_not_do_its_part(
    frames: tuple[Frame, ...], role: str
) -> None:
    found = vlan(*frames, role=role)
    assert found.worked == "no"
    assert UNREACHED.because in found.because
