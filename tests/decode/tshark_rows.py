"""tshark's word on every frame of a capture, in the words of our columns."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

Row = dict[str, object]

HAS_TSHARK = shutil.which("tshark") is not None
FIELDS = (
    "frame.number", "frame.protocols", "eth.src", "eth.dst", "sll.src.eth", "vlan.id", "ieee8021ad.id", "ip.src",
    "ip.dst", "ip.ttl", "ip.id", "ip.dsfield", "ip.frag_offset", "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.hlim",
    "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.len",
    "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.sack_perm", "tcp.options.sack_le",
    "tcp.options.sack_re", "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr", "udp.srcport",
    "udp.dstport", "udp.length", "icmp.type", "icmp.code", "icmp.ident", "icmp.seq", "icmpv6.type",
    "icmpv6.echo.identifier", "icmpv6.echo.sequence_number", "arp.opcode", "_ws.malformed",
    "ieee8021ah.csrc", "ieee8021ah.cdst", "vmlab.src", "vmlab.dst",
)  # fmt: skip
MACS = (("eth.src", "eth.dst"), ("ieee8021ah.csrc", "ieee8021ah.cdst"), ("vmlab.src", "vmlab.dst"))
"""Addresses of Ethernet headers, by the dissectors that have names of their own for what is inside."""
_SEPARATOR, _AGGREGATOR = "\x1f", "\x1e"


def tshark_rows(path: Path, *arguments: str) -> Iterator[Row]:
    """
    What does tshark say of each frame? Values of the innermost packet that is not an ICMP quotation.

    Nothing is put together (fragments, streams), so that a frame says only what is in it.
    """
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", f"separator={_SEPARATOR}"]
    command += ["-E", f"aggregator={_AGGREGATOR}", "-E", "occurrence=a", "-o", "ip.defragment:FALSE"]
    command += ["-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE", *arguments]
    for name in FIELDS:
        command += ["-e", name]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "WIRESHARK_CONFIG_DIR": home, "TZ": "UTC"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    for line in done.stdout.split("\n"):
        values = line.split(_SEPARATOR)
        if len(values) == len(FIELDS):
            yield _row(
                {name: value.split(_AGGREGATOR) if value else [] for name, value in zip(FIELDS, values, strict=True)}
            )


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
    row["tags"] = _tags(live, all_values["vlan.id"], all_values["ieee8021ad.id"])
    networks = [protocol for protocol in live if protocol in ("ip", "ipv6", "arp")]
    links = [at for at, protocol in enumerate(live) if protocol == "eth"][: len(all_values["eth.src"])]
    last_link = max(links, default=0)
    row["is_arp"] = "arp" in live[last_link:]
    for source, destination in MACS:
        if all_values[source]:
            row["eth_src"], row["eth_dst"] = all_values[source][-1], all_values[destination][-1]
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


def _tags(live: list[str], plain: list[str], service: list[str]) -> list[int]:
    plain, service, tags = list(plain), list(service), []
    for protocol in live:
        if protocol in ("eth", "sll", "ieee8021ah"):  # the last holds the Ethernet header inside
            tags = []
        elif protocol == "vlan" and plain:
            tags.append(_number(plain.pop(0)))
        elif protocol == "ieee8021ad" and service:
            tags.append(_number(service.pop(0)))
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
        if row["icmp_type"] in (0, 8) and values["icmp.ident"]:
            row["icmp_id"], row["icmp_seq"] = _number(values["icmp.ident"][0]), _number(values["icmp.seq"][0])
    elif last == "icmpv6" and values["icmpv6.type"]:
        row["icmp_type"] = _number(values["icmpv6.type"][0])
        if values["icmpv6.echo.identifier"]:
            row["icmp_id"] = _number(values["icmpv6.echo.identifier"][0])
            row["icmp_seq"] = _number(values["icmpv6.echo.sequence_number"][0])
    elif "udp" in live and values["udp.length"]:
        at = live.count("udp") - 1
        if (
            "udp"
            in live[
                max(i for i, protocol in enumerate(live) if protocol in ("eth", "sll", "ip", "ipv6", "arp", "udp")) :
            ]
        ):
            row["src_port"], row["dst_port"] = _number(values["udp.srcport"][at]), _number(values["udp.dstport"][at])
            row["payload_bytes"] = _number(values["udp.length"][at]) - 8
