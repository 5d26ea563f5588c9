"""What a person sees of a packet: its columns, in the order of their use."""

from collections.abc import Sequence
from typing import Final

from vmpcap.report.clean import clean
from vmpcap.report.tables import Shown, as_is, clock_time, endpoint, plain_number
from vmpcap.terms.columns import KINDS, PACKETS
from vmpcap.terms.wire import (
    ARP_REPLY,
    ARP_REQUEST,
    RARP_REPLY,
    RARP_REQUEST,
    TCP_ACK,
    TCP_CWR,
    TCP_ECE,
    TCP_FIN,
    TCP_PSH,
    TCP_RST,
    TCP_SYN,
    TCP_URG,
)

FLAGS: Final = {
    TCP_SYN: "SYN", TCP_FIN: "FIN", TCP_RST: "RST", TCP_PSH: "PSH", TCP_ACK: "ACK", TCP_URG: "URG", TCP_ECE: "ECE",
    TCP_CWR: "CWR",
}  # fmt: skip
ARP_WORDS: Final = {
    ARP_REQUEST: "request",
    ARP_REPLY: "reply",
    RARP_REQUEST: "request reverse",
    RARP_REPLY: "reply reverse",
}


NOWHERE: Final = "0.0.0.0"  # noqa: S104 - what announcements hold in place of an address


def an_end(ip: str | None, port: int | None, arp_ip: str | None, mac: str | None) -> str:
    """One end of a packet by the innermost address that it has."""
    if ip:
        return endpoint(ip, port)
    return clean((arp_ip if arp_ip != NOWHERE else None) or mac or "")


def what_it_is(path: str | None, flags: int | None, arp_op: int | None, icmp_type: int | None) -> str:
    """The innermost header, and what a person looks for in it first."""
    name = clean((path or "").rpartition("/")[2].partition(":")[0])
    if flags is not None:
        return f"{name} {' '.join(word for bit, word in FLAGS.items() if flags & bit)}".rstrip()
    if arp_op is not None:
        return f"{name} {ARP_WORDS.get(arp_op, arp_op)}"
    return name if icmp_type is None else f"{name} {icmp_type}"


def unless_complete(stop: str | None) -> str:
    """Why a walk ended, where it did so too early."""
    return "" if stop in (None, "complete") else as_is(stop)


def only_if(value: bool | None) -> str:
    """A word where it holds, nothing where it does not."""
    return "copy" if value else ""


PACKET_VIEW: Final = (
    Shown("frame", ("frame",), plain_number, True),
    Shown("time (UTC)", ("ts",), clock_time),
    Shown("from", ("ip_src", "src_port", "arp_sender_ip", "eth_src"), an_end),
    Shown("to", ("ip_dst", "dst_port", "arp_target_ip", "eth_dst"), an_end),
    Shown("what", ("encapsulation", "tcp_flags", "arp_op", "icmp_type"), what_it_is),
    Shown("bytes", ("wire_bytes",), as_is, True),
    Shown("payload", ("payload_bytes",), as_is, True),
    Shown("stop", ("stop",), unless_complete),
    Shown("copy", ("is_copy",), only_if),
    Shown("inside", ("encapsulation",), as_is),
    Shown("seq", ("tcp_seq",), plain_number, True),
    Shown("ack", ("tcp_ack",), plain_number, True),
    Shown("window", ("tcp_window",), plain_number, True),
)
"""What a person wants to see of a packet first."""
POINT: Final = Shown("point", ("point",), as_is)
"""In front of it where there are several."""


SHOWN_AS: Final = {
    (kind, has_unit): (
        clock_time if kind == "time" else plain_number if kind == "count" and not has_unit else as_is,
        kind in ("count", "float"),
    )
    for kind in KINDS
    for has_unit in (False, True)
}
"""How a value is written, and whether at the right: by the kind of its column, and whether that has a unit."""


def plain_view(names: Sequence[str]) -> tuple[Shown, ...]:
    """These columns and no others, under their own names."""
    columns = {column.name: column for column in PACKETS}
    return tuple(Shown(name, (name,), *SHOWN_AS[columns[name].kind, bool(columns[name].unit)]) for name in names)
