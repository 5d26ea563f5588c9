"""A router between the hosts' migration networks."""

import struct

from vmpcap.lab.events import US, Simulation
from vmpcap.lab.frames import Frame, checksum, ethernet, ip, ipv4, lower_ttl, sum16
from vmpcap.lab.wires import Port
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_ICMP


def too_big(hop_mac: bytes, to: bytes, router: bytes, raw: bytes, mtu: int) -> Frame:
    """What a router says of a packet that its next link has no room for (RFC 1191 4)."""
    body = struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + raw[:28]
    body = body[:2] + checksum(sum16(body)).to_bytes(2, "big") + body[4:]
    return ethernet(to, hop_mac, ETHERTYPE_IPV4, ipv4(router, raw[12:16], IP_ICMP, body))


class Hop:
    """A router between the hosts' migration networks, one port each; frames keep their size."""

    def __init__(self, simulation: Simulation, macs: tuple[bytes, bytes], wait_ns: int = 20 * US) -> None:
        """`macs` are its own, at the source's and at the destination's side."""
        self.simulation = simulation
        self.macs = macs
        self.ports = (Port(self, "hop:source"), Port(self, "hop:destination"))
        self.beyond: list[bytes] = [b"", b""]
        """Whom it hands frames to at either side."""
        self.wait_ns = wait_ns
        self.address = ip("10.10.1.1")
        self.refused = 0
        self.most_bytes = 1 << 30
        """What its next link has room for; it says so to who sends more."""

    def receive(self, port: Port, frame: Frame) -> None:
        """Hand on to the other side."""
        side = self.ports.index(port)
        if frame.head[:6] != self.macs[side]:
            return
        if frame.size > self.most_bytes:
            packet = frame.head[14:]
            self.refused += 1
            self.ports[side].send(
                too_big(self.macs[side], self.beyond[side], self.address, packet, self.most_bytes - 14)
            )
            return
        raw = lower_ttl(frame.head[14 : 14 + 20])
        if raw is not None:
            head = self.beyond[1 - side] + self.macs[1 - side] + frame.head[12:14] + raw + frame.head[34:]
            self.simulation.after(self.wait_ns, self.ports[1 - side].send, Frame(head, frame.size))
