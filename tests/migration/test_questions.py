"""What an IPv6 guest asks by neighbour solicitation counts as what another asks by ARP."""

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, S, arps, view
from tests.migration.test_reach import SWITCH
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.migration.announced.reach import asks_nobody
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import judge_reachability, outbound_only, sought_in_vain
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

GUEST6, ROUTER6, OTHER6 = "2001:db8:77::10", "fe80::1", "2001:db8:77::99"
ASKS, TELLS = NUMBER_OF["nd_request"], NUMBER_OF["solicited_na"]
Row = tuple[int, int, int, str, str]

GUEST_OF_6 = Moved(GUEST, (ip_halves(GUEST6),), (), "high", "")
ASKED = [(SWITCH + n * S, ASKS, GUEST, GUEST6, ROUTER6) for n in range(1, 7)]
BEFORE = [(SWITCH - n * S, ASKS, GUEST, GUEST6, ROUTER6) for n in (4, 3, 2, 1)]
ADVERTISED = (SWITCH + 2 * S, TELLS, GATEWAY, ROUTER6, ROUTER6)


def told(*rows: Row) -> AnnouncementRows:
    """Bodies of neighbour discovery; an advertisement goes to the guest."""
    made = arps(*sorted(rows))
    made.eth_dst[np.isin(made.kind, (TELLS,))] = GUEST
    return made


def at(role: str, *rows: Row) -> PointView:
    return view(role, role, arps=told(*rows), last_ts=20 * S)


def test_an_ipv6_guest_that_solicits_its_router_in_vain_is_alone() -> None:
    """Once a second, to the end, and no frame for it arrives: its port group leads nowhere."""
    here = at("domain:destination", *ASKED)
    found = outbound_only(here, GUEST_OF_6, SWITCH, [here])
    assert found is not None
    assert found.is_alone
    assert "the guest sent 0 requests and 6 neighbour solicitations after the switchover" in found.because
    assert judge_reachability(GUEST_OF_6, [here], SWITCH).answer == "no"


@pytest.mark.parametrize(
    "points",
    [
        [at("domain:destination", *ASKED, ADVERTISED)],
        [at("domain:destination", *ASKED[:2])],
        [at("domain:destination", *ASKED), at("domain:source", *BEFORE)],
        [at("domain:destination", *ASKED), at("domain:source", *ASKED)],
    ],
    ids=["its router answers", "two solicitations", "its router was dead before", "they arrive at the old site"],
)
def test_what_no_network_would_answer_or_somebody_did_leaves_no_guest_alone(points: list[PointView]) -> None:
    """As with ARP: who asked in vain before it moved, too, is not cut off by the move."""
    assert outbound_only(points[0], GUEST_OF_6, SWITCH, points) is None


def test_an_ipv6_guest_that_is_solicited_in_vain_is_sought() -> None:
    """Of others, for its own address, since it last advertised it; its own check of the address is no question."""
    asks = [(SWITCH + n * S, ASKS, GATEWAY, ROUTER6, GUEST6) for n in range(1, 5)]
    advertised = (SWITCH + 2 * S + 1, TELLS, GUEST, GUEST6, GUEST6)
    others = [(SWITCH + S, ASKS, GATEWAY, ROUTER6, OTHER6), (SWITCH + S, ASKS, GUEST, GUEST6, GUEST6)]
    assert len(sought_in_vain(at("gateway", *asks, *others), GUEST_OF_6, SWITCH)) == 4
    assert len(sought_in_vain(at("gateway", *asks, *others, advertised), GUEST_OF_6, SWITCH)) == 2
    found = judge_reachability(GUEST_OF_6, [at("gateway", *asks)], SWITCH)
    assert found.answer == "no"
    assert "0 requests to the guest and 4 neighbour solicitations for it went unanswered" in found.because


def test_both_families_are_counted_apart() -> None:
    """A guest of both asks for two gateways."""
    both = Moved(GUEST, (ip_halves(GUEST_IP), ip_halves(GUEST6)), (), "high", "")
    four = [(SWITCH + n * S, NUMBER_OF["arp_request"], GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 4)]
    words = asks_nobody(at("gateway", *four, *ASKED), both, SWITCH)
    assert words.startswith("its own 3 ARP requests and 6 neighbour solicitations after the move went unanswered here")
    assert not asks_nobody(at("gateway", *four, *ASKED, ADVERTISED), both, SWITCH)
