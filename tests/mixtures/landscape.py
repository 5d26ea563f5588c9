"""Two sites as their capture points see them: frames of scapy at a time, a stream of QEMU, a guest, a client."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from tests.readers.writers import Packet as Record
from tests.runs.made import MS, START, stream, write
from vmpcap.migration.results import Guest, Mechanism
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

GUEST_MAC, GUEST = "00:50:56:aa:77:10", "10.77.0.10"
CLIENT_MAC, CLIENT = "02:00:00:00:00:c1", "10.99.0.2"
GW_A, GW_B, GATEWAY = "02:00:00:aa:00:01", "02:00:00:bb:00:01", "10.77.0.1"
EVERYBODY = "ff:ff:ff:ff:ff:ff"

MOVED = 3010
"""When made.stream() has ended and QEMU announces the guest, ms."""

STUN = (2840, 3020)


@dataclass
class Landscape:
    """Frames by capture point, with the roles of the points."""

    roles: Mapping[str, str | None]
    frames: dict[str, list[tuple[float, bytes]]] = field(default_factory=dict)

    def put(self, at_ms: float, frame: Packet | bytes, *points: str) -> None:
        """This frame passes these points, each a twentieth of a millisecond after the one before."""
        data = bytes(frame).ljust(60, b"\0")
        for number, point in enumerate(points):
            self.frames.setdefault(point, []).append((at_ms + 0.05 * number, data))

    def put_stream(self, *points: str, begin_ms: int = 1000, most_ms: float = 1e9) -> None:
        """QEMU's stream between the hosts, which ends 2008 ms after its beginning; nothing of it after most_ms."""
        for at, data in stream(begin_ms):
            if at < most_ms:
                self.put(at, data, *points)

    def announce(self, at_ms: float, *points: str, mac: str = GUEST_MAC) -> None:
        """Five RARPs in QEMU's rhythm."""
        for offset in (0, 50, 200, 450, 800):
            self.put(at_ms + offset, rarp(mac), *points)

    def write(self, folder: Path) -> dict[str, str]:
        """A capture file for each point, in the order of time."""
        files = {}
        for point in self.roles:
            rows = sorted(self.frames.get(point, []), key=lambda row: row[0])
            packets = [Record(START + int(at * MS), data, len(data)) for at, data in rows]
            files[point] = write(folder / f"{point.replace(':', '-')}.pcap", packets)
        return files

    def report(self, folder: Path, **more: Any) -> Report:
        """What is said of all points together."""
        files = self.write(folder)
        points = tuple(PointFiles(name, role, (files[name],)) for name, role in self.roles.items())
        return analyse(Request(points=points, profile=load_profile("vsphere4"), **more)).report


def only_guest(report: Report) -> Guest:
    """The one guest of the one migration."""
    (migration,) = report.migrations
    (guest,) = migration.guests
    return guest


def told(report: Report) -> dict[str, Mechanism]:
    """The mechanisms of the one guest, by name."""
    return {one.name: one for one in only_guest(report).mechanisms}


def rarp(mac: str = GUEST_MAC) -> Packet:
    """As hypervisors announce a MAC (RFC 903's form)."""
    body = ARP(op=3, hwsrc=mac, hwdst=mac, psrc="0.0.0.0", pdst="0.0.0.0")
    return Ether(src=mac, dst=EVERYBODY, type=0x8035) / body


def arp(op: int, mac: str, ip: str, wanted: str, to: str = EVERYBODY) -> Packet:
    """A request, or a reply to somebody."""
    return Ether(src=mac, dst=to) / ARP(
        op=op, hwsrc=mac, psrc=ip, hwdst="00:00:00:00:00:00" if op == 1 else to, pdst=wanted
    )


def echo(src: tuple[str, str], dst: tuple[str, str], number: int, reply: bool = False, ttl: int = 64) -> Packet:
    """A ping or its answer, between (MAC, address) and (MAC, address)."""
    head = Ether(src=src[0], dst=dst[0]) / IP(src=src[1], dst=dst[1], ttl=ttl, id=(2 * number + reply) % 65535 + 1)
    return head / ICMP(type=0 if reply else 8, id=77, seq=number & 0xFFFF) / Raw(b"p" * 40)


@dataclass
class Talk:
    """A TCP connection: each side's next sequence number, so that what is said goes on where it left off."""

    client: tuple[str, str]
    server: tuple[str, str]
    port: int
    service: int = 80
    seq: int = 1_000_000
    ack: int = 7_000_000
    number: int = 1

    def say(self, from_client: bool, size: int = 0, flags: str = "A", ttl: int = 64, **ends: tuple[str, str]) -> Packet:
        """The next segment of this side; other link addresses or translated ends where they are given."""
        src = ends.get("src", self.client if from_client else self.server)
        dst = ends.get("dst", self.server if from_client else self.client)
        ports = (self.port, self.service) if from_client else (self.service, self.port)
        seq, ack = (self.seq, self.ack) if from_client else (self.ack, self.seq)
        self.number += 1
        ack = 0 if flags in ("S", "R") else ack
        tcp = TCP(sport=ports[0], dport=ports[1], seq=seq, ack=ack, flags=flags, window=60_000)
        packet = Ether(src=src[0], dst=dst[0]) / IP(src=src[1], dst=dst[1], ttl=ttl, id=self.number & 0xFFFF) / tcp
        if size:
            packet = packet / Raw(b"d" * size)
        moved = size + ("S" in flags) + ("F" in flags)
        self.seq, self.ack = (self.seq + moved, self.ack) if from_client else (self.seq, self.ack + moved)
        return packet


def dhcp_discover(mac: str) -> Packet:
    """As a machine without an address asks for one."""
    raw = bytes.fromhex(mac.replace(":", ""))
    return (
        Ether(src=mac, dst=EVERYBODY)
        / IP(src="0.0.0.0", dst="255.255.255.255", id=1)
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=raw.ljust(16, b"\0"), xid=7, flags=0x8000)
        / DHCP(options=[("message-type", "discover"), "end"])
    )


def dhcp_offer(mac: str, server: tuple[str, str], address: str) -> Packet:
    """What a server offers it."""
    raw = bytes.fromhex(mac.replace(":", ""))
    return (
        Ether(src=server[0], dst=EVERYBODY)
        / IP(src=server[1], dst="255.255.255.255", id=2)
        / UDP(sport=67, dport=68)
        / BOOTP(op=2, chaddr=raw.ljust(16, b"\0"), yiaddr=address, xid=7, flags=0x8000)
        / DHCP(options=[("message-type", "offer"), ("server_id", server[1]), "end"])
    )


def steps(begin_ms: float, end_ms: float, step_ms: float) -> Iterable[tuple[int, float]]:
    """Numbered times from the beginning on, up to the end."""
    count = int((end_ms - begin_ms) / step_ms)
    return ((number, begin_ms + number * step_ms) for number in range(count))
