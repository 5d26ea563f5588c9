"""Other shells around a guest's frames than VXLAN's: Geneve, EtherIP, a fence (domain notes 4.10, 4.11, 4.19)."""

import struct
import zlib
from typing import Final

from vmpcap.lab.frames import Frame, ethernet, ipv4, udp
from vmpcap.lab.switches import Endpoint, TunnelPort
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_UDP

GENEVE_PORT: Final = 6081
VMWARE_OPTION: Final = struct.pack(">HBB4x", 0x0104, 0, 1)
"""One word of VMware's class, as NSX sends it."""
GENEVE_BYTES: Final = 14 + 20 + 8 + 8 + len(VMWARE_OPTION)
IP_ETHERIP: Final = 97
ETHERIP_BYTES: Final = 14 + 20 + 2
ETHERTYPE_FENCE: Final = 0x88DE
FENCE_BYTES: Final = 14 + 10


class Geneve(Endpoint):
    """NSX: Geneve with an option (RFC 8926 3.4)."""

    def pack(self, port: TunnelPort, frame: Frame) -> Frame:
        """UDP around eight bytes, an option, the frame."""
        shim = struct.pack(">BBH", len(VMWARE_OPTION) // 4, 0, 0x6558) + self.vni.to_bytes(3, "big") + b"\0"
        source = 49152 + zlib.crc32(frame.head[:12]) % 16384
        data = udp(self.address, port.address, (source, GENEVE_PORT), shim + VMWARE_OPTION + frame.head)
        outer = ipv4(self.address, port.address, IP_UDP, data, ident=self.next_ident())
        return ethernet(port.mac, self.mac, ETHERTYPE_IPV4, outer)

    def unpack(self, frame: Frame) -> tuple[bytes, Frame] | None:
        """Back again."""
        head = frame.head
        if head[12:14] != b"\x08\x00" or head[23] != IP_UDP or int.from_bytes(head[36:38], "big") != GENEVE_PORT:
            return None
        return head[26:30], Frame(head[GENEVE_BYTES:], frame.size - GENEVE_BYTES)


class EtherIp(Endpoint):
    """Two bytes and a frame in an IP packet (RFC 3378), as BIG-IPs carry a moved guest's traffic."""

    def pack(self, port: TunnelPort, frame: Frame) -> Frame:
        """IP around version 3, nothing, and the frame."""
        outer = ipv4(self.address, port.address, IP_ETHERIP, b"\x30\x00" + frame.head, ident=self.next_ident())
        return ethernet(port.mac, self.mac, ETHERTYPE_IPV4, outer)

    def unpack(self, frame: Frame) -> tuple[bytes, Frame] | None:
        """Back again."""
        head = frame.head
        if head[12:14] != b"\x08\x00" or head[23] != IP_ETHERIP:
            return None
        return head[26:30], Frame(head[ETHERIP_BYTES:], frame.size - ETHERIP_BYTES)


class Fence(Endpoint):
    """LabManager's host spanning: a number and a frame in a frame, without IP."""

    def pack(self, port: TunnelPort, frame: Frame) -> Frame:
        """The endpoint's own Ethernet header, ten bytes, the frame."""
        body = bytes([0, self.vni & 0xFF, 0, 0]) + port.mac + frame.head
        return ethernet(port.mac, self.mac, ETHERTYPE_FENCE, body)

    def unpack(self, frame: Frame) -> tuple[bytes, Frame] | None:
        """Back again; who sent it is known by its MAC."""
        head = frame.head
        if int.from_bytes(head[12:14], "big") != ETHERTYPE_FENCE:
            return None
        sender = next((address for address, port in self.remotes.items() if port.mac == head[6:12]), b"")
        return sender, Frame(head[FENCE_BYTES:], frame.size - FENCE_BYTES)
