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
from vmpcap.migration.packets.exchanges import unanswered_until
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, ip_halves
from vmpcap.terms.wire import TCP_ACK, TCP_SYN

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


def bridge_asked_from(begin: int, *announced_at: int) -> PointView:
    """A bridge that hears these announcements; the guest says nothing before the first packet for it comes."""
    seen = asks_and_answers(begin, 20 * S, 100 * MS)
    return view("br", "domain:destination", series=(announced(*announced_at),), journal=seen)


def asking_client(every: int = 100 * MS, until: int = 20 * S, lasts: int = 7 * S, peer: str = PEER_IP) -> PointView:
    """It asks all the time and shows no answer between the switchover and 7 s later: a routed link, no MAC of it."""
    asks = asks_and_answers(0, until, every, (SWITCH, SWITCH + lasts))
    high, low = ip_halves(peer)
    for columns in ((asks.src_high, asks.src_low), (asks.dst_high, asks.dst_low)):
        for column, was, now in zip(columns, ip_halves(PEER_IP), (high, low), strict=True):
            column[column == was] = now
    macs = np.full(len(asks.ts_ns), 0x02000000C1, np.uint64)
    asks.ttl[:] = 63
    return view("client", "client", journal=asks._replace(eth_src=macs, eth_dst=macs + np.uint64(1)))


NEIGHBOUR = "10.99.0.3"
ONCE = (SWITCH, SWITCH + 50 * MS, SWITCH + 200 * MS)
AGAIN = (*ONCE, SWITCH + 6950 * MS)


@pytest.mark.parametrize("with_arp", [True, False])
@pytest.mark.parametrize(
    ("begin", "times", "reached"),
    [
        (SWITCH + 7 * S, ONCE, "not_reached"),
        (SWITCH + 700 * MS, ONCE, "not_observable"),
        (SWITCH + 7 * S, AGAIN, "not_observable"),
    ],
    ids=["long after", "soon after", "after the last of several"],
)
def test_what_comes_by_itself_long_after_the_announcement_was_not_led_there_by_it(
    begin: int, times: tuple[int, ...], reached: str, with_arp: bool
) -> None:
    """Seventy requests to its MAC passed the gateway in vain; the guest had said nothing when the next one came."""
    seen = asks_and_answers(0, 20 * S, 100 * MS, (SWITCH, begin))
    gateway = view("gw", "gateway", journal=seen, arps=ARP_OF_OTHERS if with_arp else arps())
    bridge = bridge_asked_from(begin, *times)
    assert told_of(gateway, bridge)[0] == reached
    if reached == "not_reached":
        assert "none of them came there for 7.0 s" in told_of(gateway, bridge)[1]


def test_packets_to_a_mac_that_the_guest_had_before_show_nothing_of_the_switches() -> None:
    """The gateway's ARP entry was old: the announcement may have passed it all the same."""
    begin = SWITCH + 7 * S
    seen = asks_and_answers(0, 20 * S, 100 * MS, (SWITCH, begin))
    is_old = (seen.eth_dst == GUEST) & (seen.ts_ns < begin)
    seen.eth_dst[is_old] = GUEST + 1
    gateway = view("gw", "gateway", journal=seen, arps=ARP_OF_OTHERS)
    assert told_of(gateway, bridge_asked_from(begin, *ONCE))[0] == "not_observable"


@pytest.mark.parametrize(
    ("begin", "times", "asker", "verdict", "says"),
    [
        (SWITCH + 7 * S, ONCE, asking_client(), "not_observable", "7.0 s after the first announcement"),
        (SWITCH + 7 * S, AGAIN, asking_client(), "reached", "7.0 s after the first announcement"),
        (SWITCH + 700 * MS, ONCE, asking_client(), "reached", ""),
        (SWITCH + 7 * S, ONCE, asking_client(20 * S), "reached", ""),
        (SWITCH + 7 * S, ONCE, asking_client(until=SWITCH), "reached", ""),
        (SWITCH + 7 * S, ONCE, asking_client(lasts=150 * MS), "reached", ""),
        (SWITCH + 7 * S, ONCE, asking_client(lasts=40 * S, peer=NEIGHBOUR), "reached", ""),
        (SWITCH + 7 * S, ONCE, asking_client(until=SWITCH + 6 * S, peer=NEIGHBOUR), "not_observable", "7.0 s after"),
    ],
    ids=[
        "in vain",
        "after the last of several",
        "soon",
        "asked once",
        "nobody asked meanwhile",
        "answered on another way",
        "went on elsewhere",
        "gave up before",
    ],
)
def test_an_answer_proves_no_announcement_that_others_passed_in_vain_since(
    begin: int, times: tuple[int, ...], asker: PointView, verdict: str, says: str
) -> None:
    """What told the way at last is not known. Where nobody asked in between, the first that asked came through."""
    bridge = bridge_asked_from(begin, *times)
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((bridge, bridge.series[0]),), "high", "")
    domain = follow_announcements(guest, [bridge, asker], SWITCH, qemu=True).domain
    assert domain.verdict == verdict
    assert says in domain.because
    assert ("after the first announcement" in domain.because) is bool(says)


def test_packets_that_the_guest_answers_on_another_link_did_not_go_astray() -> None:
    """The gateway's packets take the new host's other link for 7 s: that says nothing of the announcement."""
    begin = SWITCH + 7 * S
    answered = asks_and_answers(0, 20 * S, 100 * MS, (SWITCH, SWITCH + 150 * MS))
    gateway = view("gw", "gateway", journal=answered, arps=ARP_OF_OTHERS)
    assert "none of them came there" not in told_of(gateway, bridge_asked_from(begin, *ONCE))[1]


@pytest.mark.parametrize(("answered_at", "lost"), [(6 * S, 4), (2 * S, 1)], ids=["after the end", "before it"])
def test_a_syn_sent_again_was_in_vain_until_its_answer_came(answered_at: int, lost: int) -> None:
    """Its answer acknowledges all copies; only one that had come by then shows that a way led to the guest."""
    times = (S, S + 500 * MS, S + 900 * MS, 4 * S)
    asks = [(ts, GATEWAY, GUEST, PEER_IP, GUEST_IP) for ts in times]
    rows = journal(*asks, (answered_at, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    is_ask = rows.eth_dst == GUEST
    rows.ip_protocol[:], rows.icmp_type[:] = 6, 0
    rows.src_port[:], rows.dst_port[:] = np.where(is_ask, 40_000, 443), np.where(is_ask, 443, 40_000)
    rows.tcp_flags[:] = np.where(is_ask, TCP_SYN, TCP_SYN | TCP_ACK)
    rows.tcp_seq[:] = np.where(is_ask, [*[99] * 3, 700, 0], 5)
    rows.tcp_ack[:] = np.where(is_ask, 0, 100)
    seen = view("client", "client", journal=rows)
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    asked = np.flatnonzero(is_ask)
    assert len(unanswered_until(seen, guest, asked, 5 * S)) == lost
