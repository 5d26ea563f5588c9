"""What the readers of control frames say, from literal bytes; layouts after the RFC that each reader names."""

import random
from dataclasses import replace

import pytest

from tests.announcements.routes.made import control, prefixes
from vmpcap.announcements.control import PROTOCOLS, ControlLog
from vmpcap.announcements.routes.bgp import BgpStreams, read_bgp
from vmpcap.announcements.routes.eigrp import read_eigrp
from vmpcap.announcements.routes.fields import Short
from vmpcap.announcements.routes.glbp import read_glbp
from vmpcap.announcements.routes.hsrp import read_hsrp
from vmpcap.announcements.routes.isis import read_isis
from vmpcap.announcements.routes.lisp import read_lisp
from vmpcap.announcements.routes.ospf import read_ospf
from vmpcap.announcements.routes.readers import read_news
from vmpcap.announcements.routes.rip import read_rip
from vmpcap.announcements.routes.statements import Statements
from vmpcap.announcements.routes.vrrp import read_vrrp

RIP_ENTRY = "0002 0000 0a4d000a ffffffff 00000000 00000002"
RIP = "02020000" + RIP_ENTRY + "0002 0000 0a630000 ffffff00 00000000 00000010"
EXTERNAL = "0001 02 05 0a4d000a 0a000003 80000001 0000 0024 ffffffff 80000014 00000000 00000000"
OSPF = "0204 0040 0a000003 00000000 0000 0000 0000000000000000 00000001" + EXTERNAL
ROUTER = "0001 02 01 0a000002 0a000002 80000001 0000 0024 00000001 0a4d000a ffffffff 03 00 000a"
OSPF6 = (
    "0304 0040 0a000003 00000000 0000 00 00 00000001"
    "0001 4005 00000009 0a000003 80000001 0000 002c 00000014 80 00 0000 20010db8007700000000000000000040"
)
IN_AREA6 = (
    "0304 0048 0a000002 00000000 0000 00 00 00000001"
    "0001 2009 00000000 0a000002 80000001 0000 0034 0001 2001 00000000 0a000002"
    "80 00 000a 20010db8007700000000000000000040"
)
EIGRP = (
    "0201 0000 00000000 00000001 00000000 0000 0064"
    "0102 001d 00000000 00001400 00002800 0005dc 01 ff 01 00 00 20 0a4d000a"
)
EIGRP_WIDE = (
    "0201 0000 00000000 00000001 00000000 0000 0064"
    "0602 002d 0000 0001 0a000002 00 80 ff 01 0005dc 01 000000000a00 000000000400 0000 0000 00000000 20 0a4d000a"
)
UPDATE_IPV4 = (
    "ff" * 16 + "0037 02 0000 001b 400101 00 4002 06 0201 0000fdea 400304 c0000206 800404 00000000 20 0a4d000a"
)
EVPN_NLRI = "02 25 0001 0a000002 0002 00000000000000000000 00000000 30 005056aa7710 20 0a4d000a 00004d"
LSP = "83 1b 01 00 14 01 00 00{size:04x} 04b0 0000000000030000 {seq:08x} 0000 03{tlvs}"
VRRP3 = "31 4d 96 01 0064 0000 0a4d0001"
HSRP1 = "00 00 10 03 0a 6e 05 00 636973636f000000 0a4d0001"
HSRP2 = "01 28 02 00 06 04 0005 001122334455 0000006e 00000bb8 00002710 0a4d0001000000000000000000000000"
GLBP = "01 00 0007 0000 001122334455 01 1c 00 20 00 6e 0000 00000bb8 00002710 0258 3840 0000 01 04 0a4d0001"
REGISTER = (
    "30 000101 0000000000000001 0001 0014" + "00" * 20 + "000005a0 01 20 1000 0000 0001 0a4d000a"
    "01 64 ff 00 0005 0001 c0000202"
)
SOLICIT = "11 000001 0000000000000002 0001 0a4d000a 0001 c0000201 00 20 0001 0a630002"


def lsp(seq: int, tlvs: str) -> str:
    """A link state packet with these TLVs."""
    return LSP.format(size=27 + len(bytes.fromhex(tlvs)), seq=seq, tlvs=tlvs)


def test_a_rip_response_announces_and_poisons() -> None:
    """Metric 16 takes a route back; a request says nothing."""
    rows = list(read_rip(control(RIP)))
    assert prefixes(iter(rows)) == [("announce", "10.77.0.10/32"), ("withdraw", "10.99.0.0/24")]
    assert (rows[0].metric, rows[0].sender, rows[0].next_hop) == (2, "192.0.2.1", "")
    assert not list(read_rip(control("0102" + RIP[4:])))


def test_an_authentication_entry_of_rip_is_no_route() -> None:
    """RFC 2453 4.1: family 0xFFFF."""
    assert prefixes(read_rip(control("02020000 ffff 0002" + "41" * 16 + RIP_ENTRY))) == [("announce", "10.77.0.10/32")]


def test_version_1_of_rip_has_hosts_and_networks_of_a_class() -> None:
    """RFC 1058 3.2: what has bits of a host is a host."""
    entries = "0002 0000 0a000000 00000000 00000000 00000001" + "0002 0000 c0a80105 00000000 00000000 00000001"
    assert [p for _, p in prefixes(read_rip(control("02010000" + entries)))] == ["10.0.0.0/8", "192.168.1.5/32"]


def test_ripng_has_prefixes_of_128_bits_behind_entries_of_next_hops() -> None:
    """RFC 2080 2.1.1: metric 255 names the next hop."""
    hop = "fe800000000000000000000000000001 0000 00 ff"
    route = "20010db8000000000000000000000010 0000 80 01"
    rows = list(read_rip(control("02010000" + hop + route, ports=(521, 521), source="fe80::2")))
    assert [(r.prefix, r.next_hop) for r in rows] == [("2001:db8::10/128", "fe80::1")]


def test_an_external_lsa_announces_until_its_age_is_the_greatest() -> None:
    """MaxAge withdraws what was stated; of what nobody stated it says nothing."""
    said = Statements()
    first = list(read_ospf(control(OSPF, "ospf"), said))
    assert [(r.action, r.prefix, r.origin, r.metric) for r in first] == [
        ("announce", "10.77.0.10/32", "10.0.0.3", 20),
    ]
    assert not list(read_ospf(control(OSPF, "ospf"), said)), "a copy is no news"
    aged = OSPF.replace("0001 02 05", "0e10 02 05")
    assert prefixes(read_ospf(control(aged, "ospf"), said)) == [("withdraw", "10.77.0.10/32")]
    assert not list(read_ospf(control(aged, "ospf"), Statements()))


def test_a_router_lsa_without_its_stub_withdraws_it() -> None:
    """A newer statement says all there is; an older one is not news."""
    said = Statements()
    head = "0204 0040 0a000002 00000000 0000 0000 0000000000000000 00000001"
    assert prefixes(read_ospf(control(head + ROUTER, "ospf"), said)) == [("announce", "10.77.0.10/32")]
    newer = "0001 02 01 0a000002 0a000002 80000002 0000 0018 00000000"
    assert prefixes(read_ospf(control(head + newer, "ospf"), said)) == [("withdraw", "10.77.0.10/32")]
    assert not list(read_ospf(control(head + ROUTER, "ospf"), said))


@pytest.mark.parametrize(("layout", "origin", "metric"), [(OSPF6, "10.0.0.3", 20), (IN_AREA6, "10.0.0.2", 10)])
def test_version_3_of_ospf_has_prefixes_of_128_bits(layout: str, origin: str, metric: int) -> None:
    """RFC 5340 A.4.7, A.4.10: an external LSA, and the prefixes of a router; MaxAge takes them back."""
    said = Statements()
    host = "2001:db8:77::40/128"
    (row,) = read_ospf(control(layout, "ospf", source="fe80::2"), said)
    assert (row.action, row.prefix, row.origin, row.metric) == ("announce", host, origin, metric)
    aged = layout.replace("0001 4005", "0e10 4005").replace("0001 2009", "0e10 2009")
    assert prefixes(read_ospf(control(aged, "ospf", source="fe80::2"), said)) == [("withdraw", host)]
    with pytest.raises(Short):
        list(read_ospf(control(bytes.fromhex(layout)[:-4], "ospf"), Statements()))


def test_a_metric_without_end_takes_an_lsa_back() -> None:
    """LSInfinity, RFC 2328 appendix B: an area border router says so instead of letting it age."""
    for layout, metric in ((OSPF, "80000014"), (OSPF6, "00000014 80")):
        said = Statements()
        assert [action for action, _ in prefixes(read_ospf(control(layout, "ospf"), said))] == ["announce"]
        gone = layout.replace(metric, metric.replace("000014", "ffffff", 1)).replace("80000001", "80000002")
        assert [action for action, _ in prefixes(read_ospf(control(gone, "ospf"), said))] == ["withdraw"]


@pytest.mark.parametrize(
    "route",
    [
        "0402 0035 00000000000000000000000000000000 00001400 00002800 0005dc 01 ff 01 00 00"
        "80 20010db8007700000000000000000040",
        "0602 0045 0000 0002 0a000002 00 80 ff 01 0005dc 01 000000000a00 000000000400 0000 0000"
        "00000000000000000000000000000000 80 20010db8007700000000000000000040",
    ],
)
def test_eigrp_says_routes_of_ipv6_in_both_layouts(route: str) -> None:
    """RFC 7868 6.6, 6.7: next hop and prefix have 128 bits."""
    (row,) = read_eigrp(control("0201 0000 00000000 00000001 00000000 0000 0064" + route, "eigrp"))
    assert (row.action, row.prefix, row.next_hop) == ("announce", "2001:db8:77::40/128", "")


@pytest.mark.parametrize("layout", [EIGRP, EIGRP_WIDE])
def test_eigrp_says_a_route_in_both_layouts(layout: str) -> None:
    """Delay without end takes it back in an update; in a reply it says nothing."""
    (row,) = read_eigrp(control(layout, "eigrp"))
    assert (row.action, row.prefix, row.next_hop, row.reason) == ("announce", "10.77.0.10/32", "", "update of AS 100")
    assert row.metric == (5120 if layout is EIGRP else 2560)
    gone = layout.replace("00001400", "ffffffff").replace("000000000a00", "ffffffffffff")
    assert prefixes(read_eigrp(control(gone, "eigrp"))) == [("withdraw", "10.77.0.10/32")]
    assert not list(read_eigrp(control("0204" + gone[4:], "eigrp")))


def test_an_update_of_bgp_is_read_however_tcp_cut_it() -> None:
    """A segment that comes twice adds nothing, one that ends a message tells it."""
    data = bytes.fromhex(UPDATE_IPV4)
    for cut in range(1, len(data)):
        streams = BgpStreams()
        parts = [(1, data[:cut]), (1, data[:cut]), (1 + cut, data[cut:]), (1 + cut, data[cut:])]
        rows = [row for seq, part in parts for row in read_bgp(control(part, "bgp", (179, 40000), seq=seq), streams)]
        assert [(r.action, r.prefix, r.origin, r.next_hop) for r in rows] == [
            ("announce", "10.77.0.10/32", "AS 65002", "192.0.2.6")
        ], cut


def test_segments_of_bgp_that_come_late_are_read_in_their_order() -> None:
    """The parts of a long UPDATE in any order, the first one in front; what follows is read as well."""
    data = bytes.fromhex(UPDATE_IPV4) * 2
    cuts = [(1, data[:30]), (31, data[30:50]), (51, data[50:60]), (61, data[60:])]
    for order in ((0, 2, 1, 3), (0, 3, 1, 2), (0, 3, 2, 1), (0, 2, 3, 1)):
        streams = BgpStreams()
        rows = [r for n in order for r in read_bgp(control(cuts[n][1], "bgp", seq=cuts[n][0]), streams)]
        assert len({r.prefix for r in rows}) == 1, order
        assert len(rows) == 2, order


def test_what_a_late_segment_of_bgp_fills_up_is_told_once() -> None:
    """What came behind the hole was told when it came; only what was missing is news, with the late segment's time."""
    alive = bytes.fromhex("ff" * 16 + "0013 04")
    gone = bytes.fromhex("ff" * 16 + "001c 02 0005 20 0a4d000a 0000")
    other = bytes.fromhex(UPDATE_IPV4.replace("0a4d000a", "0a4d000b"))
    there = bytes.fromhex(UPDATE_IPV4)
    assert len(other) == len(there)

    def told(late: bytes) -> list[tuple[int, str, str]]:
        streams, parts, seq = BgpStreams(), [], 0xFFFF_FFF0
        for data in (other, late, gone, there):
            parts.append((seq, data))
            seq = (seq + len(data)) & 0xFFFF_FFFF
        rows = []
        for ts, n in enumerate((0, 2, 3, 1)):
            frame = replace(control(parts[n][1], "bgp", seq=parts[n][0]), ts_ns=ts)
            rows += [(row.ts_ns, row.action, row.prefix) for row in read_bgp(frame, streams)]
        return rows

    known = [(0, "announce", "10.77.0.11/32"), (1, "withdraw", "10.77.0.10/32"), (2, "announce", "10.77.0.10/32")]
    assert told(alive) == known
    away = gone.replace(bytes.fromhex("0a4d000a"), bytes.fromhex("0a4d000b"))
    assert told(away) == [*known, (3, "withdraw", "10.77.0.11/32")]
    assert told(gone) == known  # what it says was over when it was complete: the route is there again


def test_bgp_counts_the_systems_that_a_route_passed() -> None:
    """A sequence counts each, a set once (RFC 4271 9.1.2.2), a number that was put in front again not at all."""
    longer = UPDATE_IPV4.replace("0037", "0041").replace("001b", "0025")
    longer = longer.replace("4002 06 0201 0000fdea", "4002 10 0201 0000fde9 0102 0000fdea 0000fdeb")
    twice = UPDATE_IPV4.replace("0037", "003b").replace("001b", "001f")
    twice = twice.replace("4002 06 0201 0000fdea", "4002 0a 0202 0000fdea 0000fdea")
    rows = [next(read_bgp(control(said, "bgp"), BgpStreams())) for said in (UPDATE_IPV4, longer, twice)]
    assert [(row.origin, row.path_length) for row in rows] == [("AS 65002", 1), ("AS 65003", 2), ("AS 65002", 1)]


def test_after_a_hole_bgp_begins_anew_at_a_marker() -> None:
    """What is missing is not guessed; the message behind it is read."""
    data = bytes.fromhex(UPDATE_IPV4)
    streams = BgpStreams()
    assert not list(read_bgp(control(data[:30], "bgp", seq=1), streams))
    assert len(list(read_bgp(control(data[40:] + data, "bgp", seq=41), streams))) == 1


OFFERS_PATHS = "ff" * 16 + "0025 01 04 fdea 00b4 0a000002 08 02 06 45 04 0001 01 03"
UPDATE_PATHS = UPDATE_IPV4.replace("0037", "0044").replace("20 0a4d000a", "00000001 20 0a4d000a 00000002 20 0a4d000b")
ID_OF_A_ROUTE = UPDATE_IPV4.replace("0037", "003b").replace("20 0a4d000a", "200a4d00 20 0a4d000b")
"""An identifier that could be the beginning of a route."""


@pytest.mark.parametrize(
    ("opens", "update", "told"),
    [
        (2, UPDATE_PATHS, [(1, "10.77.0.10/32"), (2, "10.77.0.11/32")]),
        (0, UPDATE_PATHS, [(1, "10.77.0.10/32"), (2, "10.77.0.11/32")]),
        (0, UPDATE_IPV4, [(None, "10.77.0.10/32")]),
        (2, ID_OF_A_ROUTE, [(0x200A4D00, "10.77.0.11/32")]),
    ],
)
def test_bgp_may_tell_several_paths_of_one_route(opens: int, update: str, told: list[tuple[int | None, str]]) -> None:
    """RFC 7911: with identifiers where both offered them; where that is not in view, where nothing else fits."""
    streams = BgpStreams()
    ways = (("192.0.2.1", (179, 40000), "192.0.2.2"), ("192.0.2.2", (40000, 179), "192.0.2.1"))
    for source, ports, target in ways[:opens]:
        opened = replace(control(OFFERS_PATHS, "bgp", ports, source=source, seq=1), target=target)
        assert not list(read_bgp(opened, streams))
    at = 1 + len(bytes.fromhex(OFFERS_PATHS)) if opens else 1
    rows = list(read_bgp(control(update, "bgp", (179, 40000), seq=at), streams))
    assert [(r.path_id, r.prefix) for r in rows] == told


def test_what_one_peer_alone_offers_is_not_agreed() -> None:
    """A speaker that sends identifiers to one that does not take them would be misunderstood: it does not."""
    streams = BgpStreams()
    takes_none = OFFERS_PATHS.replace("0001 01 03", "0001 01 02")
    for source, ports, target, said in (
        ("192.0.2.1", (179, 40000), "192.0.2.2", OFFERS_PATHS),
        ("192.0.2.2", (40000, 179), "192.0.2.1", takes_none),
    ):
        list(read_bgp(replace(control(said, "bgp", ports, source=source, seq=1), target=target), streams))
    at = 1 + len(bytes.fromhex(OFFERS_PATHS))
    (row,) = read_bgp(control(UPDATE_IPV4, "bgp", (179, 40000), seq=at), streams)
    assert (row.path_id, row.prefix) == (None, "10.77.0.10/32")


def test_a_withdrawal_of_bgp_has_no_origin() -> None:
    """RFC 4271 4.3: withdrawn routes stand alone."""
    (row,) = read_bgp(control("ff" * 16 + "001c 02 0005 20 0a4d000a 0000", "bgp"), BgpStreams())
    assert (row.action, row.prefix, row.origin) == ("withdraw", "10.77.0.10/32", "")


def test_evpn_says_mac_address_overlay_and_how_often_it_moved() -> None:
    """RFC 7432 7.2 and 7.7: the sequence number is that of the MAC mobility community."""
    reach = "0019 46 04 0a000002 00" + EVPN_NLRI
    mobility = "c010 08 0600 00 00 00000001"
    attributes = f"900e {len(bytes.fromhex(reach)):04x}" + reach + mobility
    size = len(bytes.fromhex(attributes))
    message = "ff" * 16 + f"{23 + size:04x} 02 0000 {size:04x}" + attributes
    (row,) = read_bgp(control(message, "bgp"), BgpStreams())
    assert (row.protocol, row.mac, row.prefix, row.vni, row.sequence, row.next_hop, row.origin, row.reason) == (
        "evpn",
        "00:50:56:aa:77:10",
        "10.77.0.10/32",
        77,
        1,
        "10.0.0.2",
        "10.0.0.2:2",
        "mac_ip",
    )


def test_a_link_state_packet_states_prefixes_and_macs() -> None:
    """TLVs 128, 135 and 147; what the next one leaves out is withdrawn, a lifetime of 0 withdraws all."""
    said = Statements()
    narrow = "80 0c 0a808080 0a4d000a ffffffff"
    wide = "87 09 00000005 20 0a4d0014"
    macs = "93 0b 0001 00 004d 005056aa7710"
    rows = list(read_isis(control(lsp(1, narrow + wide + macs), "isis"), said))
    assert [(r.action, r.prefix, r.mac, r.metric) for r in rows] == [
        ("announce", "10.77.0.10/32", "", 10),
        ("announce", "10.77.0.20/32", "", 5),
        ("announce", "", "00:50:56:aa:77:10", None),
    ]
    assert rows[0].origin == "0000.0000.0003.00-00"
    rows = list(read_isis(control(lsp(2, wide), "isis"), said))
    assert [(r.action, r.prefix, r.mac) for r in rows] == [
        ("announce", "10.77.0.20/32", ""),
        ("withdraw", "10.77.0.10/32", ""),
        ("withdraw", "", "00:50:56:aa:77:10"),
    ]
    assert [r.teller for r in rows] == ["", "", ""], "no hello has said who sends these"
    purge = lsp(2, wide).replace("04b0", "0000")
    assert prefixes(read_isis(control(purge, "isis"), said)) == [("withdraw", "10.77.0.20/32")]


@pytest.mark.parametrize(("kind", "length"), [("0f", 27), ("10", 27), ("11", 20)])
def test_who_sends_a_link_state_packet_is_known_by_its_hellos(kind: str, length: int) -> None:
    """The packet itself names who made it; a router in between floods it under its own address."""
    said = Statements()
    hello = f"83 {length:02x} 01 00 {kind} 01 00 00 01 000000000002 001e 0014 00"
    assert not list(read_isis(control(hello, "isis"), said))
    wide = "87 09 00000005 20 0a4d0014"
    (row,) = read_isis(control(lsp(1, wide), "isis"), said)
    assert (row.origin, row.teller) == ("0000.0000.0003.00-00", "0000.0000.0002")
    (row,) = read_isis(control(lsp(2, wide), "isis", source="192.0.2.9"), said)
    assert row.teller == ""


def test_who_sends_an_lsa_is_in_the_head_of_its_packet() -> None:
    """RFC 2328 A.3.1, RFC 5340 A.3.1: the router that sends; the LSA has the one that made it."""
    for layout in (OSPF.replace("0a000003", "0a000001", 1), OSPF6.replace("0a000003", "0a000001", 1)):
        (row,) = read_ospf(control(layout, "ospf"), Statements())
        assert (row.origin, row.teller) == ("10.0.0.3", "10.0.0.1")


def test_gateways_say_who_stands_for_which_address() -> None:
    """VRRP, HSRP of both versions, GLBP."""
    hellos = [
        *read_vrrp(control(VRRP3, "vrrp")),
        *read_hsrp(control(HSRP1, "hsrp")),
        *read_hsrp(control(HSRP2, "hsrp")),
        *read_glbp(control(GLBP, "glbp")),
    ]
    assert [(h.protocol, h.version, h.group, h.state, h.priority, h.virtual_ips, h.hello_ms) for h in hellos] == [
        ("vrrp", 3, 77, "active", 150, ("10.77.0.1",), 1000),
        ("hsrp", 1, 5, "active", 110, ("10.77.0.1",), 3000),
        ("hsrp", 2, 5, "active", 110, ("10.77.0.1",), 3000),
        ("glbp", 1, 7, "active", 110, ("10.77.0.1",), 3000),
    ]
    assert [h.hold_ms for h in hellos] == [4000, 10_000, 10_000, 10_000]
    (old_version,) = read_vrrp(control(VRRP3.replace("31", "21", 1).replace("0064", "0001", 1), "vrrp"))
    assert (old_version.hello_ms, old_version.hold_ms) == (1000, 4000)


def test_lisp_registers_notifies_and_solicits() -> None:
    """RFC 9301 5.2, 5.6, 5.7; a mapping without locators takes back."""
    (register,) = read_lisp(control(REGISTER, "lisp"))
    assert (register.action, register.prefix, register.origin, register.reason) == (
        "announce",
        "10.77.0.10/32",
        "192.0.2.2",
        "register",
    )
    (notify,) = read_lisp(control("40" + REGISTER[2:], "lisp"))
    assert notify.reason == "notify"
    (asked,) = read_lisp(control(SOLICIT, "lisp"))
    assert (asked.prefix, asked.origin, asked.reason) == ("10.99.0.2/32", "192.0.2.1", "solicit")
    udp = "10f6 10f6 0030 0000"
    ip = "45000044 00010000 40110000 0a630001 0a4d000a"
    (inside,) = read_lisp(control("80000000" + ip + udp + SOLICIT, "lisp"))
    assert (inside.sender, inside.reason) == ("10.99.0.1", "solicit")


SAMPLES = {
    "rip": [RIP],
    "ospf": [OSPF],
    "eigrp": [EIGRP, EIGRP_WIDE],
    "bgp": [UPDATE_IPV4],
    "isis": [lsp(1, "870900000005200a4d0014" + "930b00010000 4d005056aa7710")],
    "vrrp": [VRRP3],
    "hsrp": [HSRP1, HSRP2],
    "glbp": [GLBP],
    "lisp": [REGISTER, SOLICIT],
}


def test_every_protocol_has_samples() -> None:
    """Or the tests below would not meet it."""
    assert set(SAMPLES) == {protocol.name for protocol in PROTOCOLS}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_cut_frame_is_counted_and_never_said_to_say_more(name: str) -> None:
    """Whatever is cut off, what remains says a part of the same things, in their order."""
    for sample in SAMPLES[name]:
        whole = control(sample, name)
        said = read_news(ControlLog(frames=[whole]))
        assert not said.unread
        for length in range(len(whole.payload)):
            part = read_news(ControlLog(frames=[replace(whole, payload=whole.payload[:length], is_cut=True)]))
            told = [*part.routes, *part.hellos]
            assert told == [*said.routes, *said.hellos][: len(told)], length


@pytest.mark.parametrize("seed", range(60))
def test_hostile_bytes_are_counted_and_never_break_a_reader(seed: int) -> None:
    """Changed, cut and invented payloads of every protocol."""
    rng = random.Random(seed)
    frames = []
    for number in range(300):
        name = rng.choice(sorted(SAMPLES))
        data = bytearray(bytes.fromhex(rng.choice(SAMPLES[name])))
        for _ in range(rng.randint(0, 6)):
            data[rng.randrange(len(data))] = rng.choice([0, 1, 255, rng.randrange(256)])
        frames.append(control(bytes(data[: rng.randint(1, len(data))]), name, frame=number + 1, seq=rng.randrange(200)))
    news = read_news(ControlLog(frames=frames))
    assert news.unread.keys() <= SAMPLES.keys()
    assert all(row.prefix or row.mac or row.protocol == "lisp" for row in news.routes)


def test_a_length_beyond_the_message_is_not_believed() -> None:
    """An LSA that says it is longer than the update."""
    with pytest.raises(Short):
        list(read_ospf(control(OSPF.replace("0000 0024", "0000 ff24"), "ospf"), Statements()))
