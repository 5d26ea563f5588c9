"""EVPN: which of two VTEPs others keep to where the sequence does not say."""

from dataclasses import replace
from typing import Any

import pytest

from tests.announcements.routes.made import control
from tests.announcements.routes.test_readers import EVPN_NLRI
from tests.migration.make import suffered
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, mac_route, point
from vmpcap.announcements.routes.bgp import BgpStreams, read_bgp
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.results import Mechanism

LOW, HIGH = "10.0.0.1", "10.0.0.2"
LINK = "00112233445566778899"


def told(old: dict[str, Any], new: dict[str, Any], *more: RouteNews, peers: Any = (LOST,)) -> Mechanism:
    """What is said of a MAC that one VTEP advertised and another does since the switchover."""
    rows = []
    for ts, vtep, known in ((0, LOW, old), (after(50), HIGH, new)):
        where = known.pop("vtep", vtep)
        rows.append(replace(mac_route(ts, where, known.pop("number", 0), address=True), next_hop=where, **known))
    found = judged("evpn", case(point("wan", "wan", [*rows, *more]), peers=peers))
    assert found is not None
    return found


def test_of_equal_sequences_that_of_the_lowest_vtep_counts() -> None:
    """RFC 7432 15: the new one's is ignored while the old one stands, unless it is the lower."""
    found = told({}, {})
    assert (found.worked, "others keep to the lower address" in found.because) == ("no", True)
    found = told({"vtep": HIGH}, {"vtep": LOW})
    assert (found.worked, "not for want of it" in found.because) == ("undecided", True)
    gone = replace(mac_route(after(90), LOW, address=True), action="withdraw")
    assert "lower address" not in told({}, {}, gone).because


def alone(
    held: int, number: int, *more: RouteNews, peers: Any = (LOST,), low: str = LOW, high: str = HIGH
) -> Mechanism:
    """The MAC moved and was withdrawn at its old VTEP; the routes with its address have sequences of their own."""
    rows = [
        mac_route(0, low, 3),
        mac_route(0, low, held, address=True),
        mac_route(after(50), high, 4),
        mac_route(after(60), high, number, address=True),
        replace(mac_route(after(90), low), action="withdraw", next_hop="", sequence=None),
    ]
    found = judged("evpn", case(point("wan", "wan", [*rows, *more]), peers=peers))
    assert found is not None
    return found


def test_the_route_with_the_address_has_a_sequence_of_its_own() -> None:
    """RFC 7432 7.7: what was withdrawn was the MAC alone; of its address the old route wins, or the lower VTEP's."""
    for found in (alone(2, 1), alone(0, 0)):
        assert (found.worked, "routed traffic keeps to the old" in found.because) == ("no", True)
    gone = replace(mac_route(after(95), LOW, address=True), action="withdraw", next_hop="", sequence=None)
    for found in (alone(1, 2), alone(0, 0, low=HIGH, high=LOW), alone(2, 1, gone)):
        assert "keeps to the old" not in found.because
    assert alone(2, 1, peers=[FINE]).worked == "yes"


def test_an_address_that_has_not_come_yet_is_told() -> None:
    """Within the first seconds nobody can say that it is late, but neither that the peers do not want it."""
    rows = [mac_route(0, LOW), mac_route(0, LOW, address=True), mac_route(after(50), HIGH, 1)]
    short = point("wan", "wan", rows, last_ts=after(1000))
    found = judged("evpn", replace(case(peers=[LOST]), views=(short,)))
    assert found is not None
    assert (found.worked, "its address not in the" in found.because) == ("undecided", True)
    assert "not for want of it" not in found.because


def test_a_sticky_mac_does_not_move() -> None:
    """RFC 7432 15.2: whatever the sequence of the new one."""
    found = told({"is_sticky": True}, {"number": 1})
    assert (found.worked, "sticky MAC, which does not move" in found.because) == ("no", True)


@pytest.mark.parametrize("apart", [{"vni": 99}, {"link": LINK}])
def test_two_homes_of_one_segment_and_two_networks_are_no_tie(apart: dict[str, Any]) -> None:
    """Several homes advertise one MAC at once; another network's route is another matter."""
    old = {"link": LINK} if "link" in apart else {}
    assert "lower address" not in told(old, dict(apart)).because


def test_a_tie_fails_only_with_peers_that_are_lost() -> None:
    """Peers that reach the guest at once follow the new one, whatever the rule."""
    assert told({}, {}, peers=[FINE]).worked == "yes"
    assert told({}, {}, peers=[]).worked == "undecided"
    late = suffered(8_000.0, from_ts=after(0), to_ts=after(8_100))
    assert told({}, {}, peers=[late]).worked == "undecided"


def test_a_mac_route_says_whether_it_is_sticky_and_behind_which_segment() -> None:
    """RFC 7432 7.7 and 7.2."""
    nlri = EVPN_NLRI.replace("0" * 20, LINK, 1)
    reach = f"0019 46 04 0a000002 00 {nlri}"
    size = len(bytes.fromhex(reach))
    attributes = f"80 0e {size:02x} {reach} c0 10 08 0600 01 00 00000003"
    length = len(bytes.fromhex(attributes))
    (row,) = read_bgp(control("ff" * 16 + f"{23 + length:04x} 02 0000 {length:04x} {attributes}", "bgp"), BgpStreams())
    assert (row.is_sticky, row.sequence, row.link) == (True, 3, LINK)


@pytest.mark.parametrize(
    ("how", "is_bound"),
    [({"is_reflected": True}, True), ({"path_length": 2}, True), ({"path_length": 1}, False), ({}, False)],
    ids=["reflected", "over two systems", "its own system", "inside one system"],
)
def test_what_a_reflector_passes_on_came_at_most_so_late(how: dict[str, Any], is_bound: bool) -> None:
    """Its VTEP told it before; a session over other addresses than the VTEP's own is no sign of that."""
    new = replace(mac_route(after(50), HIGH, 1, address=True), sender="10.0.0.100", **how)
    gone = replace(mac_route(after(90), LOW, address=True), action="withdraw", next_hop="", sequence=None)
    found = judged("evpn", case(point("wan", "wan", [mac_route(0, LOW, address=True), new, gone]), peers=[FINE]))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", pytest.approx(50))
    assert (found.latency_is_at_most, "at most +50 ms" in found.because) == (is_bound, is_bound)


def test_a_mac_route_says_its_ethernet_tag_and_its_targets() -> None:
    """RFC 7432 7.2; RFC 4360 4: of two and four bytes, or an address; what only looks alike is none."""
    raw = bytearray(bytes.fromhex(EVPN_NLRI))
    raw[2 + 18 : 2 + 22] = bytes.fromhex("00000063")
    reach = f"0019 46 04 0a000002 00 {raw.hex()}"
    size = len(bytes.fromhex(reach))
    targets = ["0002fde80000004d", "01020a0000010001", "0202000100000001"]
    others = "030c000000000008" + "0003fde800000001"
    attributes = f"80 0e {size:02x} {reach} c0 10 28 {' '.join(targets)} {others}"
    length = len(bytes.fromhex(attributes))
    (row,) = read_bgp(control("ff" * 16 + f"{23 + length:04x} 02 0000 {length:04x} {attributes}", "bgp"), BgpStreams())
    assert (row.tag, row.targets) == (99, tuple(targets))
