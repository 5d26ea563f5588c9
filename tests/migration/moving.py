"""A small live migration as scapy makes it: the stream, the announcement, a peer that pings; told point by point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

GUEST, GUEST_IP = "00:50:56:aa:77:10", "10.77.0.10"
PEER, PEER_IP = "02:00:00:00:77:20", "10.77.0.20"
HOST_A, CARD_A = "10.10.1.11", "02:00:00:00:00:0a"
HOST_B, CARD_B = "10.10.2.12", "02:00:00:00:00:0b"
ROUTER_A, ROUTER_B = "02:00:00:00:01:0a", "02:00:00:00:01:0b"
BROADCAST = "ff:ff:ff:ff:ff:ff"

BEGIN = 1_000.0
STREAM_S = 2.0
MOVED = BEGIN + STREAM_S + 0.1
END = BEGIN + 20.0
SEGMENT = 60_000
SEGMENTS = 80

Wrap = Callable[[Packet], Packet]


def bare(packet: Packet) -> Packet:
    """As it is."""
    return packet


@dataclass
class Scene:
    """What each capture point saw."""

    seen: dict[str, list[tuple[float, Packet]]] = field(default_factory=dict)

    def at(self, point: str, ts: float, packet: Packet) -> None:
        """This packet passed this point then."""
        self.seen.setdefault(point, []).append((ts, packet))

    def write(self, folder: Path) -> dict[str, Path]:
        """One pcap per point."""
        files = {}
        for point, packets in self.seen.items():
            made = []
            for ts, packet in sorted(packets, key=lambda one: one[0]):
                frame = packet.__class__(bytes(packet))
                frame.time = ts
                made.append(frame)
            files[point] = folder / f"{point}.pcap"
            wrpcap(str(files[point]), made)
        return files


@dataclass(frozen=True)
class Way:
    """How the stream looks at one point: MACs of both directions, TTLs, a tag, what is around it."""

    point: str
    macs: tuple[str, str]
    """Of the source's packets: from, to."""
    back: tuple[str, str]
    ttl: int = 64
    back_ttl: int = 64
    tag: int | None = None
    wrap: Wrap = bare
    late_s: float = 0.0
    """After the source's own card."""

    def frame(self, packet: Packet, forward: bool) -> Packet:
        """An IP packet of the stream as it passes here."""
        source, target = self.macs if forward else self.back
        packet = packet.copy()
        packet[IP].ttl = self.ttl if forward else self.back_ttl
        link = Ether(src=source, dst=target)
        return self.wrap(link / Dot1Q(vlan=self.tag) / packet if self.tag is not None else link / packet)


AT_SOURCE = Way("src", (CARD_A, ROUTER_A), (ROUTER_A, CARD_A), back_ttl=62)
AT_DESTINATION = Way("dst", (ROUTER_B, CARD_B), (CARD_B, ROUTER_B), ttl=62, late_s=0.001)
LAN_SOURCE = Way("src", (CARD_A, CARD_B), (CARD_B, CARD_A))
LAN_DESTINATION = Way("dst", (CARD_A, CARD_B), (CARD_B, CARD_A), late_s=0.0001)


def add_stream(
    scene: Scene,
    ways: tuple[Way, ...],
    a: str = HOST_A,
    b: str = HOST_B,
    isn: int = 999,
    segment: int = SEGMENT,
    trip: float = 0.002,
    scale: int = 7,
) -> None:
    """A vMotion of 4.8 MB, captured before the card cuts its segments, as these points see it."""

    def said(ts: float, forward: bool, number: int, flags: str, seq: int, ack: int, **more: Any) -> None:
        ends = {"sport": 50_100, "dport": 8000} if forward else {"sport": 8000, "dport": 50_100}
        size = more.pop("size", 0)
        tcp = TCP(**ends, flags=flags, seq=seq, ack=ack, window=65_535, **more)
        packet = IP(src=a if forward else b, dst=b if forward else a, id=number, flags="DF") / tcp
        if size:
            packet /= Raw(b"\xa5" * size)
        for way in ways:
            scene.at(way.point, ts + (way.late_s if forward else -way.late_s), way.frame(packet, forward))

    first = isn + 1
    options = [("MSS", 1460), ("NOP", None), ("WScale", scale)]
    said(BEGIN, True, 1, "S", isn, 0, options=options)
    said(BEGIN + trip, False, 1, "SA", 4999, first, options=options)
    said(BEGIN + trip + 1e-5, True, 2, "A", first, 5000)
    for n in range(SEGMENTS):
        ts = BEGIN + 0.02 + n * (STREAM_S - 0.05) / SEGMENTS
        said(ts, True, 3 + n, "PA", first + n * segment, 5000, size=segment)
        said(ts + trip, False, 3 + n, "A", 5000, first + (n + 1) * segment)
    last = first + SEGMENTS * segment
    said(BEGIN + STREAM_S, True, 200, "FA", last, 5000)
    said(BEGIN + STREAM_S + trip, False, 200, "FA", 5000, last + 1)
    said(BEGIN + STREAM_S + trip + 1e-5, True, 201, "A", last + 1, 5001)


def add_announcement(scene: Scene, *points: str, wrap: Wrap = bare, mac: str = GUEST) -> None:
    """The destination host says where the guest is: RARP, as QEMU and ESXi do."""
    for n, after in enumerate((0.0, 0.15, 0.4, 0.75)):
        rarp = ARP(op=3, hwsrc=mac, hwdst=mac, psrc="0.0.0.0", pdst="0.0.0.0")
        frame = Ether(src=mac, dst=BROADCAST, type=0x8035) / rarp / Raw(b"\0" * 18)
        for point in points:
            scene.at(point, MOVED + after + n * 1e-4, wrap(frame))


def add_pings(
    scene: Scene, *points: str, wrap: Wrap = bare, until: float = END, answered: bool = True, step: float = 0.1
) -> None:
    """A peer in the guest's network asks all the time; the guest is silent while it moves, and later if it is lost."""
    for n, ts in enumerate(_times(BEGIN - 3, until, step)):
        is_away = BEGIN + STREAM_S - 0.05 <= ts < MOVED
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        for point in points:
            scene.at(point, ts, wrap(ask))
            if not is_away and (answered or ts < MOVED):
                scene.at(point, ts + 0.0005, wrap(reply))


def _times(begin: float, end: float, step: float) -> Iterator[float]:
    return (begin + n * step for n in range(int((end - begin) / step)))


@dataclass(frozen=True)
class Service:
    """A connection of a machine beside a point: cards and TTLs of both directions."""

    address: str
    card: str
    peer: str
    port: int
    gateway: str
    far_ttl: int = 62
    trip_s: float = 0.001
    tag: int | None = None
    udp: bool = False


def add_service(scene: Scene, point: str, what: Service, *times: float, size: int = 600, sport: int = 41_000) -> None:
    """It asks and is answered at these times."""

    def said(ts: float, forward: bool, flags: str, seq: int, ack: int, length: int = 0) -> None:
        source, target = (what.address, what.peer) if forward else (what.peer, what.address)
        ends = {"sport": sport, "dport": what.port} if forward else {"sport": what.port, "dport": sport}
        upper = UDP(**ends) if what.udp else TCP(**ends, flags=flags, seq=seq, ack=ack, window=30_000)
        packet = IP(src=source, dst=target, ttl=64 if forward else what.far_ttl) / upper
        if length:
            packet /= Raw(b"\x5a" * length)
        macs = {"src": what.card, "dst": what.gateway} if forward else {"src": what.gateway, "dst": what.card}
        tagged = Ether(**macs) / Dot1Q(vlan=what.tag) / packet if what.tag is not None else Ether(**macs) / packet
        scene.at(point, ts, tagged)

    begin = times[0] - 1.0
    if not what.udp:
        said(begin, True, "S", 99, 0)
        said(begin + what.trip_s, False, "SA", 499, 100)
        said(begin + what.trip_s + 1e-5, True, "A", 100, 500)
    for n, ts in enumerate(times):
        said(ts, True, "PA", 100 + n * size, 500 + n * size, size)
        said(ts + what.trip_s, False, "PA", 500 + n * size, 100 + (n + 1) * size, size)


def every(step: float, begin: float = BEGIN - 2.0, end: float = END - 1.0) -> tuple[float, ...]:
    """Times in even steps."""
    return tuple(_times(begin, end, step))
