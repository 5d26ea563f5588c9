"""What is said in another VLAN or VNI than the guest's is no sign about it, where both are in view at one point."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, PEER_IP, S, arps, journal
from tests.migration.test_gateway_groups import OWN_NETWORK, VMAC, hello
from tests.migration.test_mechanisms import MOMENT, after, case, judged, point
from tests.migration.test_otv_control import EDGE_A, HAD, HAS, TOOK_BACK, control, data, said
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC

OWN, OTHER = 0x77, 0x99
"""Segments: of the guest, and of somebody else."""
ASK = NUMBER_OF["arp_request"]


def in_segments(rows: JournalColumns, *keys: int) -> JournalColumns:
    """The same frames, each in this segment."""
    return rows._replace(segment_key=np.array(keys, np.uint64))


def site(name: str, role: str, sender: str, crossing: int) -> PointView:
    """The guest, its gateway's own router there, and broadcasts of the group's MAC in a segment, alike at each site."""
    spoke = (after(5), GUEST, VMAC, GUEST_IP, PEER_IP)
    flooded = [(after(2000 + n * 700), VMAC, BROADCAST_MAC, "10.88.0.1", "10.88.0.255") for n in range(6)]
    rows = in_segments(journal(spoke, *flooded), OWN, *[crossing] * len(flooded))
    hellos = [replace(hello(after(n * 1000), sender, OWN_NETWORK), segment_key=OWN) for n in range(50)]
    return point(name, role, hellos, journal=rows)


def gateways(crossing: int, *beside: PointView) -> Mechanism:
    """What is said of the guest's group, where frames of its MAC are in the domain of both sites in that segment."""
    old = site("a", "domain:source", "10.77.0.2", crossing)
    new = site("b", "domain:destination", "10.77.0.3", crossing)
    found = judged("vrrp", case(old, new, *beside))
    assert found is not None
    return found


def test_a_group_of_that_number_in_another_vlan_may_cross() -> None:
    """Group 1 in every VLAN is common: its MAC is the same everywhere, its frames are not the guest's gateway's."""
    assert gateways(OTHER).worked == "yes"
    assert gateways(OWN).worked == "no"


@pytest.mark.parametrize(("crossing", "wanted"), [(OTHER, "yes"), (OWN, "no")])
def test_between_the_sites_a_frame_is_in_the_segment_that_it_had_at_them(crossing: int, wanted: str) -> None:
    """The link has tags of its own, and nothing of the guest passes it: both sites show whose the frame is."""
    flooded = [(after(2000 + n * 700), VMAC, BROADCAST_MAC, "10.88.0.1", "10.88.0.255") for n in range(6)]
    numbers = journal((0, GUEST, VMAC, GUEST_IP, PEER_IP), *flooded).ip_id[1:]
    link = in_segments(journal(*flooded), *[0x500] * len(flooded))._replace(ip_id=numbers)
    assert gateways(crossing, point("link", "wan", journal=link)).worked == wanted


@pytest.mark.parametrize(
    ("address", "wanted"), [("10.99.0.254", "yes"), (OWN_NETWORK, "no")], ids=["another's address", "the same address"]
)
def test_a_group_in_a_tagged_vlan_is_another_than_that_of_an_untagged_guest_by_its_address(
    address: str, wanted: str
) -> None:
    """A trunk's native VLAN has no tag, nor has the other direction of some mirrors: the tag alone proves nothing."""
    flooded = [(after(2000 + n * 700), VMAC, BROADCAST_MAC, "10.88.0.1", "10.88.0.255") for n in range(6)]
    sites = []
    for name, role, sender in (("a", "domain:source", "10.77.0.2"), ("b", "domain:destination", "10.77.0.3")):
        rows = in_segments(journal((after(5), GUEST, VMAC, GUEST_IP, PEER_IP), *flooded), 0, *[OTHER] * len(flooded))
        own = [hello(after(n * 1000), sender, OWN_NETWORK) for n in range(50)]
        beside = [replace(hello(after(n * 1000), "10.99.0.2", address), segment_key=OTHER) for n in range(50)]
        sites.append(point(name, role, [*own, *beside], journal=rows))
    found = judged("vrrp", case(*sites))
    assert found is not None
    assert found.worked == wanted


def asked_at(name: str, role: str, mine: int, asked: int) -> PointView:
    """The guest in one segment there, before and since it moved; a router asks for it in one, too, again and again."""
    rows = in_segments(journal(*((MOMENT + n * S, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in (-1, 1))), mine, mine)
    bodies = arps(*((after(100 + n * 1000), ASK, GATEWAY, "10.77.0.1", GUEST_IP) for n in range(10)))
    bodies.segment_key[:] = asked
    return point(name, role, journal=rows, arps=bodies)


def asked(old: tuple[int, int], new: tuple[int, int]) -> Mechanism | None:
    """What is said of these questions; at each site, the segment of the guest and of the questions."""
    return judged("gateway_arp", case(asked_at("a", "domain:source", *old), asked_at("b", "domain:destination", *new)))


def test_questions_in_another_vlan_are_not_for_the_guest() -> None:
    """Somebody else has its address there: that nobody answers is no sign about the guest."""
    assert asked((OWN, OTHER), (OWN, OTHER)) is None
    assert asked((OWN, OWN), (OWN, OTHER)) is not None


@pytest.mark.parametrize("mine", [0, OTHER], ids=["it bears no tag there", "it came into another VLAN"])
def test_questions_in_the_vlan_that_it_had_elsewhere_are_for_it(mine: int) -> None:
    """Where it moved into a wrong VLAN, those who ask in the right one look for it in vain; tags may be missing."""
    assert asked((OWN, OTHER), (mine, OWN)) is not None


def in_vlan(news: RouteNews, vlan: int) -> RouteNews:
    """The same said of another VLAN."""
    return replace(news, vni=vlan)


def test_an_lsp_about_another_vlan_says_nothing_of_the_guest() -> None:
    """An edge may have the MAC in two VLANs: another machine, or the guest where it is not."""
    found = data(HAD, in_vlan(HAS, 99), TOOK_BACK, stale=False)
    assert found.worked == "undecided"
    assert "192.0.2.12 said in an LSP that it has that MAC in VLAN 99, which is not the guest's (77)" in found.because
    found = data(
        HAD, in_vlan(said(1, EDGE_A, 3), 99), HAS, TOOK_BACK, in_vlan(said(after(900), EDGE_A, 5), 99), stale=False
    )
    assert (found.worked, "192.0.2.11 took it back +350 ms" in found.because) == ("yes", True)
    assert "VLAN 99" not in found.because


@pytest.mark.parametrize("vlan", [0, 99])
def test_an_lsp_counts_whose_vlan_nothing_compares(vlan: int) -> None:
    """None of the guest's frames is in view in the overlay; or the LSP leaves the VLAN open (RFC 6165 2.1: 0)."""
    assert control(*(in_vlan(one, vlan) for one in (HAD, HAS, TOOK_BACK))).worked == "yes"  # type: ignore[union-attr]
    assert data(*(in_vlan(one, 0) for one in (HAD, HAS, TOOK_BACK)), stale=False).worked == "yes"
