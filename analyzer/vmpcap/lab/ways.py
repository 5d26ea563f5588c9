"""What lies between the two hosts for their stream: a switch, a router, labels, an opaque tunnel, proxies."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import Frame, ethernet, ip, ipv4, llc, lower_ttl, mac
from vmpcap.lab.hop import Hop
from vmpcap.lab.hosts import HOP_MACS, ft, ip_storage, separate_vlan, static_route
from vmpcap.lab.stream import End, Stream
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import Link, Port, join
from vmpcap.lab.world import STREAM_NS, World
from vmpcap.terms.wire import ETHERTYPE_IPV4, ETHERTYPE_MPLS, IP_UDP

Way = Callable[[World, tuple[End, End]], Link]
"""Joins both ends, with taps beside them; the link on which the stream may lose frames."""

SMALL_BYTES: Final = 1414
"""What a link takes that somebody forgot to give the usual size."""
PLAIN_BYTES: Final = 1514
ESP_PORT: Final = 4500
ALL_BRIDGES: Final = mac("01:80:c2:00:00:00")
OTHER_SHIFT: Final = 7
"""The window scale of an optimiser, which is not that of the hosts."""


@dataclass(slots=True)
class Between:
    """Both ends at their switches, and what the link between is to have."""

    near: Switch
    far: Switch

    def link(self, world: World, a: Port, b: Port, most_bytes: int = 1 << 30) -> Link:
        """The link that the scenario asks for."""
        asked = world.scenario.link
        delay = int(asked.rtt_ms * MS / 2)
        return Link(
            world.simulation, a, b, asked.rate_mbps, delay, asked.queue_bytes, asked.loss, most_bytes=most_bytes
        )


def add_ends(world: World, ends: tuple[End, End]) -> Between:
    """Each host at a switch, with a tap at its own end of the cable."""
    simulation, snaplen = world.simulation, world.scenario.snaplen
    near, far = Switch(simulation, "migration-a"), Switch(simulation, "migration-b")
    source = join(simulation, ends[0].port, near.port("host"))
    target = join(simulation, far.port("host"), ends[1].port)
    ends[0].next_hop_mac, ends[1].next_hop_mac = ends[1].mac, ends[0].mac
    world.tap("src-uplink", "source", source, 0, "the source host's migration NIC", snaplen)
    world.tap("dst-uplink", "destination", target, 1, "the destination host's migration NIC", snaplen)
    return Between(near, far)


def plain(world: World, ends: tuple[End, End]) -> Link:
    """One network, or a router between two; where it fails, a link takes smaller frames than the hosts send."""
    between, fails = add_ends(world, ends), world.scenario.fails
    if not world.scenario.link.is_routed:
        most = SMALL_BYTES if fails == "black_hole" else 1 << 30
        return between.link(world, between.near.port("wan"), between.far.port("wan"), most)
    hop = Hop(world.simulation, HOP_MACS)
    if fails == "black_hole":
        hop.most_bytes = SMALL_BYTES
    wan = between.link(world, between.near.port("wan"), hop.ports[0])
    join(world.simulation, hop.ports[1], between.far.port("router"))
    _through(world, hop, ends)
    return wan


def spanning_tree(world: World, ends: tuple[End, End]) -> Link:
    """As plain, at switches that send a BPDU to each host every other second (IEEE 802.1D 9.3.1)."""
    wan = plain(world, ends)
    for i, end in enumerate(ends):
        assert end.port.link is not None
        port = end.port.link.ports[1 - end.port.end]
        bridge = mac(f"02:00:00:00:5b:0{i}")
        ident = b"\x80\x00" + bridge
        timers = struct.pack(">HHHH", 0, 20 << 8, 2 << 8, 15 << 8)
        body = b"\x42\x42\x03" + bytes(5) + ident + bytes(4) + ident + b"\x80\x01" + timers
        world.simulation.every(2 * S, partial(port.send, llc(ALL_BRIDGES, bridge, body)), -S + i * 100 * MS)
    return wan


def _through(world: World, hop: Hop, ends: tuple[End, End]) -> None:
    hop.beyond[:] = [ends[0].mac, ends[1].mac]
    ends[0].next_hop_mac, ends[1].next_hop_mac = hop.macs
    world.hop, world.hops = hop, 1


class LabelEdge:
    """A router that puts a label on what it sends towards the other edge, and takes it off what comes."""

    def __init__(self, simulation: Simulation, macs: tuple[bytes, bytes], label: int) -> None:
        """`macs` are its own, towards its host and towards the other edge."""
        self.simulation = simulation
        self.macs = macs
        self.label = struct.pack(">I", label << 12 | 1 << 8 | 64)
        self.host, self.core = Port(self, "edge:host"), Port(self, "edge:core")
        self.beyond = (b"", b"")
        """The host's MAC, the other edge's."""

    def receive(self, port: Port, frame: Frame) -> None:
        """Push at the first edge, which is the only router that lowers the TTL; pop at the last."""
        head = frame.head
        if port is self.host and head[:6] == self.macs[0]:
            raw = lower_ttl(head[14:34])
            if raw is not None:
                made = self.beyond[1] + self.macs[1] + ETHERTYPE_MPLS.to_bytes(2, "big") + self.label + raw + head[34:]
                self.core.send(Frame(made, frame.size + 4))
        elif port is self.core and head[:6] == self.macs[1]:
            made = self.beyond[0] + self.macs[0] + ETHERTYPE_IPV4.to_bytes(2, "big") + head[18:]
            self.host.send(Frame(made, frame.size - 4))


def labels(world: World, ends: tuple[End, End]) -> Link:
    """Two edges with MPLS between them; where it fails, the link between has no room for four bytes more."""
    simulation, between = world.simulation, add_ends(world, ends)
    edges = [
        LabelEdge(simulation, (HOP_MACS[i], mac(f"02:00:00:00:1c:0{i + 1}")), 24_000 + i) for i in range(len(ends))
    ]
    most = PLAIN_BYTES if world.scenario.fails == "no_room" else 1 << 30
    wan = between.link(world, edges[0].core, edges[1].core, most)
    for i, (edge, switch) in enumerate(zip(edges, (between.near, between.far), strict=True)):
        edge.beyond = (ends[i].mac, edges[1 - i].macs[1])
        join(simulation, edge.host, switch.port("edge"))
        ends[i].next_hop_mac = edge.macs[0]
    world.hops = 1
    world.tap("labels", "wan", wan, 0, "the link between the label edges, at the source's side", world.scenario.snaplen)
    return wan


@dataclass(frozen=True, slots=True)
class Sealed(Frame):
    """A frame that nobody on the way can look into."""

    inner: Frame


class Appliance:
    """One end of an opaque tunnel: ESP in UDP 4500 around whole frames (RFC 4303, RFC 3948)."""

    def __init__(self, simulation: Simulation, own: tuple[bytes, bytes], other: tuple[bytes, bytes], spi: int) -> None:
        """`own` and `other` are MAC and address in the network between."""
        self.simulation, self.own, self.other = simulation, own, other
        self.spi = spi
        self.sequence = 0
        self.inside, self.outside = Port(self, "appliance:inside"), Port(self, "appliance:outside")
        self._ident = simulation.random.randrange(1 << 16)

    def receive(self, port: Port, frame: Frame) -> None:
        """Seal what comes from inside; hand on what was sealed."""
        if port is self.outside:
            assert isinstance(frame, Sealed)
            self.inside.send(frame.inner)
            return
        self.sequence += 1
        self._ident = (self._ident + 1) & 0xFFFF
        esp = struct.pack(">II", self.spi, self.sequence) + self.simulation.random.randbytes(16)
        length = 8 + 8 + 16 + frame.size + -(frame.size + 2) % 4 + 2 + 16
        head = struct.pack(">HHHH", ESP_PORT, ESP_PORT, length, 0) + esp
        raw = ipv4(self.own[1], self.other[1], IP_UDP, head, ident=self._ident, more=length - len(head))
        made = ethernet(self.other[0], self.own[0], ETHERTYPE_IPV4, raw, length - len(head))
        self.outside.send(Sealed(made.head, made.size, frame))


def sealed(world: World, ends: tuple[End, End]) -> Link:
    """Two appliances that join both migration networks; where it fails, the way between them loses packets."""
    simulation, between = world.simulation, add_ends(world, ends)
    names = [(mac(f"02:00:00:00:4c:0{i}"), ip(f"198.51.100.20{i}")) for i in (1, 2)]
    one = Appliance(simulation, names[0], names[1], 0xC0DE0001)
    other = Appliance(simulation, names[1], names[0], 0xC0DE0002)
    wan = between.link(world, one.outside, other.outside)
    join(simulation, one.inside, between.near.port("appliance"))
    join(simulation, other.inside, between.far.port("appliance"))
    world.tap("sealed", "wan", wan, 1, "the link between the appliances, at the destination's side", 74)
    return wan


def proxies(world: World, ends: tuple[End, End]) -> Link:
    """Two optimisers that end TCP for both hosts and say half as much to each other."""
    simulation, scenario, between = world.simulation, world.scenario, add_ends(world, ends)
    lan_mbps = 2 * scenario.link.rate_mbps
    near = End(Port(between.near, "proxy-a:lan"), mac("02:00:00:00:f5:01"), ends[1].address, ends[0].mac)
    far = End(Port(between.far, "proxy-b:lan"), mac("02:00:00:00:f5:02"), ends[0].address, ends[1].mac)
    one = End(Port(between.near, "proxy-a:wan"), mac("02:00:00:00:f5:11"), ip("198.51.100.31"))
    other = End(Port(between.far, "proxy-b:wan"), mac("02:00:00:00:f5:12"), ip("198.51.100.32"))
    one.next_hop_mac, other.next_hop_mac = other.mac, one.mac
    Link(simulation, between.near.port("proxy"), near.port, lan_mbps)
    most = SMALL_BYTES if scenario.fails == "black_hole" else 1 << 30
    lan = Link(simulation, far.port, between.far.port("proxy"), lan_mbps, most_bytes=most)
    wan = between.link(world, one.port, other.port)
    ends[0].next_hop_mac, ends[1].next_hop_mac = near.mac, far.mac
    if scenario.fails == "black_hole":
        world.tap("behind", "wan", lan, 0, "the second optimiser's port to the destination's network", scenario.snaplen)
    else:
        world.tap("optimised", "wan", wan, 0, "the link between the optimisers, at the source's side", scenario.snaplen)

    def nothing() -> None:
        """Nobody waits for this."""

    trip = int(scenario.link.rtt_ms * MS)
    half, window = scenario.stream_bytes // 4 * 2, scenario.window_bytes
    tunnel = Stream(simulation, (one, other), half, window, nothing, nothing, opening=b"")
    tunnel.ports = (tunnel.ports[0], 443)
    tunnel.begin(STREAM_NS + MS)
    tunnel.waits = True
    world.proxy_end, world.tunnel = near, tunnel
    world.relay = Stream(
        simulation,
        (far, ends[1]),
        scenario.stream_bytes,
        window,
        nothing,
        nothing,
        first_bytes=world.first_bytes,
        shift=OTHER_SHIFT,
    )
    world.relay.begin(STREAM_NS + MS + trip)
    world.links.append(lan)
    return wan


WAYS: Final[dict[str, Way]] = {
    "": plain,
    "spanning_tree": spanning_tree,
    "static_route": static_route,
    "separate_vlan": separate_vlan,
    "ip_storage": ip_storage,
    "ft": ft,
    "labels": labels,
    "sealed": sealed,
    "proxies": proxies,
}
"""What a scenario may name as the way of its stream."""
