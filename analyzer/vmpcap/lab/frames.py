"""Frames by plain struct: Ethernet, ARP, IPv4, IPv6, ICMP, UDP, TCP, with their checksums."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from vmpcap.terms.wire import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    ETHERTYPE_RARP,
    IP_ICMPV6,
    IP_TCP,
    IP_UDP,
)

LEAST_BYTES: Final = 60
"""IEEE 802.3: what a frame has at least before its checksum."""
EVERYBODY: Final = b"\xff" * 6
NO_MAC: Final = bytes(6)

FIN: Final = 1
SYN: Final = 2
RST: Final = 4
PSH: Final = 8
ACK: Final = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes from the Ethernet header on; of bulk payload only the beginning is made, `size` counts all of it."""

    head: bytes
    size: int


def mac(text: str) -> bytes:
    """
    The six bytes of a MAC.

    >>> mac("00:50:56:9a:12:34").hex()
    '0050569a1234'
    """
    return bytes.fromhex(text.replace(":", ""))


def ip(text: str) -> bytes:
    """
    The 4 or 16 bytes of an address.

    >>> ip("10.77.0.10").hex(), len(ip("2001:db8::1"))
    ('0a4d000a', 16)
    """
    return ip_address(text).packed


def ip_words(address: bytes) -> str:
    """The address as people write it."""
    return str(ip_address(address))


def mac_words(address: bytes) -> str:
    """The MAC as people write it."""
    return address.hex(":")


def sum16(raw: bytes) -> int:
    """The one's complement sum of 16-bit words (RFC 1071), as a number modulo 65535."""
    return int.from_bytes(raw if len(raw) % 2 == 0 else raw + b"\0", "big") % 0xFFFF


def checksum(total: int) -> int:
    """The checksum of what sums up to this."""
    return 0xFFFF - total % 0xFFFF


def ethernet(target: bytes, sender: bytes, ethertype: int, payload: bytes, more: int = 0) -> Frame:
    """A frame; `more` bytes of payload follow that are not made."""
    head = target + sender + ethertype.to_bytes(2, "big") + payload
    if not more and len(head) < LEAST_BYTES:
        head = head.ljust(LEAST_BYTES, b"\0")
    return Frame(head, len(head) + more)


def llc(target: bytes, sender: bytes, payload: bytes) -> Frame:
    """An IEEE 802.3 frame: a length where Ethernet II has a type."""
    return ethernet(target, sender, len(payload), payload)


def arp(operation: int, sender: tuple[bytes, bytes], target: tuple[bytes, bytes], to: bytes) -> Frame:
    """ARP for IPv4 over Ethernet (RFC 826); sender and target as (MAC, address)."""
    body = struct.pack(">HHBBH", 1, ETHERTYPE_IPV4, 6, 4, operation) + sender[0] + sender[1] + target[0] + target[1]
    return ethernet(to, sender[0], ETHERTYPE_ARP, body)


def rarp(guest: bytes) -> Frame:
    """What a hypervisor says for a guest: a RARP request of its MAC for its MAC (domain notes 3.2)."""
    body = struct.pack(">HHBBH", 1, ETHERTYPE_IPV4, 6, 4, 3) + guest + bytes(4) + guest + bytes(4)
    return ethernet(EVERYBODY, guest, ETHERTYPE_RARP, body)


def ipv4(
    sender: bytes, target: bytes, protocol: int, payload: bytes, ttl: int = 64, ident: int = 0, more: int = 0
) -> bytes:
    """An IPv4 packet that must not be fragmented (RFC 791)."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload) + more, ident, 0x4000, ttl, protocol, 0)
    total = sum16(head) + sum16(sender + target)
    return head[:10] + checksum(total).to_bytes(2, "big") + sender + target + payload


def ipv6(sender: bytes, target: bytes, protocol: int, payload: bytes, ttl: int = 64) -> bytes:
    """An IPv6 packet (RFC 8200)."""
    return struct.pack(">IHBB", 0x6000_0000, len(payload), protocol, ttl) + sender + target + payload


def packet(sender: bytes, target: bytes, protocol: int, payload: bytes, ttl: int = 64, ident: int = 0) -> bytes:
    """A packet of whichever version the addresses are."""
    if len(sender) == 4:
        return ipv4(sender, target, protocol, payload, ttl, ident)
    return ipv6(sender, target, protocol, payload, ttl)


def pseudo_sum(sender: bytes, target: bytes, protocol: int, length: int) -> int:
    """The sum over the pseudo header (RFC 9293 3.1, RFC 8200 8.1)."""
    return sum16(sender + target) + protocol + length


def icmp(kind: int, ident: int, number: int, data: bytes) -> bytes:
    """An ICMP echo message (RFC 792)."""
    head = struct.pack(">BBHHH", kind, 0, 0, ident, number)
    return head[:2] + checksum(sum16(head) + sum16(data)).to_bytes(2, "big") + head[4:] + data


def icmpv6(sender: bytes, target: bytes, kind: int, body: bytes) -> bytes:
    """An ICMPv6 message (RFC 4443); the body begins after the checksum."""
    length = 4 + len(body)
    total = pseudo_sum(sender, target, IP_ICMPV6, length) + (kind << 8) + sum16(body)
    return struct.pack(">BBH", kind, 0, checksum(total)) + body


def udp(sender: bytes, target: bytes, ports: tuple[int, int], data: bytes) -> bytes:
    """A datagram (RFC 768); never with the checksum 0, which means none."""
    head = struct.pack(">HHH", *ports, 8 + len(data))
    total = pseudo_sum(sender, target, IP_UDP, 8 + len(data)) + sum16(head) + sum16(data)
    return head + (checksum(total) or 0xFFFF).to_bytes(2, "big") + data


def tcp(
    addresses: tuple[bytes, bytes],
    ports: tuple[int, int],
    seq_ack: tuple[int, int],
    flags: int,
    window: int,
    options: bytes = b"",
    data: bytes = b"",
    rest: tuple[int, int] = (0, 0),
) -> bytes:
    """
    A segment (RFC 9293).

    Parameters
    ----------
    addresses, ports : sender's, target's
    window : as it stands in the header, already scaled
    options : a multiple of four bytes
    data : the payload, or its beginning
    rest : how many bytes of payload follow, and the one's complement sum of all of the payload where some do
    """
    offset = 5 + len(options) // 4
    head = struct.pack(
        ">HHIIBBHHH", *ports, seq_ack[0] & 0xFFFF_FFFF, seq_ack[1] & 0xFFFF_FFFF, offset << 4, flags, window, 0, 0
    )
    length = len(head) + len(options) + len(data) + rest[0]
    total = pseudo_sum(*addresses, IP_TCP, length) + sum16(head) + sum16(options)
    total += rest[1] if rest[0] else sum16(data)
    return head[:16] + checksum(total).to_bytes(2, "big") + head[18:] + options + data


def lower_ttl(raw: bytes) -> bytes | None:
    """The packet as a router hands it on; None where its life ends."""
    if raw[0] >> 4 == 4:
        if raw[8] <= 1:
            return None
        head = raw[:8] + bytes([raw[8] - 1]) + raw[9:10] + b"\0\0" + raw[12:20]
        return head[:10] + checksum(sum16(head)).to_bytes(2, "big") + head[12:] + raw[20:]
    return raw[:7] + bytes([raw[7] - 1]) + raw[8:] if raw[7] > 1 else None


def addresses_of(raw: bytes) -> tuple[bytes, bytes, int, bytes]:
    """Sender, target, protocol and payload of a packet without options."""
    if raw[0] >> 4 == 4:
        length = int.from_bytes(raw[2:4], "big")
        return raw[12:16], raw[16:20], raw[9], raw[20:length]
    return raw[8:24], raw[24:40], raw[6], raw[40 : 40 + int.from_bytes(raw[4:6], "big")]


def ethertype_of(raw: bytes) -> int:
    """The ethertype of a packet of this version."""
    return ETHERTYPE_IPV4 if raw[0] >> 4 == 4 else ETHERTYPE_IPV6


def group_mac(address: bytes) -> bytes:
    """The MAC of a multicast address (RFC 1112 6.4, RFC 2464 7)."""
    if len(address) == 4:
        return bytes([0x01, 0x00, 0x5E, address[1] & 0x7F]) + address[2:]
    return b"\x33\x33" + address[12:]


def solicited_node(address: bytes) -> bytes:
    """The multicast address at which an owner of this address listens (RFC 4291 2.7.1)."""
    return ip("ff02::1:ff00:0")[:13] + address[13:]
