"""tshark's word on every frame of a capture, in the words of our columns."""

from collections.abc import Iterator
from pathlib import Path

from tests.tshark import tshark_fields

Row = dict[str, object]

FIELDS = (
    "frame.number", "frame.protocols", "eth.src", "eth.dst", "sll.src.eth", "vlan.id", "ieee8021ad.id",
    "ieee8021ad.svid", "ieee8021ad.cvid", "ip.src",
    "ip.dst", "ip.ttl", "ip.id", "ip.dsfield", "ip.frag_offset", "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.hlim",
    "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.len",
    "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.sack_perm", "tcp.options.sack_le",
    "tcp.options.sack_re", "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr", "udp.srcport",
    "udp.dstport", "udp.length", "icmp.type", "icmp.code", "icmp.ident", "icmp.seq", "icmpv6.type",
    "icmpv6.echo.identifier", "icmpv6.echo.sequence_number", "arp.opcode", "_ws.malformed",
    "ieee8021ah.csrc", "ieee8021ah.cdst", "vmlab.src", "vmlab.dst",
)  # fmt: skip
MACS = {
    "eth": ("eth.src", "eth.dst"),
    "l2tp": ("eth.src", "eth.dst"),
    "ieee8021ah": ("ieee8021ah.csrc", "ieee8021ah.cdst"),
    "vmlab": ("vmlab.src", "vmlab.dst"),
}
"""
Addresses of Ethernet headers by the protocol that they stand under: some dissectors have names of their own for what
is inside, and a frame in L2TP has no protocol of its own in the list.
"""


def tshark_rows(path: Path, *arguments: str) -> Iterator[Row]:
    """
    What does tshark say of each frame? Values of the innermost packet that is not an ICMP quotation.

    Nothing is put together (fragments, streams), so that a frame says only what is in it.
    """
    for values in tshark_fields(path, FIELDS, arguments, whole=False):
        yield _row(values)


def _number(text: str) -> int:
    return int(text, 0)


def _row(all_values: dict[str, list[str]]) -> Row:
    """The fields of the innermost network and transport header, told from a quotation by the order of protocols."""
    protocols = all_values["frame.protocols"][0].split(":") if all_values["frame.protocols"] else []
    live: list[str] = []
    for protocol in protocols:
        live.append(protocol)
        if protocol in ("icmp", "icmpv6", "tcp"):
            break
    row: Row = {"frame": int(all_values["frame.number"][0]), "protocols": ":".join(protocols)}
    row["malformed"] = bool(all_values["_ws.malformed"])
    row["tags"] = _tags(live, all_values)
    networks = [protocol for protocol in live if protocol in ("ip", "ipv6", "arp")]
    links = [at for at, protocol in enumerate(live) if protocol == "eth"][: len(all_values["eth.src"])]
    last_link = max(links, default=0)
    row["is_arp"] = "arp" in live[last_link:]
    _link(row, live, all_values)
    family = networks[-1] if any(protocol in networks for protocol in live[last_link:]) else "arp"
    at = networks.count(family) - 1
    # of a header that it finds bogus tshark names the protocol and no field
    if family != "arp" and len(all_values[f"{family}.dst"]) > at:
        row["ip_version"] = 4 if family == "ip" else 6
        row["src"], row["dst"] = all_values[f"{family}.src"][at], all_values[f"{family}.dst"][at]
        row["ip_ttl"] = _number(all_values["ip.ttl" if family == "ip" else "ipv6.hlim"][at])
        if family == "ip":
            row["ip_id"], row["ip_tos"] = _number(all_values["ip.id"][at]), _number(all_values["ip.dsfield"][at])
    _transport(row, live, all_values)
    return row


def _is_link(live: list[str], at: int) -> bool:
    """Does an Ethernet header stand here? L2TP carries PPP or frames."""
    return live[at] in ("eth", "sll", "ieee8021ah", "vmlab") or (
        live[at] == "l2tp" and "ethertype" in live[at + 1 : at + 2]
    )


def _link(row: Row, live: list[str], values: dict[str, list[str]]) -> None:
    """The addresses of the innermost Ethernet header."""
    seen = dict.fromkeys((source for source, _ in MACS.values()), 0)
    for at, protocol in enumerate(live):
        if protocol in MACS and _is_link(live, at):
            source, destination = MACS[protocol]
            if len(values[source]) > seen[source]:
                row["eth_src"], row["eth_dst"] = values[source][seen[source]], values[destination][seen[source]]
            seen[source] += 1


def _tags(live: list[str], values: dict[str, list[str]]) -> list[int]:
    """The tags of the innermost Ethernet header; two service tags after each other are shown as one protocol."""
    plain, service = list(values["vlan.id"]), list(values["ieee8021ad.id"])
    pairs = list(zip(values["ieee8021ad.svid"], values["ieee8021ad.cvid"], strict=True))
    tags: list[int] = []
    for at, protocol in enumerate(live):
        if _is_link(live, at):
            tags = []
        elif protocol == "vlan" and plain:
            tags.append(_number(plain.pop(0)))
        elif protocol == "ieee8021ad" and service:
            tags.append(_number(service.pop(0)))
        elif protocol == "ieee8021ad" and pairs:
            tags += [_number(tag) for tag in pairs.pop(0)]
    return tags


def _transport(row: Row, live: list[str], values: dict[str, list[str]]) -> None:
    last = live[-1] if live else ""
    if "tcp" in live and values["tcp.flags"] and values["tcp.len"]:
        for name, field in (("tcp_seq", "seq_raw"), ("tcp_ack", "ack_raw"), ("tcp_flags", "flags")):
            row[name] = _number(values[f"tcp.{field}"][0])
        row["src_port"], row["dst_port"] = _number(values["tcp.srcport"][0]), _number(values["tcp.dstport"][0])
        row["tcp_window"] = _number(values["tcp.window_size_value"][0])
        row["payload_bytes"] = _number(values["tcp.len"][0])
        for name, field in (
            ("mss", "mss_val"),
            ("scale", "wscale.shift"),
            ("ts_value", "timestamp.tsval"),
            ("ts_echo", "timestamp.tsecr"),
        ):
            row[name] = [_number(value) for value in values[f"tcp.options.{field}"]]
        edges = zip(values["tcp.options.sack_le"], values["tcp.options.sack_re"], strict=False)
        row["sack_blocks"] = len(list(edges))
        row["sack_permitted"] = bool(values["tcp.options.sack_perm"])
    elif last == "icmp" and values["icmp.type"]:
        row["icmp_type"], row["icmp_code"] = _number(values["icmp.type"][0]), _number(values["icmp.code"][0])
        if row["icmp_type"] in (0, 8) and values["icmp.seq"]:
            row["icmp_id"], row["icmp_seq"] = _number(values["icmp.ident"][0]), _number(values["icmp.seq"][0])
    elif last == "icmpv6" and values["icmpv6.type"]:
        row["icmp_type"] = _number(values["icmpv6.type"][0])
        if values["icmpv6.echo.sequence_number"]:
            row["icmp_id"] = _number(values["icmpv6.echo.identifier"][0])
            row["icmp_seq"] = _number(values["icmpv6.echo.sequence_number"][0])
    elif "udp" in live:
        at = live.count("udp") - 1
        inside = max(i for i, protocol in enumerate(live) if protocol in ("eth", "sll", "ip", "ipv6", "arp", "udp"))
        # of a header that was cut tshark names the protocol and no field
        if live[inside] == "udp" and len(values["udp.length"]) > at:
            row["src_port"], row["dst_port"] = _number(values["udp.srcport"][at]), _number(values["udp.dstport"][at])
            row["payload_bytes"] = _number(values["udp.length"][at]) - 8
