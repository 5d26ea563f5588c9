"""
Random stacks of headers that no document shows, with what a reader must find in them.

They are built from the inside out, byte for byte by the documents that define the headers; the table of the walk is not
looked at. What is true of a stack is noted while it is built.
"""

import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

RARP, ARP, IPV4, IPV6, LABELS = 0x8035, 0x0806, 0x0800, 0x86DD, 0x8847
TCP, UDP, ICMP, ICMPV6, ESP = 6, 17, 1, 58, 50
BROADCAST: Final = b"\xff" * 6
PW_LABEL, WORD_LABEL = 1001, 1002
"""Bottom labels of pseudowires without and with a control word: tshark has to be told which is which."""
DEEPEST: Final = 16


@dataclass(frozen=True)
class Habit:
    """What a capture has throughout, because tshark can be told only one thing about it."""

    cookie: int = 0
    sublayer: bool = False
    old_tag: int = 0x9100

    @property
    def options(self) -> list[str]:
        """tshark's words for it."""
        cookie = {0: "None", 4: "4 Byte Cookie", 8: "8 Byte Cookie"}[self.cookie]
        sublayer = "Default" if self.sublayer else "None"
        told = ["-o", f"vlan.qinq_ethertype:{self.old_tag:#x}", "-d", f"mpls.label=={PW_LABEL},pwethnocw"]
        told += ["-d", f"mpls.label=={WORD_LABEL},pwethcw", "-d", "udp.port==8472,vxlan", "-d", "l2tp.pw_type==0,eth"]
        return [*told, "-o", f"l2tp.cookie_size:{cookie}", "-o", f"l2tp.l2_specific:{sublayer}"]


HABITS: Final = tuple(
    Habit(cookie, sublayer, old)
    for cookie, sublayer, old in (
        (0, False, 0x9100),
        (4, False, 0x9200),
        (8, False, 0x9100),
        (8, True, 0x9200),
    )
)


@dataclass(frozen=True)
class Stack:
    """Headers so far, and what is true of them."""

    kind: str
    """What is outermost: `typed` (it has an ethertype), `eth` (a frame), `l4` (it has an IP protocol)."""
    number: int
    data: bytes
    path: tuple[str, ...]
    ids: tuple[int | None, ...] = ()
    """Outermost first, as the headers list them."""
    vni: int | None = None
    tags: tuple[int, ...] = ()
    macs: tuple[str, str] | None = None
    seq: int | None = None
    truth: dict[str, Any] = field(default_factory=dict)


Carrier = Callable[[random.Random, Stack, Habit], Stack | None]


# the parts of headers


def some_mac(rng: random.Random) -> bytes:
    """One station's; VMware's, Intel's and others' begin like a control word, like IPv4 or like IPv6."""
    prefix = rng.choice(["005056", "000c29", "40a6b7", "6045cb", "b827eb", "020000", "525400", "64006a"])
    return bytes.fromhex(prefix) + rng.randbytes(3)


def mac_text(mac: bytes) -> str:
    return mac.hex(":")


def sum16(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def some_address(rng: random.Random, version: int) -> bytes:
    if version == 4:
        return bytes((10, *rng.randbytes(2), rng.randint(1, 254)))
    return bytes.fromhex("20010db8") + rng.randbytes(12)


def some_id(rng: random.Random, bits: int) -> int:
    return rng.choice([1, rng.getrandbits(bits), rng.getrandbits(bits), (1 << bits) - 1])


def udp(rng: random.Random, port: int, data: bytes, source: int | None = None) -> bytes:
    """RFC 768; without a checksum, as tunnels may (RFC 6935)."""
    return struct.pack(">4H", rng.randint(50_000, 60_000) if source is None else source, port, 8 + len(data), 0) + data


# what is innermost


def tcp_options(rng: random.Random, truth: dict[str, Any]) -> bytes:
    """Any of the usual options in any order, to a multiple of four (RFC 9293 3.1)."""
    options = b""
    for name in rng.sample(["mss", "scale", "permitted", "stamps", "sack"], rng.randint(0, 5)):
        if name == "mss":
            truth["tcp_mss"] = rng.randint(88, 65_000)
            one = struct.pack(">BBH", 2, 4, truth["tcp_mss"])
        elif name == "scale":
            truth["tcp_window_scale"] = rng.randint(0, 14)
            one = bytes((3, 3, truth["tcp_window_scale"]))
        elif name == "permitted":
            truth["tcp_sack_permitted"] = True
            one = bytes((4, 2))
        elif name == "stamps":
            truth["tcp_ts_value"], truth["tcp_ts_echo"] = rng.getrandbits(32), rng.getrandbits(32)
            one = struct.pack(">BBII", 8, 10, truth["tcp_ts_value"], truth["tcp_ts_echo"])
        else:
            edges = [rng.getrandbits(32) for _ in range(2 * rng.randint(1, 3))]
            one = struct.pack(f">BB{len(edges)}I", 5, 2 + 4 * len(edges), *edges)
            if len(options) + len(one) <= 36:
                truth["tcp_sack"] = edges
        if len(options) + len(one) > 36:
            for left in {"mss": ["tcp_mss"], "scale": ["tcp_window_scale"], "permitted": ["tcp_sack_permitted"],
                         "stamps": ["tcp_ts_value", "tcp_ts_echo"], "sack": []}[name]:  # fmt: skip
                del truth[left]
            continue
        options += b"\x01" * rng.choice([0, 0, 1, 2]) + one
    options = options[:40]
    return options + rng.choice([b"\x00", b"\x01"]) * (-len(options) % 4)


def tcp_segment(rng: random.Random) -> Stack:
    """A segment of a stream, with any flags."""
    truth: dict[str, Any] = {"src_port": rng.randint(50_000, 60_000), "dst_port": 8000}
    truth |= {"tcp_seq": rng.getrandbits(32), "tcp_ack": rng.getrandbits(32), "tcp_window": rng.getrandbits(16)}
    truth["tcp_flags"] = rng.choice([0x002, 0x012, 0x010, 0x018, 0x011, 0x004, 0x0C2, 0x190])
    options = tcp_options(rng, truth)
    payload = bytes(rng.choice([0, 0, 1, 7, 100, 512, rng.randint(0, 1400)]))
    truth["payload_bytes"] = len(payload)
    words = ((20 + len(options)) // 4) << 12 | truth["tcp_flags"]
    fixed = (truth["src_port"], truth["dst_port"], truth["tcp_seq"], truth["tcp_ack"], words, truth["tcp_window"], 0, 0)
    return Stack("l4", TCP, struct.pack(">HHIIHHHH", *fixed) + options + payload, ("tcp",), truth=truth)


def udp_datagram(rng: random.Random) -> Stack:
    """Between ports of which no tunnel is known."""
    payload = bytes(rng.choice([0, 1, 20, rng.randint(0, 1400)]))
    source, port = rng.randint(50_000, 60_000), 19
    truth = {"src_port": source, "dst_port": port, "payload_bytes": len(payload)}
    return Stack("l4", UDP, udp(rng, port, payload, source), ("udp",), truth=truth)


def echo(rng: random.Random) -> Stack:
    """An echo of either family (RFC 792, RFC 4443 4.1)."""
    protocol, kind, name = rng.choice([(ICMP, 8, "icmp"), (ICMP, 0, "icmp"), (ICMPV6, 128, "icmpv6")])
    truth = {"icmp_type": kind, "icmp_code": 0, "icmp_id": rng.getrandbits(16), "icmp_seq": rng.getrandbits(16)}
    truth["payload_bytes"] = rng.randint(8, 64)
    data = struct.pack(">BBHHH", kind, 0, 0, truth["icmp_id"], truth["icmp_seq"]) + bytes(truth["payload_bytes"])
    return Stack("l4", protocol, data, (name,), truth=truth)


def advertisement(rng: random.Random) -> Stack:
    """An unsolicited neighbour advertisement (RFC 4861 4.4)."""
    target = rng.randbytes(8) + rng.randbytes(8)
    data = struct.pack(">BBHI", 136, 0, 0, 0x2000_0000) + b"\xfe\x80" + target[2:] + b"\x02\x01" + some_mac(rng)
    return Stack("l4", ICMPV6, data, ("icmpv6",), truth={"icmp_type": 136, "icmp_code": 0, "payload_bytes": 24})


def announcement(rng: random.Random) -> Stack:
    """RARP as hypervisors send it, or ARP as guests do (RFC 903, RFC 826)."""
    mac, address = some_mac(rng), some_address(rng, 4)
    number, opcode, sender, target, about = rng.choice(
        [
            (RARP, 3, bytes(4), mac, bytes(4)),
            (ARP, 1, address, bytes(6), address),
            (ARP, 2, address, BROADCAST, address),
            (ARP, 1, bytes(4), bytes(6), address),
        ]
    )
    data = struct.pack(">HHBBH", 1, IPV4, 6, 4, opcode) + mac + sender + target + about
    truth = {"arp_op": opcode, "arp_sender_mac": mac_text(mac), "arp_target_mac": mac_text(target)}
    truth |= {"arp_sender_ip": socket.inet_ntoa(sender), "arp_target_ip": socket.inet_ntoa(about)}
    return Stack("typed", number, data, ("rarp" if number == RARP else "arp",), truth=truth)


def encrypted(rng: random.Random) -> Stack:
    """ESP, bare or in UDP (RFC 4303 2, RFC 3948 2.1)."""
    spi, number = rng.randint(256, 0xFFFF_FFFE), rng.getrandbits(32)
    data = struct.pack(">II", spi, number) + rng.randbytes(rng.choice([40, 64, 1200]))
    stack = Stack("l4", ESP, data, ("esp",), (spi,), seq=number, truth={"stop": "opaque"})
    if rng.random() < 0.5:
        return stack
    truth = stack.truth | {"src_port": 4500, "dst_port": 4500, "payload_bytes": len(data)}
    return replace(stack, number=UDP, data=udp(rng, 4500, data, 4500), path=("udp", "esp"), truth=truth)


PAYLOADS: Final = (tcp_segment, tcp_segment, tcp_segment, udp_datagram, echo, advertisement, announcement, announcement)


# what carries it


def _typed(stack: Stack, number: int, header: bytes, name: str, *ids: int | None, **more: Any) -> Stack:
    return replace(
        stack,
        kind="typed",
        number=number,
        data=header + stack.data,
        path=(name, *stack.path),
        ids=(*ids, *stack.ids),
        **more,
    )


def _l4(stack: Stack, protocol: int, header: bytes, name: str, *ids: int | None, **more: Any) -> Stack:
    return replace(_typed(stack, protocol, header, name, *ids, **more), kind="l4")


def _in_udp(
    rng: random.Random, stack: Stack, port: int, header: bytes, name: str, *ids: int | None, **more: Any
) -> Stack:
    inside = _l4(stack, UDP, header, name, *ids, **more)
    return replace(inside, data=udp(rng, port, inside.data), path=("udp", *inside.path))


def _overlay(stack: Stack, number: int) -> int:
    """The innermost overlay's id is the frame's."""
    return number if stack.vni is None else stack.vni


def ethernet(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """IEEE 802.3 3.2; short frames are padded, and a trailer may follow whatever says how long it is."""
    if stack.kind != "typed":
        return None
    source = some_mac(rng)
    target = BROADCAST if stack.path[-1] in ("arp", "rarp") or rng.random() < 0.1 else some_mac(rng)
    data = target + source + struct.pack(">H", stack.number) + stack.data
    if rng.random() < 0.7:
        data = data.ljust(60, b"\0")
    macs = stack.macs or (mac_text(source), mac_text(target))
    return replace(stack, kind="eth", number=1, data=data, path=("eth", *stack.path), macs=macs)


def vlan(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """IEEE 802.1Q 9, and the tags before it had a number."""
    if stack.kind != "typed" or stack.path[0] == "fabricpath":
        return None
    number, tag = rng.choice([0x8100, 0x8100, 0x88A8, habit.old_tag]), rng.randint(0, 4095)
    header = struct.pack(">HH", rng.getrandbits(4) << 12 | tag, stack.number)
    tags = (tag, *stack.tags) if stack.macs is None else stack.tags
    return _typed(stack, number, header, "vlan", tag, tags=tags)


def vntag(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    if stack.kind != "typed" or stack.path[0] == "fabricpath":
        return None
    target, source = rng.getrandbits(14), rng.getrandbits(12)
    header = struct.pack(">HHH", rng.getrandbits(2) << 14 | target, rng.getrandbits(1) << 15 | source, stack.number)
    return _typed(stack, 0x8926, header, "vntag", target, source)


def etag(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """IEEE 802.1BR 7.5."""
    if stack.kind != "typed" or stack.path[0] == "fabricpath":
        return None
    channel = rng.getrandbits(12)
    header = rng.randbytes(2) + struct.pack(">H", rng.getrandbits(2) << 12 | channel) + rng.randbytes(2)
    return _typed(stack, 0x893F, header + struct.pack(">H", stack.number), "etag", channel)


def metadata(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """Cisco's: version, length, one option with the group, type."""
    if stack.kind != "typed" or stack.path[0] == "fabricpath":
        return None
    group = rng.getrandbits(16)
    return _typed(stack, 0x8909, struct.pack(">BBHHH", 1, 1, 1, group, stack.number), "cmd", group)


def one_tag(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """Any of those that stand between the addresses and the type."""
    return rng.choice([vlan, vlan, vlan, vntag, etag, metadata])(rng, stack, habit)


def backbone(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """IEEE 802.1Q 9.7: the I-tag, with the customer's addresses behind it."""
    if stack.kind != "eth":
        return None
    isid = some_id(rng, 24)
    header = struct.pack(">I", rng.getrandbits(4) << 28 | isid)
    return _typed(stack, 0x88E7, header, "pbb", isid, vni=_overlay(stack, isid))


def fabricpath(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """A forwarding tree and a lifetime behind addresses of switches; the frame keeps its check sequence."""
    if stack.kind != "eth":
        return None
    tree = rng.getrandbits(10)
    stack = _typed(stack, 0x8903, struct.pack(">H", tree << 6 | rng.getrandbits(6)), "fabricpath", tree)
    return replace(stack, data=stack.data + rng.randbytes(4))


def trill(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 6325 3."""
    if stack.kind != "eth":
        return None
    words, ingress = rng.choice([0, 0, 1, 3]), rng.getrandbits(16)
    header = struct.pack(
        ">HHH", rng.getrandbits(1) << 11 | words << 6 | rng.getrandbits(6), rng.getrandbits(16), ingress
    )
    return _typed(stack, 0x22F3, header + rng.randbytes(4 * words), "trill", ingress)


def fence(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    if stack.kind != "eth":
        return None
    number = rng.getrandbits(8)
    return _typed(stack, 0x88DE, bytes((0, number)) + bytes(8), "fence", number, vni=_overlay(stack, number))


def labels(rng: random.Random, bottom: int) -> bytes:
    """RFC 3032 2.1: one to four."""
    stack = [rng.randint(100, 900) for _ in range(rng.randint(0, 3))] + [bottom]
    last = len(stack) - 1
    return b"".join(
        struct.pack(">I", label << 12 | rng.getrandbits(3) << 9 | (at == last) << 8 | rng.randint(1, 255))
        for at, label in enumerate(stack)
    )


def labelled(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """IP behind labels: only its first four bits say so."""
    if stack.kind != "typed" or stack.number not in (IPV4, IPV6):
        return None
    bottom = rng.randint(16, 99)
    return _typed(stack, LABELS, labels(rng, bottom), "mpls", bottom)


def pseudowire(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 4448: with a control word (RFC 4385 3) or without."""
    if stack.kind != "eth":
        return None
    if rng.random() < 0.5:
        inside = _typed(stack, LABELS, b"", "pw")
        return _typed(inside, LABELS, labels(rng, PW_LABEL), "mpls", PW_LABEL)
    inside = _typed(stack, LABELS, struct.pack(">HH", 0, rng.getrandbits(16)), "pwcw")
    return _typed(inside, LABELS, labels(rng, WORD_LABEL), "mpls", WORD_LABEL)


def labels_below(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """Labels over IP or UDP (RFC 4023, RFC 7510)."""
    if stack.kind != "typed" or stack.number != LABELS:
        return None
    if rng.random() < 0.5:
        return replace(stack, kind="l4", number=137)
    return replace(stack, kind="l4", number=UDP, data=udp(rng, 6635, stack.data), path=("udp", *stack.path))


def gre_header(rng: random.Random, flags: int, protocol: int, data: bytes) -> tuple[bytes, int | None, int | None]:
    """RFC 2784, RFC 2890: a header with any of checksum, key, number; and the last two."""
    key, number = some_id(rng, 32), rng.getrandbits(32)
    header = struct.pack(">HH", flags, protocol) + (bytes(4) if flags & 0x8000 else b"")
    header += struct.pack(">I", key) if flags & 0x2000 else b""
    header += struct.pack(">I", number) if flags & 0x1000 else b""
    if flags & 0x8000:
        header = header[:4] + struct.pack(">H", sum16(header + data)) + header[6:]
    return header, key if flags & 0x2000 else None, number if flags & 0x1000 else None


def _gre(rng: random.Random, stack: Stack, flags: int, protocol: int) -> Stack:
    header, key, number = gre_header(rng, flags, protocol, stack.data)
    # a key is a tunnel's name only where a number follows it; else it is a virtual subnet's, or nobody's
    more: dict[str, Any] = {} if number is None else {"seq": number}
    inside = _l4(stack, 47, header, "gre", None if number is None else key, **more)
    if rng.random() < 0.2:
        return replace(inside, number=UDP, data=udp(rng, 4754, inside.data), path=("udp", *inside.path))
    return inside


def some_flags(rng: random.Random) -> int:
    return rng.choice([0, 0x8000]) | rng.choice([0, 0x2000]) | rng.choice([0, 0x1000])


def gre(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    if stack.kind != "typed" or stack.number not in (IPV4, IPV6, LABELS):
        return None
    return _gre(rng, stack, some_flags(rng), stack.number)


def bridged(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """A frame in GRE, or NVGRE where a key is the last word (RFC 7637 3.2)."""
    if stack.kind != "eth":
        return None
    flags = some_flags(rng)
    if flags & 0x3000 != 0x2000:
        return _gre(rng, stack, flags, 0x6558)
    header, key, _ = gre_header(rng, flags, 0x6558, stack.data)
    assert key is not None
    inside = _l4(stack, 47, header, "nvgre", key >> 8, vni=_overlay(stack, key >> 8))
    return replace(inside, path=("gre", *inside.path), ids=(None, *inside.ids))


def routed(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """GRE with up to three routing entries and the empty one (RFC 1701)."""
    number = 0x6558 if stack.kind == "eth" else stack.number
    if stack.kind == "l4" or number not in (0x6558, IPV4, IPV6, LABELS):
        return None
    has_key, is_numbered, count = rng.getrandbits(1), rng.getrandbits(1), rng.getrandbits(32)
    header = struct.pack(">HHHH", 0x4000 | has_key << 13 | is_numbered << 12, number, 0, 0) + rng.randbytes(4) * has_key
    header += struct.pack(">I", count) * is_numbered
    for _ in range(rng.randint(0, 3)):
        size = 4 * rng.randint(1, 4)
        header += struct.pack(">HBB", 0x0800, 0, size) + rng.randbytes(size)
    more: dict[str, Any] = {"seq": count} if is_numbered else {}
    return _l4(stack, 47, header + bytes(4), "gre-routed", **more)


def in_a_call(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """PPTP (RFC 2637 4.1): PPP in GRE of version 1, with or without an acknowledgement."""
    protocol = {IPV4: 0x21, IPV6: 0x57}.get(stack.number, 0)
    if stack.kind != "typed" or protocol == 0:
        return None
    inside = ppp_header(rng, protocol) + stack.data
    call, number, acknowledges = rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(1)
    header = struct.pack(">HHHHI", 0x3001 | acknowledges << 7, 0x880B, len(inside), call, number)
    header += rng.randbytes(4) * acknowledges
    inner = replace(stack, data=inside, path=("ppp", *stack.path))
    return _l4(inner, 47, header, "pptp", call, seq=number)


def srv6(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """A frame that an IP protocol of its own says (RFC 8986 10.1)."""
    return replace(stack, kind="l4", number=143) if stack.kind == "eth" else None


def mirrored(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """ERSPAN I, II or III (draft-foschiano-erspan 4)."""
    if stack.kind != "eth":
        return None
    kind, session = rng.randint(1, 3), rng.getrandbits(10)
    if kind == 1:
        return _gre(rng, _l4(stack, 47, b"", "erspan1"), some_flags(rng) & 0xA000, 0x88BE)
    flags = some_flags(rng) | 0x1000
    first = struct.pack(">HH", (kind - 1) << 12 | rng.getrandbits(12), rng.getrandbits(5) << 11 | session)
    if kind == 2:
        return _gre(
            rng, _l4(stack, 47, first + struct.pack(">I", rng.getrandbits(20)), "erspan2", session), flags, 0x88BE
        )
    stamp, more = rng.getrandbits(32), rng.getrandbits(1)
    # P, FT 0 (Ethernet), hardware, direction, granularity, O
    last = struct.pack(">H", rng.getrandbits(1) << 15 | rng.getrandbits(9) << 1 & 0x3FE | more)
    header = first + struct.pack(">IH", stamp, rng.getrandbits(16)) + last + rng.randbytes(8 * more)
    return _gre(rng, _l4(stack, 47, header, "erspan3", session, stamp), flags, 0x22EB)


def etherip(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 3378 3."""
    return _l4(stack, 97, b"\x30\x00", "etherip") if stack.kind == "eth" else None


def vxlan(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 7348 5, with a group policy, or on the port that it had before."""
    if stack.kind != "eth":
        return None
    vni, group = some_id(rng, 24), 0x8000_0000 | rng.choice([0, 0x0040_0000, 0x0008_0000]) | rng.getrandbits(16)
    policy = rng.choice([0, 0, group])
    header = struct.pack(">II", 0x0800_0000 | policy, vni << 8)
    return _in_udp(rng, stack, rng.choice([4789, 4789, 8472]), header, "vxlan", vni, vni=_overlay(stack, vni))


def otv(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """draft-hasmit-otv 7."""
    if stack.kind != "eth":
        return None
    overlay, instance = some_id(rng, 24), some_id(rng, 24)
    header = struct.pack(">II", 0x0800_0000 | overlay, instance << 8)
    return _in_udp(rng, stack, 8472, header, "otv", overlay, instance, vni=_overlay(stack, instance))


def lisp_frames(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """draft-smith-lisp-layer2: a nonce where VXLAN has nothing, or a group policy."""
    if stack.kind != "eth":
        return None
    instance, nonce = some_id(rng, 24), 0x80_0000 | rng.getrandbits(23)
    header = struct.pack(">II", 0x8800_0000 | nonce, instance << 8)
    return _in_udp(rng, stack, 8472, header, "lispl2", instance, vni=_overlay(stack, instance))


def gpe(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """draft-ietf-nvo3-vxlan-gpe 3, half of the time with a service header (RFC 8300 2) behind it."""
    number = {"eth": 3, "typed": {IPV4: 1, IPV6: 2}.get(stack.number, 0)}.get(stack.kind, 0)
    if number == 0:
        return None
    vni = some_id(rng, 24)
    if rng.random() < 0.5:
        context = rng.randbytes(16) if rng.random() < 0.5 else b""
        kind, words = (1, 6) if context else (2, 2)
        header = struct.pack(">HBBI", 63 << 6 | words, kind, number, rng.getrandbits(32))
        stack, number = _l4(stack, UDP, header + context, "nsh"), 4
    header = struct.pack(">II", 0x0C00_0000 | number, vni << 8)
    return _in_udp(rng, stack, 4790, header, "gpe", vni, vni=_overlay(stack, vni))


def geneve(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 8926 3.4, with up to three options."""
    number = 0x6558 if stack.kind == "eth" else stack.number
    if stack.kind == "l4" or number not in (0x6558, IPV4, IPV6):
        return None
    options = b""
    for _ in range(rng.choice([0, 1, 3])):
        size = rng.randint(0, 4)
        options += struct.pack(">HBB", rng.getrandbits(16), rng.getrandbits(7), size) + rng.randbytes(4 * size)
    vni = some_id(rng, 24)
    header = struct.pack(">HHI", len(options) // 4 << 8, number, vni << 8) + options
    return _in_udp(rng, stack, 6081, header, "geneve", vni, vni=_overlay(stack, vni))


def l2tpv3(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 3931 4.1: over IP or UDP, with the cookie and the sublayer that were agreed on."""
    if stack.kind != "eth":
        return None
    session = some_id(rng, 32)
    sublayer = struct.pack(">I", 0x4000_0000 | rng.getrandbits(24)) if habit.sublayer else b""
    skipped = rng.randbytes(habit.cookie) + sublayer
    inside = _l4(stack, 115, skipped, f"l2eth{len(skipped) or ''}")
    if rng.random() < 0.5:
        return _l4(inside, 115, struct.pack(">I", session), "l2tpv3", session)
    return _in_udp(rng, inside, 1701, struct.pack(">HHI", 3, 0, session), "l2tpv3-udp", session)


def tzsp(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """A packet received (type 0), of Ethernet (1), with tags up to the last."""
    if stack.kind != "eth":
        return None
    tags = b"".join(rng.sample([b"\x0a\x01\xc4", b"\x00", b"\x12\x01\x06"], rng.randint(0, 3)))
    return _in_udp(rng, stack, 37008, b"\x01\x00\x00\x01" + tags + b"\x01", "tzsp")


def lisp(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 9300 5.1, with or without an instance."""
    if stack.kind != "typed" or stack.number not in (IPV4, IPV6):
        return None
    if rng.random() < 0.3:
        return _in_udp(rng, stack, 4341, struct.pack(">II", 0x8000_0000 | rng.getrandbits(24), 1), "lisp", None)
    instance = some_id(rng, 24)
    header = struct.pack(">II", 0x8800_0000 | rng.getrandbits(24), instance << 8)
    return _in_udp(rng, stack, 4341, header, "lisp", instance, vni=_overlay(stack, instance))


def pppoe(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 2516 4."""
    number = {IPV4: 0x21, IPV6: 0x57, LABELS: 0x281}.get(stack.number, 0)
    if stack.kind != "typed" or number == 0 or len(stack.data) > 60_000:
        return None
    protocol = ppp_protocol(rng, number)
    header = struct.pack(">BBHH", 0x11, 0, rng.getrandbits(16), len(protocol) + len(stack.data))
    return _typed(stack, 0x8864, header + protocol, "pppoe")


def ppp_protocol(rng: random.Random, protocol: int) -> bytes:
    """RFC 1661 6.5: a first byte of zero may be left out."""
    return struct.pack(">H", protocol)[protocol < 0x100 and rng.random() < 0.5 :]


def ppp_header(rng: random.Random, protocol: int) -> bytes:
    """RFC 1661 2 and 6.6: address and control may be left out, too."""
    return rng.choice([b"\xff\x03", b""]) + ppp_protocol(rng, protocol)


def l2tpv2(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 2661 3.1: PPP, with any of length and numbers."""
    number = {IPV4: 0x21, IPV6: 0x57}.get(stack.number, 0)
    if stack.kind != "typed" or number == 0:
        return None
    has_length, is_numbered = rng.random() < 0.5, rng.random() < 0.3
    inside = ppp_header(rng, number) + stack.data
    size = 6 + 2 * has_length + 4 * is_numbered + len(inside)
    header = struct.pack(">H", 2 | 0x4000 * has_length | 0x0800 * is_numbered)
    header += struct.pack(">H", size) if has_length else b""
    header += struct.pack(">HH", rng.randint(1, 65535), rng.randint(1, 65535))
    header += struct.pack(">HH", rng.getrandbits(16), rng.getrandbits(16)) if is_numbered else b""
    ppp = replace(stack, data=inside, path=("ppp", *stack.path))
    return _in_udp(rng, ppp, 1701, header, "l2tpv2")


EXTENSIONS: Final[tuple[tuple[tuple[str, int], ...], ...]] = (
    *((), (), ()),
    (("dstopts", 60),),
    (("hopopts", 0), ("dstopts", 60)),
    (("ah", 51),),
    (("routing", 43),),
)


def in_ip(rng: random.Random, stack: Stack, habit: Habit) -> Stack | None:
    """RFC 791 or RFC 8200, with options or extension headers; also around another IP (RFC 2003, RFC 2473, RFC 4213)."""
    if stack.kind == "eth" or (stack.kind == "typed" and stack.number not in (IPV4, IPV6)):
        return None
    protocol = stack.number if stack.kind == "l4" else {IPV4: 4, IPV6: 41}[stack.number]
    version = {ICMP: 4, ICMPV6: 6}.get(protocol, rng.choice([4, 4, 6]))
    source, target = some_address(rng, version), some_address(rng, version)
    ttl, tos = rng.randint(1, 255), rng.getrandbits(8)
    truth = stack.truth
    if "ip_src" not in truth and not any(name in ("arp", "rarp") for name in stack.path):
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        truth = truth | {"ip_src": socket.inet_ntop(family, source), "ip_dst": socket.inet_ntop(family, target)}
        truth |= {"ip_ttl": ttl, "ip_tos": tos, "ip_version": version}
    if version == 4:
        options = rng.choice([b"", b"", b"", b"\x94\x04\0\0", b"\x01\x01\x01\x00"])  # router alert; NOP, NOP, NOP, end
        identification = rng.getrandbits(16)
        if "ip_id" not in truth and truth.get("ip_version") == 4 and "ip_src" in truth and truth is not stack.truth:
            truth["ip_id"] = identification
        size = 20 + len(options) + len(stack.data)
        if size > 0xFFFF:
            return None
        first = 0x40 | (5 + len(options) // 4)
        header = struct.pack(">BBHHHBBH", first, tos, size, identification, 0x4000, ttl, protocol, 0)
        header += source + target + options
        header = header[:10] + struct.pack(">H", sum16(header)) + header[12:]
        return _typed(stack, IPV4, header, "ip", truth=truth)
    extensions, path, following = b"", list[str](), protocol
    for name, number in reversed(rng.choice(EXTENSIONS)):
        if name == "ah":
            one = struct.pack(">BBHII", following, 4, 0, rng.getrandbits(32), rng.getrandbits(32)) + rng.randbytes(12)
        elif name == "routing":
            # RFC 8754 2: segments as the source listed them, and perhaps padding
            segments, padding = rng.randint(1, 3), rng.choice([b"", b"\x04\x06" + bytes(6)])
            units = 2 * segments + len(padding) // 8
            one = struct.pack(">BBBBBBH", following, units, 4, 0, segments - 1, 0, rng.getrandbits(16))
            one += b"".join(some_address(rng, 6) for _ in range(segments)) + padding
        else:
            units = rng.choice([0, 0, 2])
            one = struct.pack(">BBBB", following, units, 1, 4 + 8 * units) + bytes(4 + 8 * units)
        extensions, path, following = one + extensions, [name, *path], number
    if len(extensions) + len(stack.data) > 0xFFFF:
        return None
    word, size = 6 << 28 | tos << 20 | rng.getrandbits(20), len(extensions) + len(stack.data)
    header = struct.pack(">IHBB", word, size, following, ttl)
    stack = _typed(stack, IPV6, header + source + target + extensions, "ipv6", truth=truth)
    return replace(stack, path=("ipv6", *path, *stack.path[1:]))


CARRIERS: Final[tuple[Carrier, ...]] = (
    one_tag, backbone, fabricpath, trill, fence, labelled, pseudowire, labels_below, gre, bridged,
    mirrored, etherip, vxlan, otv, lisp_frames, gpe, geneve, l2tpv3, tzsp, lisp, pppoe, l2tpv2,
    routed, in_a_call, srv6,
)  # fmt: skip


def some_stack(rng: random.Random, habit: Habit, deepest: int = DEEPEST) -> Stack:
    """A frame with up to six carriers in it, and no more than `deepest` headers."""
    while True:
        stack: Stack = encrypted(rng) if rng.random() < 0.07 else rng.choice(PAYLOADS)(rng)
        left = rng.randint(0, 6)
        while left:
            # what a number of IP belongs to needs IP; what is typed may become a frame, or be carried as it is
            if stack.kind == "l4":
                stack = in_ip(rng, stack, habit) or stack
            made = rng.choice((ethernet, in_ip, *CARRIERS, *CARRIERS))(rng, stack, habit)
            if made is not None and made.kind != "l4":
                stack, left = made, left - 1
            elif made is not None:
                outer = in_ip(rng, made, habit)
                if outer is None:
                    break
                stack, left = outer, left - 1
        stack = in_ip(rng, stack, habit) or stack if stack.kind == "l4" else stack
        outermost = stack if stack.kind == "eth" else ethernet(rng, stack, habit)
        if outermost is not None and len(outermost.path) <= deepest and len(outermost.data) < 60_000:
            return outermost
