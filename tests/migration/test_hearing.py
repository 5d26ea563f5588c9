"""Whether a point would have shown an announcement that passed it: filters that nobody stated."""

import numpy as np
import pytest

from tests.migration.make import (
    GATEWAY,
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    announced,
    arps,
    asks_and_answers,
    journal,
    view,
)
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.reach import follow_announcements
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, ip_halves

SWITCH = 10 * S
SPEAKS = SWITCH + 1200 * MS
"""When the guest first sends something itself at its new place."""
ARP_OF_OTHERS = arps((3 * S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", "10.77.0.99"))


def joined(*journals: JournalColumns) -> JournalColumns:
    columns = (np.concatenate(parts) for parts in zip(*journals, strict=True))
    return JournalColumns(*columns)  # type: ignore[arg-type]


def quiet_gateway(journal_seen: JournalColumns | None = None) -> PointView:
    """ARP of others and IP, no RARP of anybody: a quiet link, or the filter "arp or icmp"."""
    seen = asks_and_answers(0, 20 * S, 100 * MS, (SWITCH, SPEAKS)) if journal_seen is None else journal_seen
    return view("gw", "gateway", journal=seen, arps=ARP_OF_OTHERS)


def new_bridge(begin: int, kind: str = "rarp_announce") -> PointView:
    """Hears the announcement; packets for the guest come from then on."""
    times = (SWITCH, SWITCH + 50 * MS, SWITCH + 200 * MS)
    return view(
        "br",
        "domain:destination",
        series=(announced(*times, kind=kind),),
        journal=asks_and_answers(begin, 20 * S, 100 * MS),
    )


def spoken_to(begin: int) -> PointView:
    """The same, but the guest sends something before the first packet for it comes."""
    bridge = new_bridge(begin)
    own = journal((begin - 5 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    return view("br", "domain:destination", series=bridge.series, journal=joined(own, bridge.journal))


def told_of(gateway: PointView, bridge: PointView) -> tuple[str, str]:
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((bridge, bridge.series[0]),), "high", "")
    answer = follow_announcements(guest, [bridge, gateway], SWITCH, qemu=True).announcements.by_point["gw"]
    return answer.reached, answer.because


def test_a_link_that_shows_arp_and_no_rarp_of_anybody_may_have_been_filtered() -> None:
    """Packets for the guest come to it at once: what is missing may be what the filter "arp or icmp" left out."""
    reached, because = told_of(quiet_gateway(), new_bridge(SWITCH + 30 * MS))
    assert reached == "not_observable"
    assert "no RARP of anybody" in because


def test_packets_that_still_go_astray_show_that_no_switch_had_learned() -> None:
    """Ten requests passed the gateway after the announcement at the host; none came there until the guest spoke."""
    reached, because = told_of(quiet_gateway(), spoken_to(SPEAKS))
    assert reached == "not_reached"
    assert "none of them came there" in because


def test_the_copy_that_a_mirror_shows_of_an_announcement_is_no_frame_of_the_guests_own() -> None:
    """Each RARP stands at the bridge twice: what is sent in vain still goes astray until the guest speaks."""
    spoken = spoken_to(SPEAKS)
    copies = [(ts + MS // 200, GUEST, BROADCAST_MAC, "0.0.0.0", "0.0.0.0") for ts in spoken.series[0].times]
    rarps = journal(*copies)._replace(ethertype=np.full(3, 0x8035, np.uint16), ip_version=np.zeros(3, np.uint8))
    bridge = view("br", "domain:destination", series=spoken.series, journal=joined(rarps, spoken.journal))
    assert told_of(quiet_gateway(), bridge)[0] == "not_reached"


def test_one_packet_that_comes_shows_that_the_way_was_known() -> None:
    """Then others were lost, or late: that says nothing of the announcement."""
    one = journal((SWITCH + 500 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP))
    bridge = spoken_to(SPEAKS)
    bridge = view("br", "domain:destination", series=bridge.series, journal=joined(one, bridge.journal))
    assert told_of(quiet_gateway(), bridge)[0] == "not_observable"


def test_a_bridge_to_which_nothing_for_the_guest_ever_came_is_no_witness() -> None:
    """It may hold one direction only."""
    sent = [(ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in range(SPEAKS, 20 * S, 100 * MS)]
    bridge = view("br", "domain:destination", series=new_bridge(SPEAKS).series, journal=journal(*sent))
    assert told_of(quiet_gateway(), bridge)[0] == "not_observable"


def test_a_port_that_keeps_the_guests_mac_is_no_lost_announcement() -> None:
    """The guest speaks and packets for it still go elsewhere: what does not learn from that had not to miss a RARP."""
    earlier = (S, GATEWAY, GUEST, PEER_IP, GUEST_IP)
    sent = [(ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in range(SPEAKS, 20 * S, 100 * MS)]
    bridge = view("br", "domain:destination", series=new_bridge(SPEAKS).series, journal=journal(earlier, *sent))
    reached, because = told_of(quiet_gateway(), bridge)
    assert reached == "not_observable"
    assert "no RARP of anybody" in because


@pytest.mark.parametrize("ethertype", [0x8035, 0x88CC, 0])
def test_frames_that_nobody_asks_for_by_name_show_that_nothing_was_left_out(ethertype: int) -> None:
    """RARP, LLDP, or a length where the type would be (spanning tree, IS-IS)."""
    other = journal((SWITCH - S, GATEWAY, 0x0180C2000000, "0.0.0.0", "0.0.0.0"))
    other = other._replace(ethertype=np.array([ethertype], np.uint16), ip_version=np.zeros(1, np.uint8))
    seen = joined(other, asks_and_answers(0, 20 * S, 100 * MS, (SWITCH, SPEAKS)))
    assert told_of(quiet_gateway(seen), new_bridge(SWITCH + 30 * MS))[0] == "not_reached"


def test_a_gratuitous_arp_would_have_passed_the_filter_that_let_arp_pass() -> None:
    """Heard elsewhere, it is missed where ARP shows."""
    assert told_of(quiet_gateway(), new_bridge(SWITCH + 30 * MS, "garp_request"))[0] == "not_reached"


@pytest.mark.parametrize("kind", ["rarp_announce", "garp_request"])
@pytest.mark.parametrize(("ethertype", "group"), [(0, 0x0180C2000000), (0x88CC, 0x0180C200000E), (0, 0x01000CCCCCCC)])
def test_what_a_bridge_tells_its_neighbour_shows_no_broadcast(kind: str, ethertype: int, group: int) -> None:
    """The filter "not broadcast" lets unicast ARP pass, and spanning tree, LLDP and CDP: the announcement it hides."""
    unicast = arps((3 * S, NUMBER_OF["arp_reply"], GATEWAY, "10.77.0.1", "10.77.0.99"))
    told = journal((SWITCH - S, GATEWAY, group, "0.0.0.0", "0.0.0.0"))
    told = told._replace(ethertype=np.array([ethertype], np.uint16), ip_version=np.zeros(1, np.uint8))
    seen = joined(told, asks_and_answers(0, 20 * S, 100 * MS, (SWITCH, SPEAKS)))
    gateway = view("gw", "gateway", journal=seen, arps=unicast)
    reached, because = told_of(gateway, new_bridge(SWITCH + 30 * MS, kind))
    assert reached == "not_observable"
    assert "no broadcast of anybody" in because
