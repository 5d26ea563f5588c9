"""A walk in plain Python: one function per protocol, each calling the next; no table, no numpy, one frame at a time."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field

DEEPEST = 16


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
    ids: list[tuple[str, int]] = field(default_factory=list)
    ethertype: int = 0
    network: tuple[str, int] | None = None
    ip: dict[str, int] | None = None
    addresses: tuple[str, str] | None = None
    transport: dict[str, object] | None = None


class Walk:
    """One frame on its way through the functions below."""

    def __init__(self, data: bytes, wire: int) -> None:
        self.data = data
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
        begin = {1: self.ethernet, 113: self.sll, 276: self.sll2, 228: self.ipv4, 229: self.ipv6}.get(number)
        if begin is not None:
            begin(0)
        elif number in (12, 14, 101):
            self.bare("raw", 0)
        elif number in (0, 108):
            self.family(0, "null" if number == 0 else "loop")
        else:
            raise Stopped("unknown_link_type")

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
        folded = struct.unpack(">H", header[:2])[0] | struct.unpack(">H", header[2:])[0]
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
            self.step_in()
            self.take(at, 3)
            self.enter("llc", at + 3)
            raise Stopped("llc")
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
        }
        skipped = {0x8926: ("vntag", 6), 0x893F: ("etag", 8), 0x8909: ("cmd", 8)}
        if number in (0x0806, 0x8035):
            self.arp("arp" if number == 0x0806 else "rarp", number, at)
        elif number in skipped:
            name, size = skipped[number]
            self.step_in()
            header = self.take(at, size)
            self.enter(name, at + size)
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
        if control % 4096:
            self.seen.ids.append(("vlan", control % 4096))
        self.typed(kind, at + 4)

    def backbone(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 4)
        self.enter("pbb", at + 4)
        self.overlay("isid", int.from_bytes(header[1:], "big"))
        self.ethernet(at + 4)

    def fence(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 10)
        self.enter("fence", at + 10)
        self.overlay("fence", header[1])
        self.ethernet(at + 10)

    def overlay(self, name: str, number: int, separates: bool = True) -> None:
        self.seen.vni = number
        if separates:
            self.seen.ids.append((name, number))

    def pppoe(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[0] != 0x11:
            raise Stopped("not_as_named")
        size = int.from_bytes(header[4:6], "big")
        if size:
            self.says_size(at + 6 + size, False)
        self.enter("pppoe", at + 8)
        self.ppp(int.from_bytes(header[6:], "big"), at + 8)

    def ppp(self, number: int, at: int) -> None:
        inner = {0x0021: self.ipv4, 0x0057: self.ipv6, 0x0281: self.mpls}.get(number)
        if inner is None:
            raise Stopped("unknown_payload")
        inner(at)

    def arp(self, name: str, number: int, at: int) -> None:
        self.step_in()
        body = self.take(at, 28)
        if body[:6] != bytes.fromhex("000108000604"):
            self.seen.ethertype = number
            raise Stopped("foreign_arp")
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
            47: self.gre,
            50: self.opaque,
            58: self.icmp,
            59: self.nothing,
            97: self.etherip,
            137: self.mpls,
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
        self.take(at, 0)
        self.enter("esp", at)
        raise Stopped("opaque")

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
            4341: self.lisp,
            4500: self.opaque,
            4754: self.gre,
            4789: self.vxlan,
            8472: self.vxlan,
            4790: self.gpe,
            6081: self.geneve,
            6635: self.mpls,
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
        self.overlay("label", int.from_bytes(self.data[last : last + 3], "big") >> 4, separates=False)
        self.by_version(last + 4)

    def gre(self, at: int) -> None:
        self.step_in()
        flags, _, protocol = struct.unpack(">BBH", self.take(at, 4))
        if flags & 0x40:
            raise Stopped("not_as_named")
        has_key, has_number = bool(flags & 0x20), bool(flags & 0x10)
        size = 4 + 4 * (bool(flags & 0x80) + has_key + has_number)
        self.enter("gre", at + size)
        inner = at + size
        if protocol == 0x6558 and has_key and not has_number:
            self.step_in()
            self.take(inner, 0)
            self.enter("nvgre", inner)
            self.overlay("vsid", int.from_bytes(self.data[inner - 4 : inner - 1], "big"))
            self.ethernet(inner)
        elif protocol == 0x6558:
            self.ethernet(inner)
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
            self.believes_inner |= bool(header[2] & 4)
            self.ethernet(inner + 8)
        elif protocol == 0x22EB:
            self.erspan3(inner)
        elif not self.shared_type(protocol, inner):
            raise Stopped("unknown_payload")

    def erspan3(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 12)
        inner = at + (20 if header[11] & 1 else 12)
        self.enter("erspan3", inner)
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
        self.overlay("vni", int.from_bytes(header[4:7], "big"))
        self.ethernet(at + 8)

    def gpe(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        if header[0] & 0x38 != 8:
            raise Stopped("not_as_named")
        self.enter("gpe", at + 8)
        self.overlay("vni", int.from_bytes(header[4:7], "big"))
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
        self.overlay("vni", int.from_bytes(header[4:7], "big"))
        self.typed(int.from_bytes(header[2:4], "big"), at + size)

    def lisp(self, at: int) -> None:
        self.step_in()
        header = self.take(at, 8)
        self.enter("lisp", at + 8)
        if header[0] & 8:
            self.overlay("iid", int.from_bytes(header[4:7], "big"))
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


def walk(data: bytes, wire: int | None = None, link_type: int = 1) -> Seen:
    """What is in this frame?"""
    one = Walk(data, len(data) if wire is None else wire)
    try:
        one.link_type(link_type)
    except Stopped as stopped:
        one.seen.stop = str(stopped)
    if one.seen.stop == "complete" and one.lied:
        one.seen.stop = "lying_length"
    return one.seen
