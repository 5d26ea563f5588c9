"""A guest with another MAC than before is known by what it sent, and other machines are not taken for it."""

from typing import Any

import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, PEER_IP, S, journal
from tests.migration.test_mechanisms import MOMENT, after, case, judged, point
from vmpcap.migration.packets.former_macs import sent_before
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
