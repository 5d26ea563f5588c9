"""What is said in another VLAN or VNI than the guest's is no sign about the guest, where both are in view at a point."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import GUEST, GUEST_IP, PEER_IP, journal
from tests.migration.test_gateway_groups import OWN_NETWORK, VMAC, hello
from tests.migration.test_mechanisms import after, case, judged, point
from vmpcap.announcements.kinds import NUMBER_OF
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
