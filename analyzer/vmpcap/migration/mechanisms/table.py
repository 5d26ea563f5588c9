"""The MECHANISMS: what marks each, what it must do within what time after a switchover, what failure looks like."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.mechanisms.anycast import judge_anycast
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.domains import judge_port_group, judge_stretched
from vmpcap.migration.mechanisms.drs import judge_drs
from vmpcap.migration.mechanisms.evpn import judge_evpn
from vmpcap.migration.mechanisms.fits import say_what_fits
from vmpcap.migration.mechanisms.gateways import judge_gateways
from vmpcap.migration.mechanisms.host_routes import judge_host_route
from vmpcap.migration.mechanisms.in_time import say_if_late
from vmpcap.migration.mechanisms.lisp import judge_lisp
from vmpcap.migration.mechanisms.nat import judge_nat
from vmpcap.migration.mechanisms.opaque import judge_hcx
from vmpcap.migration.mechanisms.optimizers import judge_optimizer
from vmpcap.migration.mechanisms.otv import judge_otv
from vmpcap.migration.mechanisms.overlays import judge_overlay
from vmpcap.migration.mechanisms.resolution import judge_resolution
from vmpcap.migration.mechanisms.starts import judge_start
from vmpcap.migration.mechanisms.storage import judge_ft, judge_ip_storage
from vmpcap.migration.mechanisms.stream_end import say_when_it_ended
from vmpcap.migration.mechanisms.stream_ways import judge_mpls, judge_separate_vlan, judge_static_route
from vmpcap.migration.mechanisms.tunnels import judge_etherip, judge_fence
from vmpcap.migration.mechanisms.vmotion import judge_way
from vmpcap.migration.mechanisms.whose_clocks import say_since_when, say_whose_clocks
from vmpcap.migration.results import Mechanism


@dataclass(frozen=True, slots=True)
class Row:
    """One mechanism; the judge gives None where this capture does not show it."""

    name: str
    judge: Callable[[Case, str], Mechanism | None]
    marked_by: str
    must_do: str
    fails_as: str
    of_stream: bool = False
    """Whether it is the stream's own: it can be told of where nobody knows whom the stream carried."""
    of_start: bool = False
    """Whether its guest starts anew, which is no switchover: its times are those since the stream's end."""


# fmt: off
MECHANISMS: Final = (
    Row("same_subnet_vmotion", judge_way,
        "no router lowered the TTL between the hosts",
        "the stream comes to its end",
        "SYNs or large segments without an answer", of_stream=True),
    Row("routed_vmotion", judge_way,
        "a router lowered the TTL between the hosts",
        "the stream comes to its end",
        "SYNs or large segments without an answer, ICMP that says so", of_stream=True),
    Row("static_route", judge_static_route,
        "a host hands the stream to another router than its management (443, 902, 22): only this effect is observable",
        "both hosts do, and the stream comes to its end",
        "only one host does, so that the way back is another; handshakes of one direction", of_stream=True),
    Row("separate_vlan", judge_separate_vlan,
        "the stream's tag is another than that of the host's management, its next hop is the other host",
        "no router lowers the TTL, the stream comes to its end",
        "somebody routes in the VLAN, though both hosts look like one subnet", of_stream=True),
    Row("wan_optimizer", judge_optimizer,
        "the stream's TCP connection is two, joined by a proxy: see the advice tcp_split",
        "the stream comes to its end; its gain does not count towards a bandwidth that is required",
        "the stream stops: a segment is stuck, somebody between resets it", of_stream=True),
    Row("mpls", judge_mpls,
        "a label stack around the stream, or around the guest's frames",
        "the stream comes to its end",
        "large segments without an answer: the labels take four bytes each", of_stream=True),
    Row("hcx", judge_hcx,
        "an opaque tunnel (ESP, UDP 4500) with the stream's volume in its time, where the stream is not in view",
        "none of its packets is missing, the stream comes to its end",
        "its sequence numbers have gaps of 1 % and more", of_stream=True),
    Row("ip_storage", judge_ip_storage,
        "iSCSI (3260) or NFS (2049) of both hosts to one target",
        "the destination host's I/O goes on within 10 s, with about the round trip that the source host had",
        "a round trip four times as long: the disk is far away now"),
    Row("ft", judge_ft,
        "Fault Tolerance logging (8100, 8200, 8300) of the hosts before the switchover",
        "it goes on after the switchover",
        "no more of it, 10 s and longer"),
    Row("stretched_vlan", judge_stretched,
        "the same announcement in the domains of both sites, no overlay in view",
        "the announcement is heard at both sites within the time of the way, others reach the guest at its new place",
        "requests without an answer though the announcement arrived"),
    Row("etherip", judge_etherip,
        "EtherIP (IP protocol 97) around the guest's frames",
        "it carries them after the switchover, and the guest is reached within 5 s",
        "ICMP says that its packets are too big; large segments without an answer; nobody reaches the guest"),
    Row("fence", judge_fence,
        "a fence (ethertype 0x88DE) around the guest's frames; the same MAC behind another fence is no conflict",
        "it carries them after the switchover, and the guest is reached within 5 s",
        "frames cut in parts (flag 0x04); large segments without an answer; nobody reaches the guest"),
    Row("port_group", judge_port_group,
        "the guest sends at its new place and nothing for it arrives, not even an answer to ARP",
        "somebody's unicast arrives",
        "outbound only, until the capture's end"),
    Row("rip", judge_host_route,
        "RIP responses with the guest's host route",
        "the new router advertises it within 30 s, the old one poisons it",
        "two routers advertise it until the old one's timer ends (180 s by default); nobody new"),
    Row("ospf", judge_host_route,
        "LSAs with the guest's host route",
        "the new router advertises it within 10 s, the old one ages it out",
        "the old one never does; nobody new"),
    Row("eigrp", judge_host_route,
        "updates with the guest's host route",
        "the new router advertises it within 10 s, the old one takes it back",
        "the old one never does; nobody new"),
    Row("bgp", judge_host_route,
        "UPDATEs with the guest's host route",
        "the new router advertises it within 10 s, the old one withdraws it",
        "the old one never does; nobody new"),
    Row("isis", judge_host_route,
        "LSPs with the guest's host route",
        "the new router advertises it within 10 s, the old one's next LSP lacks it",
        "late (a router may hold LSPs back), or the old one keeps it"),
    Row("evpn", judge_evpn,
        "type-2 routes with the guest's MAC",
        "the new VTEP advertises it within 5 s with a higher sequence, and its address with it",
        "MAC without address, a lower sequence, five moves in 180 s, nobody new"),
    Row("vxlan", judge_overlay,
        "VXLAN around the guest's frames",
        "frames for the guest go to its new endpoint, within 5 s where peers wait; after a second none to the old one",
        "they go on to the old one, for ever or until the guest's peers are answered again; "
        "ICMP says that its packets are too big; large segments without an answer"),
    Row("geneve", judge_overlay,
        "Geneve around the guest's frames",
        "frames for the guest go to its new endpoint, within 5 s where peers wait; after a second none to the old one",
        "they go on to the old one, for ever or until the guest's peers are answered again; "
        "ICMP says that its packets are too big; large segments without an answer"),
    Row("otv", judge_otv,
        "OTV around the guest's frames: UDP 8472, or labels in GRE as a Nexus 7000 sends it; its MAC in LSPs of IS-IS",
        "frames for the guest go to its new edge device, which says within 5 s in an LSP that it has its MAC",
        "they go on to the old one; no LSP of a new edge, or two edges say so at once; "
        "ICMP says that its packets are too big; large segments without an answer"),
    Row("lisp", judge_lisp,
        "LISP control messages about the guest's identifier",
        "the new site's router registers it within 5 s",
        "nobody does, or two sites take turns; packets go on to the old locator; large segments without an answer"),
    Row("vrrp", judge_gateways,
        "VRRP advertisements in the guest's network",
        "a master at the guest's new site takes what it sends",
        "a master at the old site does, for both sites or beside one at the new; one MAC at two places"),
    Row("hsrp", judge_gateways,
        "HSRP hellos in the guest's network",
        "an active router at the guest's new site takes what it sends",
        "an active router at the old site does, for both sites or beside one at the new; one MAC at two places"),
    Row("glbp", judge_gateways,
        "GLBP hellos in the guest's network",
        "an active gateway at the guest's new site takes what it sends",
        "an active gateway at the old site does, for both sites or beside one at the new; one MAC at two places"),
    Row("gateway_arp", judge_resolution,
        "ARP requests for the guest's address after the switchover, or packets to a MAC that it no longer has",
        "the guest answers within 2 s",
        "requests without an answer, at the old site or the new; packets to the old MAC"),
    Row("ipv6_nd", judge_resolution,
        "neighbour solicitations for the guest's address after the switchover",
        "the guest answers within 2 s",
        "solicitations without an answer"),
    Row("nat", judge_nat,
        "packets with the guest's address inside and another outside; or a gateway with another MAC at each site, and "
        "the guest's address never between them",
        "the guest's traffic goes on through the new site's gateway, within 5 s",
        "frames to the old gateway's MAC, resets or ICMP unreachable from a box between, an address claimed twice"),
    Row("anycast", judge_anycast,
        "one address answers one client with two hop counts at the same time, or two machines in two domains",
        "each connection keeps to one of them",
        "segments from one place and resets from the other"),
    Row("drs", judge_drs,
        "three migrations and more in ten minutes, or the same guest back within ten minutes",
        "each guest stays where it was moved",
        "the same guest moved back within ten minutes, beside others or again and again"),
    Row("ha", judge_start,
        "a guest that starts (DHCP, ARP probes, denied connections) after a stream that broke off, or none at all",
        "others reach it again; its connections are lost",
        "nobody does", of_start=True),
    Row("cold_migration", judge_start,
        "a guest that starts after the stream, or after bulk on NFC's port 902; or comes back with another address",
        "others reach it at its new place, at its new address if it has one; none of its connections goes on",
        "nobody does", of_start=True),
)
# fmt: on
"""Every mechanism that is judged, in the order in which it is told."""


def judge_mechanisms(case: Case) -> list[Mechanism]:
    """Which of the mechanisms does this case show, and did they work?"""
    found = ((row, row.judge(case, row.name)) for row in MECHANISMS)
    fitting = ((row, say_what_fits(case, say_if_late(case, told))) for row, told in found if told is not None)
    told = [(row, _say_when(case, row, told)) for row, told in fitting]
    since = [one if row.of_start else say_since_when(case, one) for row, one in told]
    return [say_whose_clocks(case, one) for one in since]


def judge_stream(case: Case) -> list[Mechanism]:
    """Which mechanisms of the stream itself does this case show, whoever was carried?"""
    found = ((row, row.judge(case, row.name)) for row in MECHANISMS if row.of_stream)
    return [_say_when(case, row, told) for row, told in found if told is not None]


def _say_when(case: Case, row: Row, told: Mechanism) -> Mechanism:
    """The same answer; of the stream's own rows it says when the stream ended."""
    return say_when_it_ended(case, told) if row.of_stream else told
