"""Mechanisms of the stream's and the hosts' side: what works, what fails, what is open, what only looks alike."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.migration.make import (
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    journal,
    moves_of,
    series,
    side,
    stream,
    suffered,
    view,
)
from tests.migration.test_mechanisms import MOMENT, SAME_CLOCK, case, judged
from tests.migration.test_stuck import Said, made
from vmpcap.announcements.complaints import Complaint, ComplaintLog
from vmpcap.announcements.tunnelled import Tunnelled
from vmpcap.measures.connections import Connection
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.tunnels import NumberedTunnel
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.path_results import NextHop, Symptom, Unreachable
from vmpcap.migration.results import Mechanism, Path
from vmpcap.migration.stream.detours import Detour
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset

HOST_A, HOST_B = "10.10.1.11", "10.10.2.12"
CARD_A, CARD_B = 0x02000000000A, 0x02000000000B
OWN_ROUTER, OTHER_ROUTER, THIRD_ROUTER = 0x020000000101, 0x020000000102, 0x020000000103
"""Of management, and two of the stream."""
VCENTER = "10.50.0.5"
ROUTED = Path(word="routed", because="the TTL was lowered")
ADJACENT = Path(word="adjacent", because="no TTL was lowered between the two ends")


def hop(direction: str, mac: int, point: str, kind: str = "router", **known: Any) -> NextHop:
    """Whom a host hands the stream to."""
    text = ":".join(f"{mac:012x}"[i : i + 2] for i in range(0, 12, 2))
    return NextHop(direction=direction, point=point, mac=text, kind=kind, because="made", **known)  # type: ignore[arg-type]


def routed(a: int, b: int | None = None, **known: Any) -> Path:
    """A routed way with the next hops of both hosts, or of the source alone."""
    hops = [hop("to_destination", a, "src", **known)]
    return Path(word="routed", next_hops=[*hops, *([hop("to_source", b, "dst", **known)] if b else [])])


def service(
    a: str, b: str, port: int, gateway: int = OWN_ROUTER, card: int = CARD_A, far_ttl: int = 60, **known: Any
) -> Connection:
    """A connection of machine a, which stands beside the point, to that port of b behind its gateway."""
    payload = known.pop("payload", 10_000)
    first = known.pop("first_data_ts", MOMENT)
    last = known.pop("last_data_ts", MOMENT + 20 * S)
    own: dict[str, Any] = {"packets": 9, "first_eth_src": card, "first_eth_dst": gateway, "ttl_max": 64}
    own.update(payload_bytes=payload, unique_bytes=payload, first_data_ts=first, last_data_ts=last)
    own.update(known.pop("own", {}))
    far = side(packets=9, first_eth_src=gateway, first_eth_dst=card, ttl_max=far_ttl, **known.pop("far", {}))
    made: dict[str, Any] = {"a_ip": a, "a_port": 50_001, "b_ip": b, "b_port": port, "nominated": False}
    made.update(sides=(side(**own), far), first_ts=MOMENT - 40 * S, last_ts=last)
    return replace(stream(), **{**made, **known})


def carried(tag: int = -1, encapsulation: str = "eth/ip/tcp", **known: Any) -> Connection:
    """The migration's own connection, between the two hosts' cards."""
    known = {"b_ip": HOST_B, **known}
    made = stream(a_ip=HOST_A, encapsulation=encapsulation, vlan_outer_id=tag, **known)
    a, b = made.sides
    return replace(made, sides=(replace(a, first_eth_src=CARD_A), replace(b, first_eth_src=CARD_B)))


def both(*at_source: Connection, at_destination: tuple[Connection, ...] = (), **known: Any) -> tuple[PointView, ...]:
    """The points beside both hosts, with these connections of their services."""
    own = known.pop("stream", carried())
    return (
        view("src", "source", streams=(own,), services=at_source, **known),
        view("dst", "destination", streams=(own,), services=at_destination, **known),
    )


def moved(*views: PointView, **known: Any) -> Case:
    """A guest's move whose stream these points show."""
    (move,) = moves_of(*views)
    return case(*views, move=move, **known)


def worked(name: str, one: Case) -> str | None:
    """What is said of this mechanism; None where it is not seen."""
    found = judged(name, one)
    return None if found is None else found.worked


def cut_between(path: Path) -> Path:
    """The same way, in which somebody between the hosts reset the stream."""
    return msgspec.structs.replace(path, symptoms=[Symptom(name="reset_by_another", because="made")])


MANAGED_A = service(HOST_A, VCENTER, 443)
MANAGED_B = service(HOST_B, VCENTER, 902, card=CARD_B)


def test_a_stream_with_another_next_hop_than_management_has_a_way_of_its_own() -> None:
    """Only the effect is seen: the sentence says so, with both MACs."""
    points = both(MANAGED_A, at_destination=(MANAGED_B,))
    found = judged("static_route", moved(*points, path=routed(OTHER_ROUTER, OTHER_ROUTER)))
    assert found is not None
    assert found.worked == "yes"
    assert "02:00:00:00:01:02" in found.because
    assert "02:00:00:00:01:01" in found.because
    assert "is not on the wire" in found.because
    assert {e.point for e in found.evidence} == {"src", "dst"}


def test_a_way_of_its_own_at_one_host_only_fails() -> None:
    """The other direction goes over management's router: handshakes of one way, filters that see half."""
    points = both(MANAGED_A, at_destination=(MANAGED_B,))
    assert worked("static_route", moved(*points, path=routed(OTHER_ROUTER, OWN_ROUTER))) == "no"
    back = routed(OTHER_ROUTER, returns_from="02:00:00:00:01:01")
    assert worked("static_route", moved(*points, path=back)) == "no"
    refused = cut_between(routed(OTHER_ROUTER))
    assert worked("static_route", moved(*points, path=refused, completed=False)) == "no"


def test_a_way_of_its_own_is_open_where_the_end_is_not_known() -> None:
    """A capture that was cut."""
    points = both(MANAGED_A)
    assert worked("static_route", moved(*points, path=routed(OTHER_ROUTER), completed=None)) == "undecided"


def test_a_router_between_hosts_of_one_subnet_is_no_route_that_somebody_chose() -> None:
    """No route is asked for a neighbour: whoever takes the frames nevertheless does so by proxy ARP."""
    points = both(MANAGED_A, at_destination=(MANAGED_B,), stream=carried(b_ip="10.10.1.12"))
    assert worked("static_route", moved(*points, path=routed(OTHER_ROUTER, OTHER_ROUTER))) is None


@pytest.mark.parametrize(
    ("routers", "hops", "arp", "wanted"),
    [
        ((OTHER_ROUTER, THIRD_ROUTER), 2, "none", "yes"),
        ((OTHER_ROUTER, OWN_ROUTER), 2, "none", "no"),
        ((OTHER_ROUTER, OTHER_ROUTER), 1, "gateway", "yes"),
        ((OTHER_ROUTER, THIRD_ROUTER), 2, "peer", None),
        ((OTHER_ROUTER, OTHER_ROUTER), 2, "none", None),
        ((OTHER_ROUTER, THIRD_ROUTER), 1, "none", None),
    ],
    ids=["two routers", "one host only", "asked for a router", "asked for the host", "one router", "one hop"],
)
def test_hosts_of_one_prefix_may_be_of_two_subnets(
    routers: tuple[int, int], hops: int, arp: str, wanted: str | None
) -> None:
    """TTL, next hops and whom they ask for tell that; the /24 that most have is assumed where nothing else does."""
    points = both(MANAGED_A, at_destination=(MANAGED_B,), stream=carried(b_ip="10.10.1.140"))
    way = msgspec.structs.replace(routed(*routers, arp=arp), hops_source_to_destination=hops)
    assert worked("static_route", moved(*points, path=way)) == wanted


def test_one_gateway_for_all_is_no_static_route() -> None:
    """Nor is a stream to a neighbour, nor one beside which no management is in view."""
    points = both(MANAGED_A)
    assert worked("static_route", moved(*points, path=routed(OWN_ROUTER))) is None
    assert worked("static_route", moved(*points, path=routed(OTHER_ROUTER, kind="peer"))) is None
    assert worked("static_route", moved(*both(), path=routed(OTHER_ROUTER))) is None


def test_a_guests_https_is_no_management() -> None:
    """Nor is another machine's whose place nobody knows."""
    of_guest = service(GUEST_IP, VCENTER, 443, card=GUEST)
    of_another = service("10.77.0.30", VCENTER, 443, card=0x02000000BB01)
    assert worked("static_route", moved(*both(of_guest, of_another), path=routed(OTHER_ROUTER))) is None


def test_management_from_a_card_of_its_own_is_known_by_its_port_or_by_whom_it_speaks_with() -> None:
    """The host agent's port; vCenter speaks with a machine beside each host."""
    agent = service("10.60.0.11", VCENTER, 902, card=0x02000000CC01)
    assert worked("static_route", moved(*both(agent), path=routed(OTHER_ROUTER))) == "yes"
    one = service("10.60.0.11", VCENTER, 443, card=0x02000000CC01)
    two = service("10.60.1.12", VCENTER, 443, card=0x02000000CC02, gateway=0x020000000103)
    pair = both(one, at_destination=(two,))
    assert worked("static_route", moved(*pair, path=routed(OTHER_ROUTER, OTHER_ROUTER))) == "yes"


SAME_NET = "10.10.1.12"


def in_vlan(tag: int, other_tag: int, **known: Any) -> Case:
    """A stream in this VLAN, management in that one; both hosts in one subnet."""
    own = replace(carried(tag), b_ip=SAME_NET)
    return moved(*both(replace(MANAGED_A, vlan_outer_id=other_tag), stream=own), **known)


def test_a_vlan_of_its_own_without_a_router_works() -> None:
    """The tag differs from management's, which may have none; nobody lowers a TTL."""
    found = judged("separate_vlan", in_vlan(50, -1, path=ADJACENT))
    assert found is not None
    assert found.worked == "yes"
    assert "VLAN 50" in found.because
    assert worked("separate_vlan", in_vlan(50, 10, path=ADJACENT)) == "yes"
    assert worked("separate_vlan", in_vlan(50, 10, path=ADJACENT, completed=None)) == "undecided"
    assert worked("separate_vlan", in_vlan(50, 10, path=Path(because="the rest is not in view"))) == "undecided"


def test_a_vlan_in_which_somebody_routes_fails() -> None:
    """A lowered TTL between addresses of one subnet."""
    found = judged("separate_vlan", in_vlan(50, 10, path=ROUTED))
    assert found is not None
    assert found.worked == "no"
    assert "somebody routes in it" in found.because


def test_one_vlan_for_all_or_a_routed_way_by_intent_is_no_separate_vlan() -> None:
    """Subnets of their own at each host are routed vMotion; untagged is no VLAN."""
    assert worked("separate_vlan", in_vlan(50, 50, path=ADJACENT)) is None
    assert worked("separate_vlan", in_vlan(-1, 10, path=ADJACENT)) is None
    own = both(replace(MANAGED_A, vlan_outer_id=10), stream=carried(50))
    assert worked("separate_vlan", moved(*own, path=ROUTED)) is None


def test_labels_around_the_stream_are_seen_and_judged_by_its_end() -> None:
    """A word that only contains the name is none."""
    labelled = both(stream=carried(encapsulation="eth/mpls/ip/tcp"))
    assert worked("mpls", moved(*labelled)) == "yes"
    assert worked("mpls", moved(*labelled, path=cut_between(Path()), completed=False)) == "no"
    assert worked("mpls", moved(*labelled, completed=False)) == "undecided"
    assert worked("mpls", moved(*labelled, completed=None)) == "undecided"
    assert worked("mpls", moved(*both())) is None


@pytest.mark.parametrize(("encapsulation", "routed"), [("eth/mpls/ip/tcp", "undecided"), ("eth/ip/tcp", "no")])
def test_large_segments_that_are_lost_where_labels_carry_them_blame_one_row(encapsulation: str, routed: str) -> None:
    """The labels take the room; the router below them carried what fitted. Without labels it is the way's own fault."""
    made = carried(encapsulation=encapsulation)
    sent = replace(made.sides[0], unique_bytes=20_000, acked_bytes=300, retransmissions=5, max_payload_bytes=1460)
    stuck = replace(made, sides=(sent, made.sides[1]))
    one = moved(*both(stream=stuck), path=ROUTED, completed=False)
    assert worked("routed_vmotion", one) == routed
    assert worked("mpls", one) == ("no" if "mpls" in encapsulation else None)


SPLIT = Detour(True, "src and wan see different initial sequence numbers and window scales", "wan", (2,))


def test_what_an_optimiser_makes_of_the_stream_is_told() -> None:
    """The same connection on the WAN with fewer bytes."""
    less = replace(carried(), sides=(replace(carried().sides[0], unique_bytes=25_000_000), carried().sides[1]))
    points = (*both(), view("wan", "wan", streams=(less,)))
    found = judged("wan_optimizer", moved(*points, split=SPLIT))
    assert found is not None
    assert found.worked == "yes"
    assert "100,000,000 bytes of it at src became 25,000,000 at wan: 4.00 to 1" in found.because
    cut = cut_between(Path())
    assert worked("wan_optimizer", moved(*points, split=SPLIT, path=cut, completed=False)) == "no"
    assert worked("wan_optimizer", moved(*points, split=SPLIT, completed=False)) == "undecided"
    assert worked("wan_optimizer", moved(*points, split=SPLIT, completed=None)) == "undecided"


def test_a_reset_on_the_way_of_a_split_stream_blames_the_row_of_its_proxies_alone() -> None:
    """Of one connection from end to end it blames the way, and each row says whose reset it was not."""
    points = both()
    reset = Symptom(name="reset_by_another", because="a reset of B came with TTL 254, all else with 62", point="src")
    way = msgspec.structs.replace(routed(OTHER_ROUTER), symptoms=[reset])
    for split, wanted in ((SPLIT, "undecided"), (Detour(False, "one connection"), "no")):
        one = moved(*points, split=split, path=way, completed=False)
        found = judged("routed_vmotion", one)
        assert found is not None
        assert found.worked == wanted
        assert "a reset of B came with TTL 254, all else with 62 at src: somebody on the way sent it" in found.because
    proxies = judged("wan_optimizer", moved(*points, split=SPLIT, path=way, completed=False))
    assert proxies is not None
    assert proxies.worked == "no"
    assert "somebody on the way sent it" in proxies.because


def test_a_split_stream_that_a_router_refuses_still_blames_its_way() -> None:
    """The reset is not all that speaks against it: who forwards packets said that he did not."""
    said = Unreachable(point="src", sender="10.10.9.1", kind=3, code=13, meaning="prohibited by a filter", count=3)
    reset = Symptom(name="reset_by_another", because="made", point="src")
    way = msgspec.structs.replace(routed(OTHER_ROUTER), symptoms=[reset], unreachables=[said])
    assert worked("routed_vmotion", moved(*both(), split=SPLIT, path=way, completed=False)) == "no"


def test_an_optimiser_with_addresses_of_its_own_is_found_by_volume_and_time() -> None:
    """The largest connection of the WAN in that time; one of another time is not taken."""
    own = service("192.0.2.1", "198.51.100.1", 4443, payload=20_000_000, first_ts=0, last_ts=S)
    late = service("192.0.2.1", "198.51.100.1", 4444, payload=90_000_000, first_ts=90 * S, last_ts=99 * S)
    found = judged("wan_optimizer", moved(*both(), view("wan", "wan", services=(own, late)), split=SPLIT))
    assert found is not None
    assert "5.00 to 1" in found.because
    assert "192.0.2.1 - 198.51.100.1" in found.because


def test_one_connection_from_end_to_end_is_no_optimiser() -> None:
    """Nor is one of which nobody knows."""
    for nothing in (Detour(False, "the numbers are the same"), Detour(None, "not in view")):
        assert worked("wan_optimizer", moved(*both(), split=nothing)) is None


FILER = "10.10.3.50"
NEAR = {"handshake_ns": 300_000}
FAR = {"handshake_ns": 11_000_000}


def io(*ts: int, source: str, port: int = 3260) -> JournalColumns:
    """Blocks that this host wrote at these times."""
    made = journal(*((t, CARD_A, OWN_ROUTER, source, FILER) for t in ts))
    made.payload_bytes[:] = 8192
    made.ip_protocol[:] = 6
    made.src_port[:], made.dst_port[:] = 50_001, port
    return made


def stored(trip_b: dict[str, int], after: tuple[int, ...] = (MOMENT + 2 * S,), **known: Any) -> Case:
    """Both hosts at one target; the destination host's blocks come at these times."""
    own = carried()
    a = service(HOST_A, FILER, 3260, **NEAR)
    b = service(HOST_B, FILER, 3260, card=CARD_B, **trip_b)
    return moved(
        view("src", "source", streams=(own,), services=(a,), journal=io(MOMENT - S, source=HOST_A)),
        view("dst", "destination", streams=(own,), services=(b,), journal=io(*after, source=HOST_B)),
        **known,
    )


def test_io_that_moves_to_a_host_as_near_works() -> None:
    """With the volumes of both hosts before and after."""
    found = judged("ip_storage", stored(NEAR))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 2000.0)
    assert "the source host 8,192 and 0, the destination host 0 and 8,192" in found.because


def test_io_that_crosses_the_sites_since_fails() -> None:
    """A round trip of 0.3 ms before, 11 ms after."""
    found = judged("ip_storage", stored(FAR))
    assert found is not None
    assert found.worked == "no"
    assert "0.30 ms" in found.because
    assert "11.00 ms" in found.because


def test_storage_is_open_where_distance_or_io_is_not_in_view() -> None:
    """No I/O fails only with peers that are lost."""
    assert worked("ip_storage", stored({})) == "undecided"
    assert worked("ip_storage", stored(NEAR, after=())) == "undecided"
    lost = [suffered(None, ended=False, survived=False)]
    assert worked("ip_storage", stored(NEAR, after=(), peers=lost)) == "no"


def test_storage_that_is_out_of_view_since_the_switchover_has_no_negative_time() -> None:
    """The last frame beside the new host came before: it said that nothing was read in the -142 ms after it."""
    found = judged("ip_storage", stored(NEAR, after=(), moment=200 * S))
    assert found is not None
    assert found.worked == "undecided"
    assert "no frame of any kind is in view after the switchover at dst" in found.because


def test_storage_of_a_guest_or_of_one_host_is_not_the_hosts() -> None:
    """A guest may mount a share of its own."""
    a = service(HOST_A, FILER, 2049, **NEAR)
    of_guest = service(GUEST_IP, FILER, 2049, card=GUEST, **FAR)
    assert worked("ip_storage", moved(*both(a, at_destination=(of_guest,)))) is None
    assert worked("ip_storage", moved(*both(a))) is None


def logged(last: int, port: int = 8200, address: str = HOST_A, **known: Any) -> Connection:
    """Logging with a second host until then."""
    return service(address, "10.10.1.13", port, first_data_ts=0, last_data_ts=last, **known)


def test_logging_that_goes_on_works_and_logging_that_ends_fails() -> None:
    """Ten seconds without any are an end; less is open."""
    assert worked("ft", moved(*both(logged(MOMENT + 20 * S)))) == "yes"
    assert worked("ft", moved(*both(logged(MOMENT - S)))) == "no"
    assert worked("ft", moved(*both(logged(MOMENT - S), last_ts=MOMENT + 5 * S))) == "undecided"
    ended = judged("ft", moved(*both(logged(MOMENT - S), last_ts=MOMENT - S)))
    assert ended is not None
    assert ended.worked == "undecided"
    assert "the captures end before it" in ended.because
    began = replace(logged(MOMENT + 20 * S), first_ts=MOMENT + S)
    assert worked("ft", moved(*both(began))) == "undecided"


def test_logging_is_known_by_the_end_that_is_a_host() -> None:
    """The other end stands beside the point as well: that it is neither host makes nothing doubtful."""
    assert worked("ft", moved(*both(logged(MOMENT - S, gateway=0x02000000000D, far_ttl=64)))) == "no"


def test_logging_on_addresses_of_its_own_may_be_other_hosts() -> None:
    """It ends with the switchover, and nothing ties it to these two hosts: that is said."""
    card = 0x0200_0000_0077
    alone = moved(*both(logged(MOMENT - S, address="10.30.0.11", card=card, gateway=0x0200_0000_000D, far_ttl=63)))
    found = judged("ft", alone)
    assert found is not None
    assert found.worked == "undecided"
    assert "whether these addresses are of the two hosts of the migration is not known" in found.because


def test_other_users_of_those_ports_are_no_logging() -> None:
    """HTTP, guests, a few bytes."""
    web = logged(MOMENT - S, own={"opening": b"GET / HTTP/1.1\r\n"})
    of_guest = logged(MOMENT - S, address=GUEST_IP, card=GUEST)
    few = logged(MOMENT - S, payload=100)
    for other in (web, of_guest, few):
        assert worked("ft", moved(*both(other))) is None


def test_a_migration_that_was_cancelled_blames_no_way() -> None:
    """Nothing was refused, stuck or cut: somebody ended it, or it never got done."""
    assert worked("same_subnet_vmotion", moved(*both(), path=ADJACENT, completed=False)) == "undecided"
    assert worked("routed_vmotion", moved(*both(), path=cut_between(ROUTED), completed=False)) == "no"


def tail_lost(
    resent_in: tuple[int, ...] = (50, 52, 56), came: int = 80_008_000, link: Offset | None = SAME_CLOCK, last: int = 99
) -> Mechanism:
    """Acknowledged until 4 s, sent again in these tenths; so much came to the other host's point, until 1 s."""
    whole = carried(size=90_000_000)
    a, b = whole.sides
    acked = [2_000_000 if n < 40 else 0 for n in range(100)]
    resent = [1460 if n in resent_in else 0 for n in range(100)]
    over_time = series(100, S // 10, acked_bytes=acked, resent_bytes=resent)
    sent = replace(
        a, fin_ts=None, acked_bytes=80_000_000, retransmissions=len(resent_in), last_data_ts=9 * S, series=over_time
    )
    got = replace(a, fin_ts=None, acked_bytes=came, unique_bytes=came, last_data_ts=S)
    src = view("src", "source", streams=(replace(whole, sides=(sent, b)),))
    dst = view("dst", "destination", streams=(replace(whole, sides=(got, b)),), offset=link, last_ts=last * S)
    found = judged("same_subnet_vmotion", moved(src, dst, path=ADJACENT, completed=False))
    assert found is not None
    return found


def test_a_way_that_lost_what_the_source_sent_again_and_again_is_to_blame() -> None:
    """A point beside each host shows it; a destination that got it all and did not answer blames no way."""
    found = tail_lost()
    assert found.worked == "no"
    assert "the last 9,992,000 bytes that left src" in found.because
    assert tail_lost(came=90_000_000).worked == "undecided"


def test_a_point_that_missed_what_was_acknowledged_or_whose_clock_is_not_known_blames_no_way() -> None:
    """Nor does what was sent again before it was acknowledged, nor a point that did not watch to the end."""
    assert tail_lost(came=79_000_000).worked == "undecided"
    assert tail_lost(link=None).worked == "undecided"
    assert tail_lost(resent_in=(10, 20, 30, 50)).worked == "undecided"
    assert tail_lost(last=8).worked == "undecided"


def opaque(
    at: list[int],
    complete: bool = True,
    kept: int | None = None,
    last: int = MOMENT + 60 * S,
    bin_ns: int = 0,
    beside: list[int] | None = None,
) -> Mechanism | None:
    """
    What is said of an ESP tunnel on the WAN that carried 2 MB at each of these times; the stream took 10 s.

    Another between the same two may have carried as much at times of its own.
    """
    rows = journal(*((ts, 1, 2, "192.0.2.1", "198.51.100.1") for ts in sorted([*at[:kept], *(beside or [])])))
    rows.ip_protocol[:] = 50
    rows.wire_bytes[:] = 2_000_000
    tunnel = NumberedTunnel(
        header="esp",
        packets=len(at),
        missing=0,
        reordered=0,
        duplicates=0,
        restarts=0,
        wire_bytes=2_000_000 * len(at),
        first_ts=at[0],
        last_ts=at[-1],
        source="192.0.2.1",
        target="198.51.100.1",
        bins=tuple(2_000_000 * sum(n == (ts - at[0]) // bin_ns for ts in at) for n in range(512)) if bin_ns else (),
        bins_from=at[0],
        bin_ns=bin_ns,
    )
    known: dict[str, Any] = {"journal_complete": complete, "first_ts": MOMENT - 60 * S, "last_ts": last}
    other = replace(
        tunnel,
        packets=len(beside or []),
        wire_bytes=2_000_000 * len(beside or []),
        missing=900,
        bins=tuple(2_000_000 * sum(n == (ts - at[0]) // (bin_ns or 1) for ts in beside or []) for n in range(512)),
    )
    wan = view("wan", "wan", journal=rows, tunnels=(tunnel, *([other] if beside else [])), **known)
    one = moved(view("src", "source", streams=(stream(MOMENT - 10 * S, 10.0, size=60_000_000),)))
    return judged("hcx", replace(one, views=(*one.views, wan)))


STEADY = [MOMENT - 60 * S + n * 3 * S for n in range(40)]
"""As much as the stream, over two minutes."""
RISING = [MOMENT - 40 * S, *(MOMENT - 10 * S + n * S // 4 for n in range(40)), MOMENT, MOMENT + 5 * S, MOMENT + 20 * S]


def test_one_of_several_tunnels_between_the_same_two_is_told_by_its_own_volume() -> None:
    """What the other carries, all the time, and what it misses are none of the stream's."""
    busy = [MOMENT - 40 * S + n * S // 8 for n in range(480)]
    found = opaque(RISING, bin_ns=S // 2, beside=busy)
    assert found is not None
    assert (found.worked, "one of 2 opaque tunnels (ESP, by its SPI)" in found.because) == ("yes", True)
    assert "none of its packets is missing" in found.because
    assert opaque(busy, bin_ns=S // 2, beside=busy) is None


def test_an_opaque_tunnel_counts_in_the_streams_time_only() -> None:
    """Also where the journal had no room for others' frames: what it carried at other times is not the stream's."""
    for complete in (True, False):
        found = opaque(RISING, complete=complete)
        assert found is not None
        assert "carried 82,000,000 bytes" in found.because
        assert opaque(STEADY, complete=complete) is None


def test_an_opaque_tunnel_of_which_the_rest_is_a_sum_tells_nothing() -> None:
    """Though the frames that were kept would do: the first ones, or those nearest to a guest's move."""
    for complete in (True, False):
        assert opaque(RISING, complete=complete, kept=len(RISING) - 1) is None
        assert opaque(STEADY, complete=complete, kept=25) is None


@pytest.mark.parametrize(("width", "is_seen"), [(S // 4, True), (S, True), (40 * S, False)])
def test_a_large_tunnel_is_known_by_its_bytes_in_bins_of_time(width: int, is_seen: bool) -> None:
    """The journal has no room for its packets; bins as long as the stream tell nothing of it."""
    found = opaque(RISING, kept=2, bin_ns=width)
    assert (found is not None) == is_seen
    if found is not None:
        assert "carried at least" in found.because
    assert opaque(STEADY, kept=2, bin_ns=width) is None


def test_a_capture_that_ends_with_the_stream_shows_its_tunnel() -> None:
    """What comes a second later is not needed."""
    assert opaque(RISING[:-2], last=MOMENT) is not None


EDGES = ("192.0.2.11", "192.0.2.12", "192.0.2.13")
"""Of the old site, of the new one, of the peer's."""


def inside(kind: str, first: int, last: int, to_guest: bool = False, outer: tuple[str, str] | None = None) -> Tunnelled:
    """Frames of the guest, or for it, in a tunnel."""
    ends = (CARD_A, GUEST) if to_guest else (GUEST, CARD_A)
    return Tunnelled(kind, *ends, -1, outer, 1, first, 9, last, 9, 1000, 0, 0)


def tunnelled(kind: str, *rows: Tunnelled, missing: int = 0, **known: Any) -> str:
    """What is said of this tunnel, of which frames of so many machines found no room?"""
    wan = view("wan", "wan", tunnelled=rows, tunnelled_left_out=missing)
    found = judged(kind, case(wan, **known))
    assert found is not None
    assert ("no room" in found.because) == (missing > 0)
    return found.worked


UNREACHED = Reachability("no", "nobody is answered", "client", ())
CUT_OFF = (suffered(None, ended=False, survived=False),)
BEFORE = inside("etherip", MOMENT - 9 * S, MOMENT - S)
ASKED = inside("etherip", MOMENT - 9 * S, MOMENT + 9 * S, to_guest=True)
OLD_EDGE = inside("labelled_gre", MOMENT - 9 * S, MOMENT - S, outer=(EDGES[0], EDGES[2]))
NEW_EDGE = inside("labelled_gre", MOMENT + S, MOMENT + 9 * S, outer=(EDGES[1], EDGES[2]))
STALE = inside("labelled_gre", MOMENT - 9 * S, MOMENT + 9 * S, to_guest=True, outer=(EDGES[2], EDGES[0]))


def test_where_machines_in_a_tunnel_found_no_room_what_is_not_seen_fails_nothing() -> None:
    """None after the switchover, nothing that comes back, no new edge device, no frame that goes there."""
    stories: list[tuple[str, list[Tunnelled], dict[str, Any]]] = [
        ("etherip", [BEFORE], {"reachability": UNREACHED}),
        ("etherip", [BEFORE, ASKED], {"reachability": Reachability("unknown", "", "", ()), "peers": CUT_OFF}),
        ("otv", [OLD_EDGE, STALE], {"peers": CUT_OFF}),
        ("otv", [OLD_EDGE, NEW_EDGE, STALE], {}),
    ]
    for kind, rows, known in stories:
        assert tunnelled(kind, *rows, **known) == "no"
        assert tunnelled(kind, *rows, missing=7, **known) == "undecided"


CARRIED = (BEFORE, inside("etherip", MOMENT + S, MOMENT + 9 * S), ASKED)
MOVED_TO_IT = view("b", "domain:destination")


def told_too_big(peer: str, there: PointView = MOVED_TO_IT, **known: Any) -> Mechanism:
    """What is said of the tunnel after a router told the guest that 1464 bytes for this peer fit?"""
    error = Complaint(5, MOMENT + S, CARD_B, "10.77.0.1", 4, 3, 4, 1464, "", GUEST_IP, peer, 6, 80, 45_000)
    wan = view("wan", "wan", tunnelled=CARRIED, complaints=ComplaintLog(errors=[error]))
    found = judged("etherip", case(wan, there, **known))
    assert found is not None
    assert "10.77.0.1 told the guest that its packets are too big: 1464 bytes fit, which is 36 less" in found.because
    return found


def test_a_guest_that_is_told_what_fits_and_heeds_it_has_a_working_tunnel() -> None:
    """So is the MTU of a path found (RFC 1191)."""
    assert told_too_big(PEER_IP).worked == "yes"
    smaller = [Said(MOMENT + 2 * S + n * 100 * MS, 100, 1400) for n in range(4)]
    assert told_too_big(PEER_IP, view("b", "domain:destination", journal=made(*smaller))).worked == "yes"
    large = made(*(Said(MOMENT + S // 2 + n * MS, 100, 1460) for n in range(4)))
    assert told_too_big(PEER_IP, view("b", "domain:destination", journal=large)).worked == "yes"


def test_a_guest_that_goes_on_too_large_or_reaches_that_peer_no_more_has_none() -> None:
    """Of datagrams nobody knows whether they arrive."""
    again = [Said(MOMENT + 2 * S + n * 100 * MS, 100, 1460) for n in range(4)]
    segments = made(*again, Said(MOMENT + 9 * S, 5, ack=100, is_back=True))
    found = told_too_big(PEER_IP, view("b", "domain:destination", journal=segments))
    assert found.worked == "no"
    assert "1,460 bytes was sent to it 4 times since, in vain" in found.because
    lost = suffered(None, ended=False, survived=False)
    assert told_too_big(lost.peer.peer, peers=[lost]).worked == "no"
    datagrams = segments._replace(ip_protocol=np.full_like(segments.ip_protocol, 17))
    found = told_too_big(PEER_IP, view("b", "domain:destination", journal=datagrams))
    assert found.worked == "undecided"
    assert "4 larger packets" in found.because
