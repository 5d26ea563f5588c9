"""The scenarios as a table: what is built, what fails, and what may be changed on the command line."""

from dataclasses import dataclass
from typing import Final, Literal

World = Literal["stretched", "host_routes", "overlay", "lisp", "equivalents", "anycast"]


@dataclass(frozen=True, slots=True)
class Link:
    """The link between the hosts' migration networks."""

    rate_mbps: float = 1000.0
    rtt_ms: float = 1.0
    loss: float = 0.0
    """Share of the stream's segments that is lost, from source to destination."""
    queue_bytes: int = 1_000_000
    is_routed: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. What is not named here is as in the plain one: a stretched VLAN in which nothing fails."""

    name: str
    what: str
    """One line for people."""
    world: World = "stretched"
    """Which network is built."""
    mechanism: str = "stretched_vlan"
    """What it is about, by its name in the report."""
    way: str = ""
    """What lies between the hosts, by its name in WAYS; empty: a link, with a router if that is asked for."""
    option: str = ""
    """Which kind of it: a protocol, an encapsulation."""
    fails: str = ""
    """What goes wrong, in a word that the world knows; empty where nothing does."""
    mishap: str = ""
    """What happens beside it, in a word of lab/mishaps.py."""
    announces: tuple[str, ...] = ("rarp",)
    """What tells of the guest's new place: the host's rarp, the guest's own garp, na."""
    gateway_lifetime_s: float | None = None
    """How long the gateway believes what it knows of its neighbours; None: for ever."""
    guest_talks: bool = False
    """Does the guest log to the client by itself, a datagram a second? Else it only answers."""
    has_ipv6: bool = False
    """Is the guest asked by IPv6, too?"""
    link: Link = Link()
    stream_bytes: int = 16_000_000
    window_bytes: int = 4_000_000
    stun_ms: float = 150.0
    """From the guest's stop to its first instruction at the new place, at least."""
    gives_up_s: float | None = None
    """When the source host gives up, counted from its first SYN; None: never."""
    restarts: str = ""
    """"ha" where the source host dies and the guest is started anew, "cold" where it moves while it is off."""
    dies_at: float | None = None
    """Which share of what is sent before the guest stops has arrived when the source host dies."""
    tail_s: float = 8.0
    """How long the captures go on after the switchover."""
    is_trunk: bool = False
    """
    Does the capture at the source host show its migration NIC, too, as that of a trunk does? These packets compare the
    clocks that show the stream and the guest.
    """
    pace: int = 1
    """So many times slower than usual the client asks: a ping each 50 ms, the others each 100 ms."""
    answer_bytes: int = 200
    """How much the guest answers by TCP to each question."""
    snaplen: int = 128
    """What is kept of the stream's frames, bytes."""
    seed: int = 1


# fmt: off
SCENARIOS: Final = (
    Scenario("stretched_vlan", "one VLAN at both sites; the guest moves and is reached at once"),
    Scenario("stretched_vlan_routed", "the same, with a router between the hosts' migration networks",
             link=Link(is_routed=True)),
    Scenario("stretched_vlan_slow", "the same over a link of 155 Mbit/s: too slow for most profiles",
             link=Link(rate_mbps=155.0)),
    Scenario("stretched_vlan_far", "the same over 8 ms of round trip: too far for the default profile",
             link=Link(rtt_ms=8.0)),
    Scenario("stretched_vlan_lossy", "the same with one segment of a thousand lost between the hosts",
             link=Link(loss=0.001, rtt_ms=5.0)),
    Scenario("same_subnet", "the hosts' migration network is one, and the stream comes to its end",
             mechanism="same_subnet_vmotion"),
    Scenario("same_subnet_black_hole", "one network, in which a link takes smaller frames than the hosts send",
             mechanism="same_subnet_vmotion", fails="black_hole", gives_up_s=12.0, tail_s=3.0),
    Scenario("routed", "a router stands between the hosts' migration networks, and the stream comes to its end",
             mechanism="routed_vmotion", link=Link(is_routed=True)),
    Scenario("routed_black_hole", "a router's next link takes smaller frames; it says so, and the host sends on",
             mechanism="routed_vmotion", fails="black_hole", gives_up_s=12.0, tail_s=3.0, link=Link(is_routed=True)),
    Scenario("static_route", "both hosts hand the stream to a router of its own, management goes by another",
             mechanism="static_route", way="static_route", link=Link(is_routed=True)),
    Scenario("static_route_one_way", "the destination host has no such route: its answers go by management's router",
             mechanism="static_route", way="static_route", fails="one_way", link=Link(is_routed=True)),
    Scenario("separate_vlan", "a VLAN for migrations alone, which no router is in",
             mechanism="separate_vlan", way="separate_vlan"),
    Scenario("separate_vlan_routed", "a VLAN for migrations alone, and somebody routes in it",
             mechanism="separate_vlan", way="separate_vlan", fails="routed"),
    Scenario("wan_optimizer", "two optimisers end TCP for the hosts and say half as much to each other",
             mechanism="wan_optimizer", way="proxies", link=Link(rtt_ms=4.0)),
    Scenario("wan_optimizer_black_hole", "behind the second optimiser a link takes smaller frames than it sends",
             mechanism="wan_optimizer", way="proxies", fails="black_hole", gives_up_s=12.0, tail_s=3.0,
             link=Link(rtt_ms=4.0)),
    Scenario("mpls", "labels carry the stream between two edges, on links with room for them",
             mechanism="mpls", way="labels", link=Link(is_routed=True)),
    Scenario("mpls_no_room", "labels carry the stream, and a link has no room for four bytes more",
             mechanism="mpls", way="labels", fails="no_room", gives_up_s=12.0, tail_s=3.0, link=Link(is_routed=True)),
    Scenario("hcx", "two appliances carry the stream in an opaque tunnel, and lose nothing of it",
             mechanism="hcx", way="sealed", link=Link(rtt_ms=4.0)),
    Scenario("hcx_lossy", "two appliances carry the stream in an opaque tunnel that loses packets",
             mechanism="hcx", way="sealed", fails="lossy", link=Link(rtt_ms=4.0, loss=0.05)),
    Scenario("ip_storage", "both hosts reach the guest's storage in the same time",
             mechanism="ip_storage", way="ip_storage"),
    Scenario("ip_storage_far", "the guest's storage is near its old host, and far from its new one",
             mechanism="ip_storage", way="ip_storage", fails="far"),
    Scenario("ft", "Fault Tolerance logs between the hosts before and after the switchover",
             mechanism="ft", way="ft"),
    Scenario("ft_ends", "Fault Tolerance logs no more after the switchover",
             mechanism="ft", way="ft", fails="ends", tail_s=13.0),
    Scenario("stretched_vlan_rarp_filtered", "the RARP is filtered at the new site; the gateway's next ARP finds it",
             fails="rarp_filtered", gateway_lifetime_s=5.0, tail_s=40.0),
    Scenario("stretched_vlan_sticky_mac", "port security holds the guest's MAC at its old port: it is never reached",
             fails="sticky_mac"),
    Scenario("port_group_nowhere", "the port group has the right name, and its switch is joined to nothing",
             mechanism="port_group", fails="nowhere", tail_s=40.0, guest_talks=True),
    Scenario("port_group_other_vlan", "the port group has the right name and another VLAN",
             mechanism="port_group", option="tagged", fails="other_vlan", guest_talks=True),
    Scenario("port_group_tagged", "VLAN 77 on tagged links of both sites; all is well",
             option="tagged"),
    Scenario("gateway_arp", "the gateway asks by ARP after the move, and the guest answers",
             mechanism="gateway_arp", gateway_lifetime_s=3.4),
    Scenario("gateway_arp_stale", "the guest comes back with another MAC, and the gateway keeps its entry for seconds",
             mechanism="gateway_arp", fails="new_mac", gateway_lifetime_s=7.0, tail_s=18.0),
    Scenario("gateway_arp_old_site", "the domain ends at the old site, where the gateway goes on asking for the guest",
             world="host_routes", mechanism="gateway_arp", fails="no_routes", gateway_lifetime_s=3.0),
    Scenario("ipv6_nd", "the gateway asks by neighbour discovery after the move, and the guest answers",
             mechanism="ipv6_nd", has_ipv6=True, gateway_lifetime_s=3.4, announces=("rarp", "na")),
    Scenario("ipv6_nd_snooped", "MLD snooping keeps the gateway's neighbour solicitations from the guest's new port",
             mechanism="ipv6_nd", fails="snooped", has_ipv6=True, gateway_lifetime_s=3.4),
    Scenario("nat", "two networks of the same addresses behind translators; the new one tells the guest who it is",
             world="equivalents", mechanism="nat", gateway_lifetime_s=1.0),
    Scenario("nat_stale", "the new translator says nothing: the guest sends to the MAC of its old gateway for seconds",
             world="equivalents", mechanism="nat", fails="stale", gateway_lifetime_s=1.0, tail_s=20.0),
    Scenario("anycast", "one service address at two sites; each connection of the guest stays with one of them",
             world="anycast", mechanism="anycast"),
    Scenario("anycast_per_packet", "one service address at two sites, and a router shares the load packet by packet",
             world="anycast", mechanism="anycast", fails="per_packet"),
    Scenario("drs_burst", "three guests are moved within seconds, and stay",
             mechanism="drs", option="burst"),
    Scenario("drs_to_and_fro", "a guest is moved, moved back, and moved again within seconds",
             mechanism="drs", option="burst", fails="to_and_fro", tail_s=46.0, pace=4),
    Scenario("ha", "the source host dies during the stream; the guest is started on the other and is reached again",
             mechanism="ha", restarts="ha", way="spanning_tree", dies_at=0.6, tail_s=14.0),
    Scenario("ha_nowhere", "the source host dies; the network that the guest is started in leads nowhere",
             mechanism="ha", restarts="ha", way="spanning_tree", fails="nowhere", dies_at=0.6, tail_s=14.0),
    Scenario("cold", "the guest is off while it moves, and comes back with another address, at which it is reached",
             mechanism="cold_migration", restarts="cold", way="spanning_tree", tail_s=14.0),
    Scenario("cold_nowhere", "the guest is off while it moves; the network that it is started in leads nowhere",
             mechanism="cold_migration", restarts="cold", way="spanning_tree", fails="nowhere", tail_s=14.0),
    Scenario("vrrp_isolated", "VRRP, kept apart between the sites: each has its own master",
             mechanism="vrrp", option="vrrp"),
    Scenario("vrrp_leak", "VRRP, whose advertisements cross between the sites: one master for both",
             mechanism="vrrp", option="vrrp", fails="leak"),
    Scenario("hsrp1_isolated", "HSRP version 1, kept apart between the sites", mechanism="hsrp", option="hsrp1"),
    Scenario("hsrp1_leak", "HSRP version 1, whose hellos cross between the sites",
             mechanism="hsrp", option="hsrp1", fails="leak"),
    Scenario("hsrp2_isolated", "HSRP version 2, kept apart between the sites", mechanism="hsrp", option="hsrp2"),
    Scenario("hsrp2_leak", "HSRP version 2, whose hellos cross between the sites",
             mechanism="hsrp", option="hsrp2", fails="leak"),
    Scenario("glbp_isolated", "GLBP, kept apart between the sites", mechanism="glbp", option="glbp"),
    Scenario("glbp_leak", "GLBP, whose hellos cross between the sites", mechanism="glbp", option="glbp", fails="leak"),
    Scenario("rip", "RIP: the new site's router advertises the guest, the old one poisons its route",
             world="host_routes", mechanism="rip", option="rip"),
    Scenario("rip_stale", "RIP: the old router never takes its route back, and it is the nearer",
             world="host_routes", mechanism="rip", option="rip", fails="stale"),
    Scenario("ospf", "OSPF: the new site's router advertises the guest, the old one ages its route out",
             world="host_routes", mechanism="ospf", option="ospf"),
    Scenario("ospf_stale", "OSPF: the old router never takes its route back, and it is the nearer",
             world="host_routes", mechanism="ospf", option="ospf", fails="stale"),
    Scenario("eigrp", "EIGRP: the new site's router advertises the guest, the old one asks for another way to it",
             world="host_routes", mechanism="eigrp", option="eigrp"),
    Scenario("eigrp_stale", "EIGRP: the old router never takes its route back, and it is the nearer",
             world="host_routes", mechanism="eigrp", option="eigrp", fails="stale"),
    Scenario("bgp", "BGP: the new site's router advertises the guest, the old one withdraws its route",
             world="host_routes", mechanism="bgp", option="bgp"),
    Scenario("bgp_nobody", "BGP: the new site's router never advertises the guest",
             world="host_routes", mechanism="bgp", option="bgp", fails="nobody", tail_s=14.0),
    Scenario("isis", "IS-IS: the new site's router has the guest in its LSP, the old one's next LSP lacks it",
             world="host_routes", mechanism="isis", option="isis"),
    Scenario("isis_stale", "IS-IS: the old router's LSP keeps the guest, and it is the nearer",
             world="host_routes", mechanism="isis", option="isis", fails="stale"),
    Scenario("evpn", "EVPN: the new endpoint advertises the guest's MAC, then its address; the old one withdraws both",
             world="host_routes", mechanism="evpn", option="evpn", announces=("rarp", "garp")),
    Scenario("evpn_late", "EVPN: the RARP brings the MAC at once; the address has no route until the guest speaks",
             world="host_routes", mechanism="evpn", option="evpn", fails="late", announces=("rarp", "late_garp"),
             tail_s=25.0),
    Scenario("lisp", "LISP: the guest's gratuitous ARP has it registered at its new site",
             world="lisp", mechanism="lisp", announces=("rarp", "garp")),
    Scenario("lisp_silent", "LISP: only the host's RARP tells of the guest, and that has no address to register",
             world="lisp", mechanism="lisp", fails="silent"),
    Scenario("vxlan", "VXLAN, flood and learn: the RARP teaches all endpoints",
             world="overlay", mechanism="vxlan", option="vxlan"),
    Scenario("vxlan_unflooded", "VXLAN: the new endpoint does not flood to the gateway's, which knows the old one",
             world="overlay", mechanism="vxlan", option="vxlan", fails="unflooded"),
    Scenario("geneve", "Geneve, flood and learn: the RARP teaches all endpoints",
             world="overlay", mechanism="geneve", option="geneve"),
    Scenario("geneve_unflooded", "Geneve: the new endpoint does not flood to the gateway's, which knows the old one",
             world="overlay", mechanism="geneve", option="geneve", fails="unflooded"),
    Scenario("etherip", "EtherIP between the sites carries the guest's frames, and all of them fit",
             world="overlay", mechanism="etherip", option="etherip", answer_bytes=1448),
    Scenario("etherip_too_big", "EtherIP: the way to the new site takes 1500 bytes, the tunnel adds 36 to each frame",
             world="overlay", mechanism="etherip", option="etherip", fails="too_big", answer_bytes=1448, tail_s=12.0),
    Scenario("fence", "a fence around the guest's frames spans the hosts, and all of them fit",
             world="overlay", mechanism="fence", option="fence", answer_bytes=1448),
    Scenario("fence_too_big", "a fence: the way to the new host takes 1500 bytes, and the fence adds 24 to each frame",
             world="overlay", mechanism="fence", option="fence", fails="too_big", answer_bytes=1448, tail_s=12.0),
    Scenario("otv", "OTV: the new edge device says by IS-IS that the guest is behind it",
             world="overlay", mechanism="otv", option="otv"),
    Scenario("otv_no_lsp", "OTV: the new edge device's LSPs are lost; the others send to the old one on",
             world="overlay", mechanism="otv", option="otv", fails="no_lsp"),
    Scenario("duplicate_address", "a forgotten machine at the new site has the guest's address, and claims it once",
             mishap="duplicate"),
    Scenario("ghost", "a copy of the guest goes on at the old host: its MAC flaps between the sites",
             mishap="ghost", tail_s=12.0, is_trunk=True),
    Scenario("announced_too_early", "the new host announces the guest while it still runs at the old one",
             mishap="early", stream_bytes=60_000_000, is_trunk=True),
    Scenario("rarp_storm", "another machine of the new host is announced again and again",
             mishap="storm", tail_s=20.0),
    Scenario("two_macs", "the destination host is addressed by the MAC of its management interface",
             mishap="two_macs"),
    Scenario("port_shut", "the new host's switch port is shut as soon as the guest appears at it",
             mishap="shut", tail_s=12.0, guest_talks=True),
)
# fmt: on
"""Every scenario, in the order in which it is told; `_` parts a mechanism from what fails."""


def named(name: str) -> Scenario | None:
    """The scenario of this name, None where there is none."""
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)
