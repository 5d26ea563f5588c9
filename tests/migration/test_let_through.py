"""Requests that something else than a switch held back: others for the same MAC came through, past the same point."""

import pytest

from tests.measures.talk import Row, datagram, segment
from tests.migration.make import GATEWAY, GUEST
from tests.migration.test_breakdown import BACK, COUNT, STEP, asked, client, old_place, point, seen, spent, told
from vmpcap.migration.views import PointView

LOST = range(84, 300)
"""Pings without an answer: the guest is back at 1 s, the first that is answered again is sent at 3 s."""
OTHER = "10.99.0.7"


def is_answered(number: int) -> bool:
    return number not in LOST


def others(first: int, beyond: int, late: float) -> list[Row]:
    """Another peer's datagrams for the guest, one with every ping from this one on."""
    ends = {"eth_src": GATEWAY, "eth_dst": GUEST, "ip_ttl": 63, "src": OTHER}
    return [datagram(n * STEP + 3 + late, True, n, **ends) for n in range(first, beyond)]


def gateway(*more: Row) -> PointView:
    """It shows all pings for the guest's MAC, and another peer's datagrams."""
    return point("gw", "gateway", [*asked(is_answered, 0.1), *others(0, COUNT, 0.1), *more], BACK)


def new_place(first_of_others: int, *more: Row) -> PointView:
    """The announcement, pings from number 300 on, and the other peer's datagrams from this one on."""
    rows = [*seen(range(300, COUNT), range(300, COUNT)), *others(first_of_others, COUNT, 0.2), *more]
    return point("new", "domain:destination", rows, BACK)


def test_requests_that_are_lost_while_others_for_the_same_mac_arrive_wait_for_no_switch() -> None:
    """The other peer's datagrams come to the new place from 1.2 s on, and not before; the pings come to neither."""
    peer = told(client(is_answered), old_place(range(84), BACK), gateway(), new_place(120))
    assert spent(peer) == {"stun": 160, "relearning": 210, "unexplained": 1790}
    assert "while other packets for its MAC came to its new place, and these did not" in peer.breakdown_because
    because = peer.breakdown[-1].because
    assert "what drops some of them is a filter or a firewall" in because
    assert "another packet for it had found the way there (gw frame" in because


@pytest.mark.parametrize(
    ("passed", "first_of_others"),
    [(range(84), 300), (range(300), 120)],
    ids=["nobody's arrive until theirs do", "theirs are still delivered at the old place"],
)
def test_requests_wait_for_a_switch_where_nothing_shows_that_it_knew_the_way(
    passed: range, first_of_others: int
) -> None:
    """Nothing for the guest came to the new place before; or these went to the old one, whatever others did."""
    peer = told(client(is_answered), old_place(passed, BACK), gateway(), new_place(first_of_others))
    assert spent(peer) == {"stun": 160, "relearning": 2000}


def test_what_is_lost_before_others_send_is_lost_with_what_is_lost_since() -> None:
    """The other peer begins to send at 1.2 s, and each of its datagrams arrives: a switch may have known the way."""
    gw = point("gw", "gateway", [*asked(is_answered, 0.1), *others(120, COUNT, 0.1)], BACK)
    assert spent(told(client(is_answered), old_place(range(84), BACK), gw, new_place(120)))["unexplained"] == 2000


def test_one_ping_lost_after_others_came_through_makes_no_filter_of_a_switch_that_lacked_the_way() -> None:
    """The other peer's datagrams arrive from ping 298 on; one ping more is lost after that, as by chance."""
    peer = told(client(is_answered), old_place(range(84), BACK), gateway(), new_place(298))
    assert spent(peer) == {"stun": 160, "relearning": 1990, "unexplained": 10}
    assert "so few may be lost by chance, or what drops some of them" in peer.breakdown[-1].because


def test_where_nobody_watches_the_old_place_a_switch_may_have_lacked_the_way_until_others_arrived() -> None:
    """Others arrive from 1.2 s on, and at the old place no point stands: its MAC may be taken for there again."""
    peer = told(client(is_answered), gateway(), new_place(120))
    parts = {part.part: round(part.ms) for part in peer.breakdown[-2:]}
    assert parts == {"relearning": 210, "unexplained": 1790}
    assert "or a switch took its MAC for its old place's again" in peer.breakdown[-1].because


def test_a_connection_of_before_that_is_held_back_while_a_new_one_passes_is_told_as_a_firewalls() -> None:
    """100 bytes of 1.3 s are sent again at 1.6, 2.2 and 3.4 s in vain; at 3 s the peer opens another."""
    ends = {"eth_src": GATEWAY, "eth_dst": GUEST, "ip_ttl": 63}
    back = {"eth_src": GUEST, "eth_dst": GATEWAY, "ip_ttl": 64}
    early = [segment(20 * n, True, 100 * n, 0, 100, **ends) for n in range(50)]
    acks = [segment(20 * n + 1, False, 0, 100 * n + 100, **back) for n in range(50)]
    lost = [segment(at, True, 5000, 0, 100, **ends) for at in (1300, 1600, 2200, 3400, 4600)]
    anew = [segment(3000, True, 0, 0, 0, 0x02, **{**ends, "src_port": 50_001})]
    anew += [segment(3001, False, 0, 1, 0, 0x12, **{**back, "dst_port": 50_001})]
    anew += [segment(3002, True, 1, 1, 0, 0x10, **{**ends, "src_port": 50_001})]
    gw = point("gw", "gateway", [*early, *acks, *lost, *anew], BACK)
    new = point("new", "domain:destination", anew, BACK)
    rows = [{**row, "eth_src": 0xC1, "eth_dst": 0xC2, "ip_ttl": 63} for row in [*early, *acks, *lost, *anew]]
    peer = told(point("client", "client", rows), gw, point("old", "domain:source", [*early, *acks], BACK), new)
    assert set(spent(peer)) == {"unexplained"}
    assert "a connection opened later by the same peer came through (new frame" in peer.breakdown[0].because
