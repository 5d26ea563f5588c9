"""A port group that leads nowhere: the guest asks three times and is silent, and its capture shows no later frame."""

import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, arps, journal, view
from tests.migration.test_reach import SWITCH, guest, pings
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.packets.reachable import outbound_only
from vmpcap.migration.views import PointView

GATEWAY_IP = "10.77.0.1"
ASKED = (430, 1455, 2479)
"""Milliseconds after the switchover, as Linux asks a gateway that it knows."""


def bridge(asked: tuple[int, ...] = ASKED, *frames: tuple[int, int, int, str, str]) -> PointView:
    """The guest's new place, whose last frame is the guest's last question."""
    request = NUMBER_OF["arp_request"]
    rows = arps(*((SWITCH + ms * MS, request, GUEST, GUEST_IP, GATEWAY_IP) for ms in asked))
    last = SWITCH + asked[-1] * MS
    return view("br", "domain:destination", arps=rows, journal=journal(*frames), first_ts=SWITCH, last_ts=last)


def at_gateway(until: int = SWITCH + 10 * S, *frames: tuple[int, int, int, str, str]) -> PointView:
    """Its peers' requests at the gateway that it had before; it answered until it moved."""
    rows = [(ts, GATEWAY, GUEST, PEER_IP, GUEST_IP) for ts in range(SWITCH - 5 * S, until, 100 * MS)]
    rows += [(ts + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts, *_ in rows if ts < SWITCH - 200 * MS]
    return view("gw", "gateway", journal=pings(*sorted([*rows, *frames])), last_ts=until)


def test_a_guest_that_gave_up_asking_is_alone_where_its_peers_packets_go_on_elsewhere() -> None:
    """Three seconds are never in view where nobody else's frames come."""
    told = outbound_only(bridge(), guest(), SWITCH, [bridge(), at_gateway()])
    assert told is not None
    assert told.is_alone
    assert "3 ARP requests after the switchover, and in 2.5 s nothing for it arrived" in told.because


STRANGER = (SWITCH + S, GATEWAY, 0xFFFF_FFFF_FFFF, GATEWAY_IP, "10.77.0.255")
SPOKE = (SWITCH + 4 * S, GUEST, GATEWAY, GUEST_IP, PEER_IP)


@pytest.mark.parametrize(
    ("here", "others"),
    [
        (bridge(), []),
        (bridge(ASKED[:2]), [at_gateway()]),
        (bridge((430, 930, 1430)), [at_gateway()]),
        (bridge(ASKED, STRANGER), [at_gateway()]),
        (bridge(), [at_gateway(SWITCH + 2 * S)]),
        (bridge(), [at_gateway(SWITCH + 10 * S, SPOKE)]),
    ],
    ids=[
        "nothing else in view",
        "asked twice",
        "asked for a moment",
        "somebody else's frame came",
        "nobody wants it for long",
        "it is heard elsewhere",
    ],
)
def test_so_short_a_view_is_no_dead_end(here: PointView, others: list[PointView]) -> None:
    """The capture may have ended, or holds one direction, or the guest is reached by another way."""
    assert outbound_only(here, guest(), SWITCH, [here, *others]) is None
