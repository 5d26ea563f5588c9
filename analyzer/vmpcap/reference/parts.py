"""The packets table by tshark: which fields each group of its columns is made of, and how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from vmpcap.reference.layers import (
    LINK_TYPES,
    LINKS,
    OVERLAYS,
    PATH_FIELDS,
    Header,
    headers,
    live_layers,
    number,
    path_text,
)
from vmpcap.reference.tshark import Values
from vmpcap.terms.marks import TCP_MARKS
from vmpcap.terms.wire import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_RARP

Row = dict[str, Any]


@dataclass(slots=True)
class Frame:
    """One frame as tshark told it."""

    values: Values
    live: list[str]
    """tshark's protocols of this packet, without those that it quotes."""

    def first(self, name: str) -> int | None:
        """The outermost value of a field as a number."""
        found = self.values[name]
        return number(found[0]) if found else None

    def last(self, name: str) -> int | None:
        """The innermost value of a field as a number."""
        found = self.values[name]
        return number(found[-1]) if found else None

    def at(self, name: str, place: int) -> int | None:
        """The value of the header of this ordinal as a number."""
        found = self.values[name]
        return number(found[place]) if place < len(found) else None

    def text(self, name: str, place: int = 0) -> str | None:
        """The value of the header of this ordinal."""
        found = self.values[name]
        return found[place] if place < len(found) else None


@dataclass(frozen=True, slots=True)
class Part:
    """Columns that are made together."""

    columns: tuple[str, ...]
    fields: tuple[str, ...]
    made: Callable[[Frame], Row]


# where and when


def _read(frame: Frame) -> Row:
    return {
        "frame": frame.first("frame.number"),
        "ts": nanoseconds(frame.text("frame.time_epoch")),
        "captured_bytes": frame.first("frame.cap_len"),
        "wire_bytes": frame.first("frame.len"),
        "interface": frame.first("frame.interface_id"),
        "link_type": LINK_TYPES.get(frame.first("frame.encap_type") or -1),
    }


LATEST: Final = 2**63 - 1
"""In 2262: later times are held back to it, as in the packets table."""


def nanoseconds(epoch: str | None) -> int | None:
    """
    Seconds with nine decimals as nanoseconds. A fraction of a second or more has a tenth digit.

    >>> nanoseconds("1.000000001"), nanoseconds("-1.5"), nanoseconds(None)
    (1000000001, -1500000000, None)
    """
    if not epoch:
        return None
    whole, _, fraction = epoch.partition(".")
    exact = int(whole) * 10**9 + (-1 if whole.startswith("-") else 1) * int(fraction.ljust(9, "0"))
    return max(min(exact, LATEST), -LATEST)


# the way in


def _way(frame: Frame) -> Row:
    found = list(headers(frame.values, frame.live))
    overlays = [header.ids[0] for header in found if header.word in OVERLAYS and header.ids]
    return {
        "encapsulation": path_text(found),
        "ids": [one for header in found for one in header.ids],
        "vlan_ids": _tags(found)[:2],
        "vni": overlays[-1] if overlays else None,
    }


def _tags(found: list[Header]) -> list[int | None]:
    tags: list[int | None] = []
    for header in found:
        if header.word in LINKS:
            tags = []
        elif header.word == "vlan":
            tags += header.ids
    return tags


MACS: Final = (
    ("eth.src", "eth.dst"),
    ("ieee8021ah.csrc", "ieee8021ah.cdst"),
    ("vmlab.src", "vmlab.dst"),
    ("tr.src", "tr.dst"),
)
"""Addresses of frames by the dissectors that have names of their own for them; a later one lies inside an earlier.
Those of FDDI are left out: Wireshark turns the bits of each byte round."""
SENDER_ONLY: Final = "sll.src.eth"


def _link(frame: Frame) -> Row:
    row: Row = {"eth_src": frame.text(SENDER_ONLY)}
    for source, destination in MACS:
        if frame.values[source]:
            row["eth_src"], row["eth_dst"] = frame.values[source][-1], frame.values[destination][-1]
    return row


# the network


@dataclass(frozen=True, slots=True)
class Network:
    """Which of the network headers is the innermost?"""

    family: str
    """ip, ipv6, arp or nothing."""
    place: int


def innermost(frame: Frame) -> Network:
    """
    The innermost network header of the innermost frame.

    An IP header outside of a frame whose own network header is unknown is not it.
    """
    names = frame.live
    networks = [name for name in names if name in ("ip", "ipv6", "arp")]
    # a frame that is too short for its header has none
    links = [at for at, name in enumerate(names) if name == "eth"][: len(frame.values["eth.src"])]
    last_link = max((*links, *(at for at, name in enumerate(names) if name in ("vmlab", "ieee8021ah"))), default=0)
    if not networks or not any(name in networks for name in names[last_link:]):
        return Network("", 0)
    return Network(networks[-1], networks.count(networks[-1]) - 1)


FRAGMENT_WORDS: Final = {(False, False): "whole", (False, True): "first", (True, False): "later", (True, True): "later"}
ETHERTYPES: Final = ("eth.type", "sll.etype", "vlan.etype")
"""Outermost first: the innermost that is there tells, where no network header does."""


def _network(frame: Frame) -> Row:
    found = innermost(frame)
    # of a header that it finds bogus tshark names the protocol and no field
    if found.family == "ip" and frame.text("ip.dst", found.place) is not None:
        offset, more = frame.at("ip.frag_offset", found.place), frame.at("ip.flags.mf", found.place)
        return {
            "ethertype": ETHERTYPE_IPV4,
            "ip_version": 4,
            "ip_src": frame.text("ip.src", found.place),
            "ip_dst": frame.text("ip.dst", found.place),
            "ip_protocol": _behind_extensions(frame, "ip", frame.at("ip.proto", found.place)),
            "ip_ttl": frame.at("ip.ttl", found.place),
            "ip_tos": frame.at("ip.dsfield", found.place),
            "ip_id": frame.at("ip.id", found.place),
            "ip_fragment": FRAGMENT_WORDS[bool(offset), bool(more)],
        }
    if found.family == "ipv6" and frame.text("ipv6.dst", found.place) is not None:
        return {
            "ethertype": ETHERTYPE_IPV6,
            "ip_version": 6,
            "ip_src": frame.text("ipv6.src", found.place),
            "ip_dst": frame.text("ipv6.dst", found.place),
            "ip_protocol": _behind_extensions(frame, "ipv6", frame.at("ipv6.nxt", found.place)),
            "ip_ttl": frame.at("ipv6.hlim", found.place),
            "ip_tos": frame.at("ipv6.tclass", found.place),
            "ip_id": frame.last("ipv6.fraghdr.ident"),
            "ip_fragment": FRAGMENT_WORDS[
                bool(frame.last("ipv6.fraghdr.offset")), bool(frame.last("ipv6.fraghdr.more"))
            ],
        }
    if found.family == "arp":
        return {"ethertype": ETHERTYPE_RARP if frame.first("arp.opcode") in (3, 4) else ETHERTYPE_ARP}
    return {"ethertype": next((kind for name in reversed(ETHERTYPES) if (kind := frame.last(name)) is not None), None)}


EXTENSIONS: Final = {
    "ipv6.hopopts": "ipv6.hopopts.nxt", "ipv6.routing": "ipv6.routing.nxt", "ipv6.fraghdr": "ipv6.fraghdr.nxt",
    "ipv6.dstopts": "ipv6.dstopts.nxt", "ah": "ah.next_header", "mipv6": "mip6.proto", "hip": "hip.proto",
    "shim6": "shim6.nxt",
}  # fmt: skip


def _behind_extensions(frame: Frame, family: str, protocol: int | None) -> int | None:
    """Which protocol do the headers behind the fixed one lead to?"""
    begun = max(at for at, name in enumerate(frame.live) if name == family)
    for name in frame.live[begun + 1 :]:
        if name not in EXTENSIONS:
            break
        protocol = frame.last(EXTENSIONS[name])
    return protocol


# the transport


def _transport(frame: Frame) -> Row:
    last = next((name for name in reversed(frame.live) if name in TRANSPORTS), "")
    row: Row = TRANSPORTS[last](frame) if last and _is_inner(frame, last) else {}
    return row


def _is_inner(frame: Frame, name: str) -> bool:
    """Does this header belong to the innermost network header, or is it of a tunnel around it?"""
    names = frame.live
    begun = max((at for at, one in enumerate(names) if one in ("ip", "ipv6", "arp", "eth", "sll")), default=0)
    return name in names[begun:]


def _tcp(frame: Frame) -> Row:
    if not frame.values["tcp.flags"] or not frame.values["tcp.len"]:
        return {}
    edges = zip(frame.values["tcp.options.sack_le"], frame.values["tcp.options.sack_re"], strict=False)
    return {
        "src_port": frame.first("tcp.srcport"),
        "dst_port": frame.first("tcp.dstport"),
        "payload_bytes": frame.first("tcp.len"),
        "tcp_seq": frame.first("tcp.seq_raw"),
        "tcp_ack": frame.first("tcp.ack_raw"),
        "tcp_flags": frame.first("tcp.flags"),
        "tcp_window": frame.first("tcp.window_size_value"),
        "tcp_mss": frame.first("tcp.options.mss_val"),
        "tcp_window_scale": frame.first("tcp.options.wscale.shift"),
        "tcp_sack_permitted": bool(frame.values["tcp.options.sack_perm"]),
        "tcp_ts_value": frame.first("tcp.options.timestamp.tsval"),
        "tcp_ts_echo": frame.first("tcp.options.timestamp.tsecr"),
        "tcp_sack": [number(edge) for pair in edges for edge in pair],
    }


def _udp(frame: Frame) -> Row:
    place = frame.live.count("udp") - 1
    length = frame.at("udp.length", place)
    return {
        "src_port": frame.at("udp.srcport", place),
        "dst_port": frame.at("udp.dstport", place),
        "payload_bytes": None if length is None else max(length - 8, 0),
    }


def _icmp(frame: Frame) -> Row:
    row: Row = {"icmp_type": frame.first("icmp.type"), "icmp_code": frame.first("icmp.code")}
    if row["icmp_type"] in (0, 8):
        row |= {"icmp_id": frame.first("icmp.ident"), "icmp_seq": frame.first("icmp.seq")}
    return row


def _icmpv6(frame: Frame) -> Row:
    return {
        "icmp_type": frame.first("icmpv6.type"),
        "icmp_code": frame.first("icmpv6.code"),
        "icmp_id": frame.first("icmpv6.echo.identifier"),
        "icmp_seq": frame.first("icmpv6.echo.sequence_number"),
    }


TRANSPORTS: Final[dict[str, Callable[[Frame], Row]]] = {"tcp": _tcp, "udp": _udp, "icmp": _icmp, "icmpv6": _icmpv6}


# announcements, tunnels

ABOUT_ETHERNET: Final = 1
ABOUT_IPV4: Final = 0x0800


def _arp(frame: Frame) -> Row:
    """Only of bodies about Ethernet and IPv4, as in the packets table."""
    if innermost(frame).family != "arp" or not frame.values["arp.src.proto_ipv4"]:
        return {}
    return {
        "arp_op": frame.first("arp.opcode"),
        "arp_sender_mac": frame.text("arp.src.hw_mac"),
        "arp_sender_ip": frame.text("arp.src.proto_ipv4"),
        "arp_target_mac": frame.text("arp.dst.hw_mac"),
        "arp_target_ip": frame.text("arp.dst.proto_ipv4"),
    }


NUMBERED: Final = {"gre": "gre.sequence_number", "pptp": "gre.sequence_number", "esp": "esp.sequence"}


def _tunnel(frame: Frame) -> Row:
    for name in frame.live:
        if name in NUMBERED and frame.values[NUMBERED[name]]:
            return {"tunnel_seq": frame.first(NUMBERED[name])}
    return {}


MIRROR_CLOCK: Final = ("erspan.timestamp", "erspan.gra", "erspan.o", "erspan.platid")
BEYOND: Final = {
    0: "erspan.pid7.timestamp",
    3: "erspan.pid3.timestamp",
    5: "erspan.pid5.timestamp",
    6: "erspan.pid5.timestamp",
    7: "erspan.pid7.timestamp",
}
"""The rest of a clock, by the platform whose header has it: seconds of 5 and 6, of others the upper half of a count."""
UNITS_NS: Final = (100_000, 100, 1)
"""By the granularity; the one that follows is its owner's."""
OF_1588: Final = 2


def _clock(frame: Frame) -> Row:
    """Of the outermost header: the first of each field, where it has one."""
    count, unit = frame.first("erspan.timestamp"), frame.first("erspan.gra")
    if count is None or unit is None or unit >= len(UNITS_NS):
        return {}
    has_more, platform = bool(frame.first("erspan.o")), frame.first("erspan.platid")
    beyond = frame.first(BEYOND[platform]) if has_more and platform in BEYOND else None
    if has_more and (platform is None or (platform in BEYOND and beyond is None)):
        return {"mirror_clock_ns": None, "mirror_clock_unit_ns": UNITS_NS[unit]}
    ns = count * UNITS_NS[unit]
    if beyond is not None and unit == OF_1588 and platform in (5, 6):
        ns += beyond * 10**9
    elif beyond is not None and unit != OF_1588 and platform not in (5, 6):
        ns += (beyond << 32) * UNITS_NS[unit]
    return {"mirror_clock_ns": ns if ns < 1 << 63 else None, "mirror_clock_unit_ns": UNITS_NS[unit]}


def _analysis(frame: Frame) -> Row:
    """Of the innermost TCP header; marks are fields without a value of their own."""
    if not frame.values["tcp.flags"] or not frame.values["tcp.len"]:
        return {}
    return {
        "tcp_stream": frame.last("tcp.stream"),
        "tcp_analysis": [name for name in TCP_MARKS if frame.values[f"tcp.analysis.{name}"]],
        "tcp_ack_rtt_us": _microseconds(frame, "tcp.analysis.ack_rtt"),
        "tcp_bytes_in_flight": frame.last("tcp.analysis.bytes_in_flight"),
        "tcp_initial_rtt_us": _microseconds(frame, "tcp.analysis.initial_rtt"),
    }


def _microseconds(frame: Frame, name: str) -> float | None:
    """A duration of the innermost header that has it."""
    duration = nanoseconds(frame.text(name, -1)) if frame.values[name] else None
    return None if duration is None else duration / 1000


PARTS: Final = (
    Part(
        ("frame", "ts", "captured_bytes", "wire_bytes", "interface", "link_type"),
        ("frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_id", "frame.encap_type"),
        _read,
    ),
    Part(("encapsulation", "ids", "vlan_ids", "vni"), PATH_FIELDS, _way),
    Part(("eth_src", "eth_dst"), (SENDER_ONLY, *(name for pair in MACS for name in pair)), _link),
    Part(
        ("ethertype", "ip_version", "ip_src", "ip_dst", "ip_protocol", "ip_ttl", "ip_tos", "ip_id", "ip_fragment"),
        (
            *(
                "eth.src",
                "ip.src",
                "ip.dst",
                "ip.proto",
                "ip.ttl",
                "ip.dsfield",
                "ip.id",
                "ip.frag_offset",
                "ip.flags.mf",
            ),
            *("ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.hlim", "ipv6.tclass", "arp.opcode"),
            *("ipv6.fraghdr.ident", "ipv6.fraghdr.offset", "ipv6.fraghdr.more"),
            *ETHERTYPES,
            *EXTENSIONS.values(),
        ),
        _network,
    ),
    Part(
        (
            *("src_port", "dst_port", "payload_bytes", "tcp_seq", "tcp_ack", "tcp_flags", "tcp_window", "tcp_mss"),
            *("tcp_window_scale", "tcp_sack_permitted", "tcp_ts_value", "tcp_ts_echo", "tcp_sack"),
            *("icmp_type", "icmp_code", "icmp_id", "icmp_seq"),
        ),
        (
            *("tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value"),
            *("tcp.len", "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.sack_perm"),
            *("tcp.options.sack_le", "tcp.options.sack_re", "tcp.options.timestamp.tsval"),
            *("tcp.options.timestamp.tsecr", "udp.srcport", "udp.dstport", "udp.length", "icmp.type", "icmp.code"),
            *("icmp.ident", "icmp.seq", "icmpv6.type", "icmpv6.code", "icmpv6.echo.identifier"),
            "icmpv6.echo.sequence_number",
        ),
        _transport,
    ),
    Part(
        ("arp_op", "arp_sender_mac", "arp_sender_ip", "arp_target_mac", "arp_target_ip"),
        ("eth.src", "arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.hw_mac", "arp.dst.proto_ipv4"),
        _arp,
    ),
    Part(("tunnel_seq",), tuple(dict.fromkeys(NUMBERED.values())), _tunnel),
    Part(("mirror_clock_ns", "mirror_clock_unit_ns"), (*MIRROR_CLOCK, *dict.fromkeys(BEYOND.values())), _clock),
    Part(
        ("tcp_stream", "tcp_analysis", "tcp_ack_rtt_us", "tcp_bytes_in_flight", "tcp_initial_rtt_us"),
        (
            *("tcp.flags", "tcp.len", "tcp.stream", "tcp.analysis.ack_rtt", "tcp.analysis.bytes_in_flight"),
            "tcp.analysis.initial_rtt",
            *(f"tcp.analysis.{name}" for name in TCP_MARKS),
        ),
        _analysis,
    ),
)
"""Every column that tshark knows; `stop` and `is_copy` are ours alone, and null."""

TOLD: Final = tuple(column for part in PARTS for column in part.columns)
OURS_ALONE: Final = ("stop", "is_copy")
PROTOCOLS: Final = "frame.protocols"


def parts_for(columns: "set[str]") -> tuple[Part, ...]:
    """Which parts make these columns?"""
    return tuple(part for part in PARTS if not columns.isdisjoint(part.columns))


def fields_of(parts: tuple[Part, ...]) -> tuple[str, ...]:
    """What is tshark asked for them?"""
    return tuple(dict.fromkeys((PROTOCOLS, *(name for part in parts for name in part.fields))))


def row_of(values: Values, parts: tuple[Part, ...]) -> Row:
    """What do these parts say of one frame?"""
    frame = Frame(values, live_layers(values))
    row: Row = {}
    for part in parts:
        row |= part.made(frame)
    return row
