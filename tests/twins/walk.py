"""
A walk in plain Python: one function per protocol, each calling the next; no table, no numpy, one frame at a time.

Where no number says what follows, the twin weighs the evidence itself (tests/twins/likeness.py). Where that leaves two
answers about as likely, either is right, and the twin takes the one that it is told to prefer.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tests.twins.likeness import Likeness, as_ethernet, as_ipv4, as_ipv6

DEEPEST = 16
MOST_IDS = 8


@dataclass
class Way:
    """One thing that may follow: how likely it is, how many bytes would settle it, and how to go on."""

    name: str
    likeness: Likeness
    settled_by: int
    go: Callable[[int], None]


class Stopped(Exception):
    """The walk ends here, for the reason that is its only argument."""


@dataclass
class Seen:
    """What one frame turned out to be. Nothing known: None or empty."""

    stop: str = ""
    path: list[str] = field(default_factory=list)
    macs: tuple[str | None, str | None] = (None, None)
    tags: list[int] = field(default_factory=list)
    vni: int | None = None
    domain: list[tuple[str, int]] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)
    tunnel: tuple[object, ...] | None = None
    number: int | None = None
    mirror: int | None = None
    ethertype: int = 0
    network: tuple[str, int] | None = None
    ip: dict[str, int] | None = None
    addresses: tuple[str, str] | None = None
    transport: dict[str, object] | None = None


class Walk:
    """One frame on its way through the functions below."""

    def __init__(self, data: bytes, wire: int, preferred: str = "") -> None:
        self.data = data
        self.preferred = preferred.split("/")
        self.end = max(wire, len(data))
        self.seen = Seen()
        self.believes_inner = False
        self.lied = False

    # asking for bytes

    def take(self, at: int, count: int) -> bytes:
        if at + count > self.end:
            raise Stopped("cut" if self.believes_inner else "short")
        if at + count > len(self.data):
            raise Stopped("cut")
        return self.data[at : at + count]

    def looks(self, at: int, count: int = 8) -> bytes:
        """These bytes where all of them are there, else nothing: what they show may end the walk sooner."""
        return self.data[at : at + count] if at + count <= min(self.end, len(self.data)) else b""

    def enter(self, name: str, until: int) -> None:
        """The header is what it should be, and ends at `until`."""
        if until > self.end:
            raise Stopped("short")
        self.seen.path.append(name)

    def step_in(self) -> None:
        if len(self.seen.path) == DEEPEST:
            raise Stopped("too_deep")

    def says_size(self, end: int, is_network: bool) -> None:
        in_first_part = self.seen.ip is not None and self.seen.ip["part"] == 1
        if end <= self.end or self.believes_inner or (is_network and in_first_part):
            self.end = end
            self.believes_inner = False
        elif not in_first_part:
            self.lied = True

    # beginnings

    def link_type(self, number: int) -> None:
        functions = {
            0: lambda at: self.family(at, "null"),
            1: self.ethernet,
            6: self.ring,
            8: self.slip,
            9: self.serial,
            10: self.fddi,
            12: lambda at: self.bare("raw", at),
            14: lambda at: self.bare("raw", at),
            50: self.serial,
            101: lambda at: self.bare("raw", at),
            104: self.cisco,
            105: self.wireless,
            107: self.relay,
            108: lambda at: self.family(at, "loop"),
            113: self.sll,
            123: self.atm,
            127: self.radio,
            129: self.arcnet,
            192: self.ppi,
            228: self.ipv4,
            229: self.ipv6,
            239: self.netfilter,
            242: self.infiniband,
            253: self.messages,
            258: self.darwin,
            274: self.preamble,
            276: self.sll2,
            281: lambda at: self.switch_tag(at, "brcm", 4),
            282: self.broadcom_first,
            284: lambda at: self.switch_tag(at, "dsa", 4),
            285: lambda at: self.switch_tag(at, "edsa", 8),
        }
        if number not in functions:
            raise Stopped("unknown_link_type")
        functions[number](self.begin)

    begin = 0

    def begins_inside(self, number: int, at: int) -> None:
        """What a capture of this link type begins with, here."""
        self.begin = at
        self.link_type(number)

    def switch_tag(self, at: int, name: str, size: int) -> None:
        """A tag of a switch chip between the addresses and the type."""
        self.step_in()
        header = self.take(at, 14 + size)
        self.enter(name, at + 14 + size)
        self.new_link((header[6:12].hex(":"), header[:6].hex(":")))
        self.typed(int.from_bytes(header[-2:], "big"), at + 14 + size)

    def broadcom_first(self, at: int) -> None:
        self.step_in()
        self.take(at, 4)
        self.enter("brcm-first", at + 4)
        self.ethernet(at + 4)

    def preamble(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[6] != 0x55 or header[7] not in (0xD5, 0xE6, 0x4C, 0x7F, 0xB3):
            raise Stopped("not_as_named")
        self.enter("mpacket", at + 8)
        self.ethernet(at + 8)

    def darwin(self, at: int) -> None:
        self.step_in()
        size, _, link_type = struct.unpack("<HxxIH", self.take(at, 12)[:10])
        if size < 12:
            raise Stopped("not_as_named")
        self.enter("pktap", at + size)
        self.begins_inside(link_type, at + size)

    def ppi(self, at: int) -> None:
        self.step_in()
        size, link_type = struct.unpack("<xxHH", self.take(at, 8)[:6])
        if size < 8:
            raise Stopped("not_as_named")
        self.enter("ppi", at + size)
        self.begins_inside(link_type, at + size)

    def radio(self, at: int) -> None:
        self.step_in()
        (size,) = struct.unpack("<H", self.take(at, 8)[2:4])
        if size < 8:
            raise Stopped("not_as_named")
        self.enter("radiotap", at + size)
        self.wireless(at + size)

    def messages(self, at: int) -> None:
        """Netlink with its cooked header; packets are only in what netfilter tells."""
        self.step_in()
        family = self.take(at, 16)[14:]
        self.enter("netlink", at + 16)
        if family != b"\0\x0c":
            raise Stopped("complete")
        self.step_in()
        kind = sorted(self.take(at + 16, 16)[4:6])
        self.enter("netfilter", at + 32)
        if kind == [0, 4]:
            self.netfilter(at + 32)
        elif kind == [0, 3]:
            self.netfilter(at + 32, "nfqueue", 10)
        raise Stopped("complete")

    def netfilter(self, at: int, name: str = "nflog", packet: int = 9) -> None:
        self.step_in()
        self.take(at, 8)
        readable = min(self.end, len(self.data))
        inside = at + 4
        while True:
            if inside + 4 > readable:
                inside = readable  # the packet is not among what there is
                break
            order = "<" if self.data[inside + 3] == 0 else ">"
            size, kind = struct.unpack(f"{order}HH", self.data[inside : inside + 4])
            if kind & 0xFF == packet:
                break
            if size < 4:
                inside = readable
                break
            inside += (size + 3) // 4 * 4
        self.enter(name, inside + 4)
        self.by_version(inside + 4)

    def infiniband(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 44)
        self.enter("ipoib", at + 44)
        self.typed(int.from_bytes(header[40:42], "big"), at + 44)

    def serial(self, at: int) -> None:
        """PPP, with or without its address and control bytes."""
        self.step_in()
        header = self.take(at, 1)
        size = 2 if header[0] == 0xFF else 0
        protocol = self.data[at + size : min(self.end, at + size + 2)]
        is_short = not protocol or protocol[0] % 2 == 1
        size += 1 if is_short else 2
        self.enter("ppp", at + size)
        if at + size > len(self.data):
            raise Stopped("cut")
        self.ppp(protocol[0] if is_short else int.from_bytes(protocol, "big"), at + size)

    def cisco(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 4)
        self.enter("chdlc", at + 4)
        self.pick({0x0800: self.ipv4, 0x86DD: self.ipv6, 0x8847: self.mpls}, header[2:], at + 4)

    def relay(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 4)
        self.enter("frelay", at + 4)
        known = {0x0800: self.ipv4, 0x03CC: self.ipv4, 0x86DD: self.ipv6, 0x038E: self.ipv6, 0x8847: self.mpls}
        self.pick(known, header[2:], at + 4)

    def slip(self, at: int) -> None:
        self.step_in()
        self.take(at, 16)
        self.enter("slip", at + 16)
        self.by_version(at + 16)

    def arcnet(self, at: int) -> None:
        self.step_in()
        kind = self.take(at, 5)[4:]
        size = 5 if kind[0] in (0xF0, 0xF1) else 8
        self.enter("arcnet", at + size)
        if kind[0] in (0xF1, 0xD5):
            return self.arp("arp", 0x0806, at + size)
        if kind[0] == 0xD6:
            return self.arp("rarp", 0x8035, at + size)
        self.pick({0xF0: self.ipv4, 0xD4: self.ipv4, 0xC4: self.ipv6}, kind, at + size)

    def pick(self, functions: dict[int, Callable[[int], None]], number: bytes, at: int) -> None:
        inside = functions.get(int.from_bytes(number, "big"))
        if inside is None:
            raise Stopped("unknown_payload")
        inside(at)

    def ring(self, at: int) -> None:
        self.step_in()
        if self.looks(at) and self.looks(at)[1] >> 6 != 1:
            raise Stopped("not_as_named")
        header = self.take(at, 14)
        if header[8] & 0x80:
            raise Stopped("not_as_named")
        self.enter("tokenring", at + 14)
        self.new_link((header[8:14].hex(":"), header[2:8].hex(":")))
        self.logical_link(at + 14)

    def fddi(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 13)
        if header[0] >> 4 != 5:
            raise Stopped("not_as_named")
        self.enter("fddi", at + 13)
        self.new_link((header[7:13].hex(":"), header[1:7].hex(":")))
        self.logical_link(at + 13)

    def atm(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 4)
        if header[0] & 15 != 2:
            raise Stopped("not_as_named")
        self.enter("sunatm", at + 4)
        self.logical_link(at + 4)

    def wireless(self, at: int) -> None:
        self.step_in()
        if self.looks(at) and self.looks(at)[1] & 0x40 and (len(self.looks(at, 24)) < 24 or self.data[at] in (8, 0x88)):
            raise Stopped("opaque")
        kind = self.take(at, 24)[0]
        if kind not in (0x08, 0x88):
            raise Stopped("not_as_named")
        size = 24 if kind == 0x08 else 26
        self.enter("wlan", at + size)
        self.logical_link(at + size)

    def logical_link(self, at: int) -> None:
        """LLC: IEEE 802.2, and the ethertypes that RFC 1042 puts behind it."""
        self.seen.ethertype = 0
        self.step_in()
        header = self.take(at, 3)
        self.enter("llc", at + 3)
        if header[:2] != b"\xaa\xaa":
            raise Stopped("llc")
        self.step_in()
        snap = self.take(at + 3, 8)
        if snap[:3] != bytes(3):
            raise Stopped("llc")
        self.enter("snap", at + 8)
        self.typed(int.from_bytes(snap[3:5], "big"), at + 8)

    def new_link(self, macs: tuple[str | None, str | None]) -> None:
        if self.seen.ip is not None and self.seen.ip["part"] == 1:
            self.believes_inner = True
        self.seen.macs = macs
        self.seen.tags = []
        self.seen.ethertype = 0
        self.seen.network = None
        self.seen.ip = None
        self.seen.addresses = None
        self.seen.transport = None

    def ethernet(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 14)
        self.enter("eth", at + 14)
        self.new_link((header[6:12].hex(":"), header[:6].hex(":")))
        self.typed(int.from_bytes(header[12:14], "big"), at + 14)

    def sll(self, at: int) -> None:
        self.step_in()
        packet_type, _, size, address, protocol = struct.unpack(">HHH8sH", self.take(at, 16))
        self.enter("sll", at + 16)
        self.new_link((address[:6].hex(":") if size == 6 else None, "ff:ff:ff:ff:ff:ff" if packet_type == 1 else None))
        self.typed(protocol, at + 16)

    def sll2(self, at: int) -> None:
        self.step_in()
        protocol, _, _, _, packet_type, size, address = struct.unpack(">HHIHBB8s", self.take(at, 20))
        self.enter("sll2", at + 20)
        self.new_link((address[:6].hex(":") if size == 6 else None, "ff:ff:ff:ff:ff:ff" if packet_type == 1 else None))
        self.typed(protocol, at + 20)

    def family(self, at: int, name: str) -> None:
        self.step_in()
        header = self.take(at, 4)
        self.enter(name, at + 4)
        first, last = struct.unpack(">HH", header)
        folded = 0 if first and last else first or last
        if folded in (2, 2 << 8):
            self.ipv4(at + 4)
        elif folded in (10, 24, 28, 30) or (folded & 0xFF == 0 and folded >> 8 in (10, 24, 28, 30)):
            self.ipv6(at + 4)
        else:
            raise Stopped("unknown_payload")

    # by ethertype

    def typed(self, number: int, at: int) -> None:
        self.seen.ethertype = number if number >= 0x600 else 0
        if number <= 1500:
            return self.logical_link(at)
        if number == 0x6558:
            return self.ethernet(at)
        if not self.shared_type(number, at):
            raise Stopped("unknown_ethertype")

    def shared_type(self, number: int, at: int) -> bool:
        """Types that mean the same after Ethernet and in GRE."""
        functions = {
            0x0800: self.ipv4,
            0x86DD: self.ipv6,
            0x8100: self.tag,
            0x88A8: self.tag,
            0x9100: self.tag,
            0x9200: self.tag,
            0x8847: self.mpls,
            0x8848: self.mpls,
            0x8864: self.pppoe,
            0x88E7: self.backbone,
            0x88DE: self.fence,
            0x894F: self.service,
            0x8903: self.fabric,
            0x22F3: self.trill,
        }
        skipped = {0x8926: ("vntag", 6), 0x893F: ("etag", 8), 0x8909: ("cmd", 8)}
        if number in (0x0806, 0x8035):
            self.arp("arp" if number == 0x0806 else "rarp", number, at)
        elif number in skipped:
            name, size = skipped[number]
            self.step_in()
            header = self.take(at, size)
            self.enter(name, at + size)
            first, second, third = struct.unpack(">HHH", header[:4] + header[-4:-2])
            ports = [first % 0x4000, second % 0x1000]
            self.seen.listed += {"vntag": ports, "etag": ports[1:], "cmd": [third]}[name]
            self.typed(int.from_bytes(header[-2:], "big"), at + size)
        elif number in functions:
            functions[number](at)
        else:
            return False
        return True

    def tag(self, at: int) -> None:
        self.step_in()
        control, kind = struct.unpack(">HH", self.take(at, 4))
        self.enter("vlan", at + 4)
        self.seen.tags.append(control % 4096)
        self.seen.listed.append(control % 4096)
        if control % 4096:
            self.seen.domain.append(("vlan", control % 4096))
        self.typed(kind, at + 4)

    def backbone(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 4)
        self.enter("pbb", at + 4)
        self.overlay("pbb", int.from_bytes(header[1:], "big"))
        self.ethernet(at + 4)

    def fence(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 10)
        self.enter("fence", at + 10)
        self.overlay("fence", header[1])
        self.ethernet(at + 10)

    def overlay(self, name: str, number: int) -> None:
        self.seen.vni = number
        self.seen.listed.append(number)
        self.seen.domain.append((name, number))

    def numbered(self, number: int, kind: str, named: object) -> None:
        """This tunnel numbers its packets; of tunnels inside each other the outermost counts."""
        if self.seen.number is None:
            self.seen.number = number
            self.seen.tunnel = (self.seen.addresses, kind, named)

    def fabric(self, at: int) -> None:
        self.step_in()
        if at + 4 > min(self.end, len(self.data)):
            self.take(at, 4)
        header = self.take(at, 2)
        self.enter("fabricpath", at + 2)
        self.seen.listed.append(int.from_bytes(header, "big") >> 6)
        self.ethernet(at + 2)

    def trill(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[0] >> 6 or header[0] & 7:
            raise Stopped("not_as_named")
        size = 6 + 4 * (header[1] >> 6)
        self.enter("trill", at + size)
        self.seen.listed.append(int.from_bytes(header[4:6], "big"))
        self.ethernet(at + size)

    def pppoe(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[0] != 0x11:
            raise Stopped("not_as_named")
        size = int.from_bytes(header[4:6], "big")
        if size:
            self.says_size(at + 6 + size, False)
        end = at + (7 if header[6] % 2 else 8)
        self.enter("pppoe", end)
        self.ppp(int.from_bytes(self.data[at + 6 : end], "big"), end)

    def ppp(self, number: int, at: int) -> None:
        inner = {0x0021: self.ipv4, 0x0057: self.ipv6, 0x0281: self.mpls}.get(number)
        if inner is None:
            raise Stopped("unknown_payload")
        inner(at)

    def arp(self, name: str, number: int, at: int) -> None:
        self.step_in()
        if self.looks(at)[:6] not in (b"", bytes.fromhex("000108000604")):
            self.seen.ethertype = number
            raise Stopped("foreign_arp")
        self.take(at, 28)
        self.enter(name, at + 28)
        self.seen.ethertype = number
        self.seen.network = (name, at)
        self.seen.ip = self.seen.addresses = self.seen.transport = None
        raise Stopped("complete")

    # network layer

    def bare(self, name: str, at: int) -> None:
        self.step_in()
        if name == "raw":
            self.take(at, 1)
        self.enter(name, at)
        self.by_version(at)

    def by_version(self, at: int) -> None:
        if at + 2 > min(self.end, len(self.data)):
            raise Stopped("short" if at + 2 > self.end else "cut")
        version = self.data[at] >> 4
        if version == 4:
            self.ipv4(at)
        elif version == 6:
            self.ipv6(at)
        else:
            raise Stopped("unknown_payload")

    def ipv4(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 20)
        words = header[0] & 15
        if header[0] >> 4 != 4 or words < 5:
            raise Stopped("not_as_named")
        tos, total, ident, part, ttl, protocol = struct.unpack(">BHHHBB", header[1:10])
        if total:
            self.says_size(at + total, True)
        self.enter("ip", at + 4 * words)
        self.seen.network, self.seen.ethertype = ("ip", at), 0x0800
        self.seen.ip = {"version": 4, "protocol": 0, "ttl": ttl, "tos": tos, "id": ident, "part": 0}
        self.seen.addresses = (str(ipaddress.ip_address(header[12:16])), str(ipaddress.ip_address(header[16:20])))
        self.seen.transport = None
        self.seen.ip["part"] = 2 if part % 8192 else int(bool(part & 0x2000))
        self.inside_ip(protocol, at + 4 * words)

    def ipv6(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 40)
        first, size, after, ttl = struct.unpack(">IHBB", header[:8])
        if first >> 28 != 6:
            raise Stopped("not_as_named")
        if size:
            self.says_size(at + 40 + size, True)
        self.enter("ipv6", at + 40)
        self.seen.network, self.seen.ethertype = ("ipv6", at), 0x86DD
        self.seen.ip = {"version": 6, "protocol": 0, "ttl": ttl, "tos": first >> 20 & 255, "id": 0, "part": 0}
        self.seen.addresses = (str(ipaddress.ip_address(header[8:24])), str(ipaddress.ip_address(header[24:])))
        self.seen.transport = None
        self.inside_ip(after, at + 40)

    def inside_ip(self, number: int, at: int) -> None:
        assert self.seen.ip is not None
        self.seen.ip["protocol"] = number
        if self.seen.ip["part"] == 2:
            raise Stopped("later_fragment")
        functions = {
            1: self.icmp,
            4: self.ipv4,
            6: self.tcp,
            17: self.udp,
            41: self.ipv6,
            44: self.fragment,
            47: self.protocol_47,
            50: self.opaque,
            58: self.icmp,
            59: self.nothing,
            97: self.etherip,
            115: self.layer_two_tunnel,
            137: self.mpls,
            143: self.ethernet,
        }
        extensions = {0: "hopopts", 43: "routing", 60: "dstopts", 51: "ah", 135: "mobility", 139: "hip", 140: "shim6"}
        if number in extensions:
            self.extension(extensions[number], at)
        elif number in functions:
            functions[number](at)
        else:
            raise Stopped("unknown_ip_protocol")

    def extension(self, name: str, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        size = 8 + header[1] * (4 if name == "ah" else 8)
        self.enter(name, at + size)
        self.inside_ip(header[0], at + size)

    def fragment(self, at: int) -> None:
        self.step_in()
        after, _, part, ident = struct.unpack(">BBHI", self.take(at, 8))
        self.enter("fragment", at + 8)
        assert self.seen.ip is not None
        if part >> 3 or part & 1:
            self.seen.ip["part"] = 2 if part >> 3 else 1
        if self.seen.ip["version"] == 6:
            self.seen.ip["id"] = ident
        self.inside_ip(after, at + 8)

    def nothing(self, at: int) -> None:
        self.step_in()
        self.take(at, 0)
        self.enter("none", at)
        raise Stopped("complete")

    def opaque(self, at: int) -> None:
        self.step_in()
        index, number = struct.unpack(">II", self.take(at, 8))
        self.enter("esp", at)
        self.seen.listed.append(index)
        self.numbered(number, "esp", index)
        raise Stopped("opaque")

    def behind_nat(self, at: int) -> None:
        """RFC 3948: keep-alives, IKE behind four zeros, else ESP."""
        self.step_in()
        self.take(at, 1)
        if self.end - at < 4 and not self.unknown_end:
            return self.ending("natt-alive", at, 1)
        if self.data[at : min(self.end, at + 4)] == bytes(4):
            return self.ending("ike", at, 4)
        self.opaque(at)

    def ending(self, name: str, at: int, size: int) -> None:
        """A header with nothing behind it that is followed."""
        self.step_in()
        self.take(at, size)
        self.enter(name, at + size)
        raise Stopped("complete")

    # transport layer

    def found_transport(self, kind: str, at: int, payload_at: int) -> dict[str, object]:
        self.seen.transport = {"kind": kind, "at": at, "payload_at": payload_at, "payload": self.end - payload_at}
        return self.seen.transport

    def tcp(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 20)
        size = (header[12] >> 4) * 4
        if size < 20:
            raise Stopped("not_as_named")
        self.enter("tcp", at + size)
        found = self.found_transport("tcp", at, at + size)
        ports_and_more = struct.unpack(">HHIIHH", header[:16])
        found["ports"] = ports_and_more[:2]
        found["seq"], found["ack"], flags, found["window"] = ports_and_more[2:]
        found["flags"] = flags & 0xFFF
        options = read_options(self.data[at + 20 : at + size], size - 20)
        found.update(options)
        if options["cut"] and not self.lied:
            raise Stopped("cut_options")
        raise Stopped("complete")

    def udp(self, at: int) -> None:
        self.step_in()
        source, destination, size, _ = struct.unpack(">HHHH", self.take(at, 8))
        if size:
            self.says_size(at + size, False)
        self.enter("udp", at + 8)
        self.found_transport("udp", at, at + 8)["ports"] = (source, destination)
        inner = {
            1701: self.layer_two_port,
            4341: self.lisp,
            4500: self.behind_nat,
            4754: self.protocol_47,
            4789: self.vxlan,
            8472: self.old_port,
            4790: self.gpe,
            6081: self.geneve,
            6635: self.mpls,
            37008: self.sniffed,
        }.get(destination)
        if inner is None:
            raise Stopped("complete")
        inner(at + 8)

    def icmp(self, at: int) -> None:
        assert self.seen.ip is not None
        self.step_in()
        kind, code, _, ident, number = struct.unpack(">BBHHH", self.take(at, 8))
        name = "icmpv6" if self.seen.ip["protocol"] == 58 else "icmp"
        self.enter(name, at + 8)
        found = self.found_transport("icmp", at, at + 8)
        found["icmp"] = (kind, code)
        if kind in ((128, 129) if self.seen.ip["version"] == 6 else (0, 8)):
            found["echo"] = (ident, number)
        raise Stopped("complete")

    # tunnels

    def mpls(self, at: int) -> None:
        self.step_in()
        self.take(at, 4)
        last = at
        readable = min(self.end, len(self.data))
        while True:
            if last + 4 > readable:
                if self.end <= len(self.data):
                    raise Stopped("short")
                # the stack goes on where nothing was captured: one entry more than there is
                last = readable
                if last + 4 > self.end:
                    raise Stopped("short")
                self.enter("mpls", last + 4)
                raise Stopped("cut")
            if self.data[last + 2] & 1:
                break
            last += 4
        self.enter("mpls", last + 4)
        self.seen.listed.append(int.from_bytes(self.data[last : last + 3], "big") >> 4)
        self.behind_labels(last + 4)

    # where no number says what follows

    def choose(self, at: int, ways: list[Way]) -> None:
        """Go the way for which the evidence is best; of ways about as likely the preferred one, else the first."""
        best = max((way.likeness.bits for way in ways), default=0.0)
        likely = {way.name: way for way in ways if way.likeness.bits > 0 and way.likeness.bits >= best - 6}
        if not likely:
            is_cut = len(self.data) < self.end and any(at + way.settled_by > len(self.data) for way in ways)
            raise Stopped("cut" if is_cut else "not_recognised")
        place = len(self.seen.path)
        wanted = self.preferred[place] if place < len(self.preferred) else ""
        likely.get(wanted, next(iter(likely.values()))).go(at)

    @property
    def unknown_end(self) -> bool:
        """Whether the packet inside may be longer than what stands here."""
        return self.believes_inner or (self.seen.ip is not None and self.seen.ip["part"] == 1)

    def evidence(self, as_what: Callable[[bytes, int | None], Likeness], at: int) -> Likeness:
        return as_what(self.data[at : min(self.end, len(self.data))], None if self.unknown_end else self.end - at)

    def behind_labels(self, at: int) -> None:
        """RFC 4928 3, RFC 4385 3: the first nibble tells IP; pseudowires may or may not have a control word."""
        self.step_in()
        self.take(at, 1)
        first = self.data[at : min(self.end, at + 4)]
        if len(first) < 4:
            raise Stopped("cut" if len(self.data) < self.end else "not_recognised")
        ways = [Way("pw", self.evidence(as_ethernet, at), 34, lambda at: self.wrapped("pw", at, 0))]
        if first[0] >> 4 == 4:
            ways.append(Way("ip", self.evidence(as_ipv4, at), 20, self.ipv4))
        if first[0] >> 4 == 6:
            ways.append(Way("ipv6", self.evidence(as_ipv6, at), 40, self.ipv6))
        if first[0] >> 4 == 0:
            ways.append(Way("pwcw", self.evidence(as_ethernet, at + 4), 38, lambda at: self.wrapped("pwcw", at, 4)))
        if first[:2] == b"\x10\x00":
            ways.append(Way("pwach", Likeness(4), 4, lambda at: self.ending("pwach", at, 4)))
        self.choose(at, ways)

    def wrapped(self, name: str, at: int, size: int) -> None:
        """So many bytes that say nothing, and an Ethernet frame."""
        self.step_in()
        self.take(at, size)
        self.enter(name, at + size)
        self.ethernet(at + size)

    def old_port(self, at: int) -> None:
        """UDP 8472: VXLAN before its port was assigned, OTV, LISP of the second layer; all with the flag 0x08."""
        self.step_in()
        self.take(at, 1)
        first = self.data[at : min(self.end, at + 4)]
        if len(first) < 4:
            raise Stopped("cut" if len(self.data) < self.end else "not_recognised")
        name, go = "lispl2", self.lisp_of_frames
        if first == b"\x08\0\0\0" or (first[0] == 0x88 and first[1] & 0xB7 == 0):
            name, go = "vxlan", self.vxlan
        elif first[0] == 8:
            name, go = "otv", self.otv
        ways = [Way(name, self.evidence(as_ethernet, at + 8), 42, go)]
        self.choose(at, ways if first[0] & 8 else [])

    def otv(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        self.enter("otv", at + 8)
        self.overlay("otv", int.from_bytes(header[1:4], "big"))
        self.overlay("otv", int.from_bytes(header[4:7], "big"))
        self.ethernet(at + 8)

    def lisp_of_frames(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        self.enter("lispl2", at + 8)
        self.overlay("lispl2", int.from_bytes(header[4:7], "big"))
        self.ethernet(at + 8)

    def layer_two_tunnel(self, at: int) -> None:
        """L2TPv3 over IP: session 0 is the control channel."""
        self.step_in()
        self.take(at, 1)
        if self.data[at : min(self.end, at + 4)] == bytes(4):
            return self.ending("l2tp-control", at, 4)
        self.step_in()
        header = self.take(at, 4)
        self.enter("l2tpv3", at + 4)
        self.seen.listed.append(int.from_bytes(header, "big"))
        self.behind_session(at + 4)

    def layer_two_port(self, at: int) -> None:
        """L2TP over UDP: one bit tells control, four the version."""
        self.step_in()
        self.take(at, 1)
        first = self.data[at : min(self.end, at + 4)]
        if len(first) < 4:
            raise Stopped("cut" if len(self.data) < self.end else "not_recognised")
        if first[0] & 0x80:
            return self.ending("l2tp-control", at, 4)
        if first[1] & 15 == 3:
            self.step_in()
            header = self.take(at, 8)
            self.enter("l2tpv3-udp", at + 8)
            self.seen.listed.append(int.from_bytes(header[4:], "big"))
            return self.behind_session(at + 8)
        if first[1] & 15 == 2:
            self.step_in()
            self.take(at, 6)
            if first[0] & 2:
                raise Stopped("not_as_named")
            size = 6 + 2 * (first[0] >> 6 & 1) + 4 * (first[0] >> 3 & 1)
            self.enter("l2tpv2", at + size)
            return self.serial(at + size)
        raise Stopped("not_recognised")

    def behind_session(self, at: int) -> None:
        """RFC 3931 4.1: how long the cookie is, only the ends know, and whether a sublayer follows."""
        self.step_in()
        self.take(at, 1)
        ways = []
        for size, name in ((0, "l2eth"), (4, "l2eth4"), (8, "l2eth8"), (12, "l2eth12")):
            go = partial(self.wrapped, name, size=size)
            ways.append(Way(name, self.evidence(as_ethernet, at + size), size + 34, go))
        self.choose(at, ways)

    def sniffed(self, at: int) -> None:
        """TZSP: version, type, protocol, tags of which only two kinds have no length."""
        self.step_in()
        header = self.take(at, 5)
        if header[1] > 1:
            raise Stopped("not_as_named")
        readable = min(self.end, len(self.data))
        inside = at + 4
        while inside < readable and self.data[inside] != 1:
            if self.data[inside] == 0:
                inside += 1
            elif inside + 1 < readable:
                inside += 2 + self.data[inside + 1]
            else:
                inside = readable
        inside = min(inside, readable) + 1
        self.enter("tzsp", inside)
        beginnings = {1: 1, 2: 6, 4: 9, 5: 10, 7: 101, 18: 105}
        protocol = int.from_bytes(header[2:4], "big")
        if protocol not in beginnings:
            raise Stopped("unknown_payload")
        self.begins_inside(beginnings[protocol], inside)

    def protocol_47(self, at: int) -> None:
        """GRE, with or without a route in it, or PPTP's, which calls itself version 1."""
        self.step_in()
        self.take(at, 1)
        first = self.data[at : min(self.end, at + 4)]
        if len(first) < 4:
            raise Stopped("cut" if len(self.data) < self.end else "not_recognised")
        version, protocol = first[1] % 8, int.from_bytes(first[2:], "big")
        if version == 0:
            return self.gre_routed(at) if first[0] & 0x40 else self.gre(at)
        if version == 1 and protocol == 0x880B and first[0] & 0xE0 == 0x20:
            return self.pptp(at)
        raise Stopped("not_recognised")

    def gre_routed(self, at: int) -> None:
        """RFC 1701: entries of family, offset, length and as many bytes; the last has neither family nor length."""
        self.step_in()
        words = self.take(at, 16)
        flags, _, protocol = struct.unpack(">BBH", words[:4])
        has_number = bool(flags & 0x10)
        inner = at + 8 + 4 * (flags >> 5 & 1) + 4 * (flags >> 4 & 1)
        readable = min(self.end, len(self.data))
        while True:
            if inner + 4 > readable:
                inner = readable + 1
                break
            family, _, size = struct.unpack(">HBB", self.data[inner : inner + 4])
            inner += 4 + size
            if family == size == 0:
                break
        self.enter("gre-routed", inner)
        is_first = has_number and self.seen.number is None
        if has_number:
            number = words[12:16] if flags & 0x20 else words[8:12]
            self.numbered(int.from_bytes(number, "big"), "gre-routed", None)
        self.inside_gre(protocol, inner, has_number, is_first)

    def pptp(self, at: int) -> None:
        """RFC 2637 4.1: a call, and a number where anything is in it; an acknowledgement may stand behind."""
        self.step_in()
        has_number = bool(self.data[at] & 0x10)
        header = self.take(at, 12 if has_number else 8)
        inner = at + len(header) + 4 * (header[1] >> 7)
        name = "pptp" if has_number else "pptp-ack"
        self.enter(name, inner)
        call = int.from_bytes(header[6:8], "big")
        self.seen.listed.append(call)
        if not has_number:
            raise Stopped("complete")
        self.numbered(int.from_bytes(header[8:], "big"), "pptp", call)
        self.begins_inside(9, inner)

    def gre(self, at: int) -> None:
        self.step_in()
        flags, _, protocol = struct.unpack(">BBH", self.take(at, 4))
        has_key, has_number = bool(flags & 0x20), bool(flags & 0x10)
        size = 4 + 4 * (bool(flags & 0x80) + has_key + has_number)
        self.enter("gre", at + size)
        inner = at + size
        if inner > len(self.data):
            raise Stopped("cut")
        if has_number:
            last_words = self.data[inner - 8 : inner]
            named = int.from_bytes(last_words[:4], "big") if has_key else None
            # the session of a mirror, where one follows, makes two tunnels of what has one key
            self.seen.listed.append(-1 if named is None else named)
            is_first = self.seen.number is None
            self.numbered(int.from_bytes(last_words[4:], "big"), "gre", named)
        else:
            self.seen.listed.append(-1)
            is_first = False
        if protocol == 0x6558 and has_key and not has_number:
            self.step_in()
            self.take(inner, 0)
            self.enter("nvgre", inner)
            self.overlay("nvgre", int.from_bytes(self.data[inner - 4 : inner - 1], "big"))
            self.ethernet(inner)
        else:
            self.inside_gre(protocol, inner, has_number, is_first)

    def inside_gre(self, protocol: int, inner: int, has_number: bool, is_first: bool) -> None:
        """By the protocol type, and by whether a number stands in the header."""
        if protocol == 0x6558:
            self.ethernet(inner)
        elif protocol == 0x880B:
            self.begins_inside(9, inner)
        elif protocol == 0x88BE and not has_number:
            self.step_in()
            self.take(inner, 0)
            self.enter("erspan1", inner)
            self.ethernet(inner)
        elif protocol == 0x88BE:
            self.step_in()
            header = self.take(inner, 8)
            if header[0] >> 4 != 1:
                raise Stopped("not_as_named")
            self.enter("erspan2", inner + 8)
            self.session(header, is_first)
            self.believes_inner |= bool(header[2] & 4)
            self.ethernet(inner + 8)
        elif protocol == 0x22EB:
            self.erspan3(inner, is_first)
        elif not self.shared_type(protocol, inner):
            raise Stopped("unknown_payload")

    def session(self, header: bytes, names_tunnel: bool) -> None:
        number = int.from_bytes(header[2:4], "big") % 1024
        self.seen.listed.append(number)
        if names_tunnel:
            assert self.seen.tunnel is not None
            self.seen.tunnel = (*self.seen.tunnel, "session", number)

    def erspan3(self, at: int, names_tunnel: bool) -> None:
        self.step_in()
        header = self.take(at, 12)
        inner = at + (20 if header[11] & 1 else 12)
        self.enter("erspan3", inner)
        if self.seen.mirror is None:
            self.seen.mirror = at
        self.session(header, names_tunnel)
        self.seen.listed.append(int.from_bytes(header[4:8], "big"))
        self.believes_inner |= bool(header[2] & 4)
        kind = header[10] >> 2 & 31
        if kind == 0:
            self.ethernet(inner)
        elif kind == 2:
            self.step_in()
            self.take(inner, 1)
            self.enter("erspan-ip", inner)
            self.by_version(inner)
        else:
            raise Stopped("unknown_payload")

    def etherip(self, at: int) -> None:
        self.step_in()
        if self.take(at, 2)[0] != 0x30:
            raise Stopped("not_as_named")
        self.enter("etherip", at + 2)
        self.ethernet(at + 2)

    def vxlan(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if not header[0] & 8:
            raise Stopped("not_as_named")
        self.enter("vxlan", at + 8)
        self.overlay("vxlan", int.from_bytes(header[4:7], "big"))
        self.ethernet(at + 8)

    def gpe(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[0] & 0x38 != 8:
            raise Stopped("not_as_named")
        self.enter("gpe", at + 8)
        self.overlay("gpe", int.from_bytes(header[4:7], "big"))
        self.next_protocol(header[3], at + 8)

    def service(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        size = 4 * (header[1] & 63)
        if size < 8:
            raise Stopped("not_as_named")
        self.enter("nsh", at + size)
        self.next_protocol(header[3], at + size)

    def next_protocol(self, number: int, at: int) -> None:
        functions = {0: self.ethernet, 1: self.ipv4, 2: self.ipv6, 3: self.ethernet, 4: self.service, 5: self.mpls}
        if number not in functions:
            raise Stopped("unknown_payload")
        functions[number](at)

    def geneve(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[0] >> 6:
            raise Stopped("not_as_named")
        size = 8 + 4 * (header[0] & 63)
        self.enter("geneve", at + size)
        self.overlay("geneve", int.from_bytes(header[4:7], "big"))
        self.typed(int.from_bytes(header[2:4], "big"), at + size)

    def lisp(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        self.enter("lisp", at + 8)
        if header[0] & 8:
            self.overlay("lisp", int.from_bytes(header[4:7], "big"))
        else:
            self.seen.listed.append(-1)
        self.by_version(at + 8)


def read_options(captured: bytes, size: int) -> dict[str, object]:
    """TCP options of a header with `size` bytes of them."""
    found: dict[str, object] = {"cut": False, "bad": False}
    at = 0
    while at < size:
        if at >= len(captured):
            found["cut"] = True
            break
        kind = captured[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if at + 1 >= size:
            found["bad"] = True
            break
        if at + 1 >= len(captured):
            found["cut"] = True
            break
        length = captured[at + 1]
        if length < 2 or at + length > size:
            found["bad"] = True
            break
        value = captured[at + 2 : at + length]
        if len(value) < length - 2:
            found["cut"] = True
            break
        if kind == 2 and length == 4:
            found["mss"] = int.from_bytes(value, "big")
        elif kind == 3 and length == 3:
            found["scale"] = value[0]
        elif kind == 4 and length == 2:
            found["sack_permitted"] = True
        elif kind == 5 and length in (10, 18, 26, 34):
            found["sack"] = struct.unpack(f">{(length - 2) // 4}I", value)
        elif kind == 8 and length == 10:
            found["stamps"] = struct.unpack(">II", value)
        elif kind in (2, 3, 4, 5, 8):
            found["bad"] = True
        at += length
    return found


def walk(data: bytes, wire: int | None = None, link_type: int = 1, preferred: str = "") -> Seen:
    """What is in this frame? `preferred`: a path to take wherever two ways are about as likely."""
    one = Walk(data, len(data) if wire is None else wire, preferred)
    try:
        one.link_type(link_type)
    except Stopped as stopped:
        one.seen.stop = str(stopped)
    if one.seen.stop == "complete" and one.lied:
        one.seen.stop = "lying_length"
    return one.seen
