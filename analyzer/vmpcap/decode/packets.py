"""The packets table: from which quantities each of its columns is made, and where it is known."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.fields import tcp
from vmpcap.decode.fields.mirrors import NO_CLOCK
from vmpcap.decode.paths import path_text, written_ids
from vmpcap.decode.stops import STOPS
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.alike import alike
from vmpcap.terms.cells import (
    flag_cells,
    ip_cells,
    list_cells,
    listed_cells,
    mac_cells,
    nulls,
    number_cells,
    shared_cells,
    tag_cells,
    time_cells,
    us_cells,
)
from vmpcap.terms.columns import PACKETS, dtypes
from vmpcap.terms.marks import TCP_MARKS
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import (
    ICMP_ECHO_REPLY,
    ICMP_ECHO_REQUEST,
    ICMPV6_ECHO_REPLY,
    ICMPV6_ECHO_REQUEST,
    IP_ICMP,
    IP_ICMPV6,
    IP_TCP,
    IP_UDP,
)

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Rows = Mapping[str, npt.NDArray[Any]]
"""Quantities of packets by name, as `gather` puts them side by side."""

FRAGMENTS: Final = ("whole", "first", "later")
"""By Frames.ip_fragment."""
STOP_NAMES: Final = tuple(stop.name for stop in STOPS)
OPTIONS_IN_PART: Final = tcp.OPTIONS_CUT | tcp.OPTIONS_BAD
"""Where one of these is set, an option that was not found may have been there."""


class Known(NamedTuple):
    """Where a column has a value."""

    needs: tuple[str, ...]
    holds: Callable[[Rows], Bools]


class Recipe(NamedTuple):
    """How a column is made."""

    needs: tuple[str, ...]
    """Quantities that its values are made of."""
    cells: "Callable[[Rows, Bools], pl.Series]"
    known: Known


# where it is known


def _always() -> Known:
    return Known(("frame",), lambda rows: np.ones(len(rows["frame"]), np.bool_))


def _not(name: str, unknown: int) -> Known:
    """Where this quantity is not the number that stands for nothing."""
    return Known((name,), lambda rows: rows[name] != unknown)


def _reached(*protocols: int) -> Known:
    """Where the walk reached the header of one of these protocols."""

    def holds(rows: Rows) -> Bools:
        is_one = np.zeros(len(rows["ip_protocol"]), np.bool_)
        for protocol in protocols:
            is_one |= rows["ip_protocol"] == protocol
        reached: Bools = is_one & (rows["transport_at"] >= 0)
        return reached

    return Known(("transport_at", "ip_protocol"), holds)


def _option(bit: int) -> Known:
    """Where the segment has this option."""
    return Known(("tcp_options",), lambda rows: rows["tcp_options"] & bit != 0)


def _option_or_none(bit: int) -> Known:
    """Where it is sure whether the segment has this option."""

    def holds(rows: Rows) -> Bools:
        options = rows["tcp_options"]
        sure: Bools = IS_TCP.holds(rows) & ((options & bit != 0) | (options & OPTIONS_IN_PART == 0))
        return sure

    return Known((*IS_TCP.needs, "tcp_options"), holds)


def _is_echo(rows: Rows) -> Bools:
    is_new = rows["ip_version"] == 6
    kinds = rows["icmp_type"]
    old, new = (ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST), (ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY)
    return IS_ICMP.holds(rows) & np.where(is_new, np.isin(kinds, new), np.isin(kinds, old))


def _has_ip_id(rows: Rows) -> Bools:
    """IPv4 always has one, IPv6 in a fragment header: an id of 0 there, in a packet that is whole, is overlooked."""
    known: Bools = (rows["ip_version"] == 4) | (rows["ip_id"] != 0) | (rows["ip_fragment"] != 0)
    return known


ALWAYS: Final = _always()
IS_IP: Final = _not("ip_version", 0)
IS_TCP: Final = _reached(IP_TCP)
IS_ICMP: Final = _reached(IP_ICMP, IP_ICMPV6)
HAS_PORTS: Final = _reached(IP_TCP, IP_UDP)
HAS_TRANSPORT: Final = _not("transport_at", -1)
IS_ECHO: Final = Known((*IS_ICMP.needs, "ip_version", "icmp_type"), _is_echo)
HAS_IP_ID: Final = Known(("ip_version", "ip_id", "ip_fragment"), _has_ip_id)
IS_ARP: Final = _not("arp_kind", 0)
CAN_BE_COPY: Final = Known(("network_at", "ts_ns"), lambda rows: (rows["network_at"] >= 0) & (rows["ts_ns"] != NO_TIME))


# how it is made


def _number(name: str, known: Known = ALWAYS) -> Recipe:
    """The quantity as it is."""
    return Recipe((name,), lambda rows, where: number_cells(rows[name], where), known)


def _name(name: str, names: Sequence[str], known: Known = ALWAYS) -> Recipe:
    """The name of a number that counts along a list."""
    return Recipe((name,), lambda rows, where: listed_cells(rows[name], names, where), known)


def _mac(name: str, known: Known) -> Recipe:
    def cells(rows: Rows, where: Bools) -> "pl.Series":
        shared = alike(rows[name])
        return shared_cells(shared.number, mac_cells(rows[name][shared.first]), where)

    return Recipe((name,), cells, known)


def _ip(name: str, known: Known) -> Recipe:
    high, low = f"{name}_high", f"{name}_low"

    def cells(rows: Rows, where: Bools) -> "pl.Series":
        shared = alike(rows[high], rows[low])
        return shared_cells(shared.number, ip_cells(rows[high][shared.first], rows[low][shared.first]), where)

    return Recipe((high, low), cells, known)


def _encapsulation(rows: Rows, where: Bools) -> "pl.Series":
    """Paths with their ids, each written once: first which ids of each path are written, then what is alike."""
    import polars as pl

    high, low, ids = rows["path_high"], rows["path_low"], rows["ids"]
    most = int(rows["id_count"].max())
    path = alike(high, low)
    pairs = [(int(high[row]), int(low[row])) for row in path.first]
    is_written = np.zeros((len(pairs), most), np.bool_)
    for number, pair in enumerate(pairs):
        flags = written_ids(*pair)[:most]
        is_written[number, : len(flags)] = flags
    listed = np.arange(most) < rows["id_count"][:, None]
    written = np.where(is_written[path.number] & listed, ids[:, :most], -1)
    shared = alike(path.number, *written.T)
    texts = [path_text(*pairs[int(path.number[row])], ids=written[row].tolist()) for row in shared.first]
    return shared_cells(shared.number, pl.Series(texts, dtype=pl.String), where)


def _sack(rows: Rows, where: Bools) -> "pl.Series":
    return list_cells(rows["tcp_sack"], 2 * rows["tcp_sack_blocks"], where)


def _analysis(rows: Rows, where: Bools) -> "pl.Series":
    import polars as pl

    shared = alike(rows["marks"])
    names = [[name for bit, name in enumerate(TCP_MARKS) if int(rows["marks"][row]) >> bit & 1] for row in shared.first]
    return shared_cells(shared.number, pl.Series(names, dtype=pl.List(pl.String)), where)


RECIPES: Final = {
    "frame": _number("frame"),
    "ts": Recipe(("ts_ns",), lambda rows, where: time_cells(rows["ts_ns"]), ALWAYS),
    "captured_bytes": _number("captured_bytes"),
    "wire_bytes": _number("wire_bytes"),
    "interface": _number("interface"),
    "link_type": _number("link_type", _not("link_type", -1)),
    "stop": _name("stop", STOP_NAMES),
    "encapsulation": Recipe(("path_high", "path_low", "ids", "id_count"), _encapsulation, _not("path_high", 0)),
    "ids": Recipe(("ids", "id_count"), lambda rows, where: list_cells(rows["ids"], rows["id_count"]), ALWAYS),
    "vlan_ids": Recipe(
        ("vlan_outer_id", "vlan_inner_id"),
        lambda rows, where: tag_cells(rows["vlan_outer_id"], rows["vlan_inner_id"]),
        ALWAYS,
    ),
    "vni": _number("vni", _not("vni", -1)),
    "eth_src": _mac("eth_src", _not("eth_src", NO_MAC)),
    "eth_dst": _mac("eth_dst", _not("eth_dst", NO_MAC)),
    "ethertype": _number("ethertype", _not("ethertype", 0)),
    "ip_version": _number("ip_version", IS_IP),
    "ip_src": _ip("src", IS_IP),
    "ip_dst": _ip("dst", IS_IP),
    "ip_protocol": _number("ip_protocol", IS_IP),
    "ip_ttl": _number("ip_ttl", IS_IP),
    "ip_tos": _number("ip_tos", IS_IP),
    "ip_id": _number("ip_id", HAS_IP_ID),
    "ip_fragment": _name("ip_fragment", FRAGMENTS, IS_IP),
    "src_port": _number("src_port", HAS_PORTS),
    "dst_port": _number("dst_port", HAS_PORTS),
    "payload_bytes": _number("payload_bytes", HAS_TRANSPORT),
    "tcp_seq": _number("tcp_seq", IS_TCP),
    "tcp_ack": _number("tcp_ack", IS_TCP),
    "tcp_flags": _number("tcp_flags", IS_TCP),
    "tcp_window": _number("tcp_window", IS_TCP),
    "tcp_mss": _number("tcp_mss", _option(tcp.HAS_MSS)),
    "tcp_window_scale": _number("tcp_window_scale", _option(tcp.HAS_WINDOW_SCALE)),
    "tcp_sack_permitted": Recipe(
        ("tcp_options",),
        lambda rows, where: flag_cells(rows["tcp_options"] & tcp.HAS_SACK_PERMITTED != 0, where),
        _option_or_none(tcp.HAS_SACK_PERMITTED),
    ),
    "tcp_ts_value": _number("tcp_ts_value", _option(tcp.HAS_TIMESTAMPS)),
    "tcp_ts_echo": _number("tcp_ts_echo", _option(tcp.HAS_TIMESTAMPS)),
    "tcp_sack": Recipe(("tcp_sack", "tcp_sack_blocks"), _sack, _option_or_none(tcp.HAS_SACK)),
    "icmp_type": _number("icmp_type", IS_ICMP),
    "icmp_code": _number("icmp_code", IS_ICMP),
    "icmp_id": _number("icmp_id", IS_ECHO),
    "icmp_seq": _number("icmp_seq", IS_ECHO),
    "arp_op": _number("arp_opcode", IS_ARP),
    "arp_sender_mac": _mac("arp_sender_mac", IS_ARP),
    "arp_sender_ip": _ip("arp_sender", IS_ARP),
    "arp_target_mac": _mac("arp_target_mac", IS_ARP),
    "arp_target_ip": _ip("arp_target", IS_ARP),
    "tunnel_seq": _number("tunnel_seq", _not("tunnel_seq", -1)),
    "is_copy": Recipe(("copy",), lambda rows, where: flag_cells(rows["copy"] != 0, where), CAN_BE_COPY),
    "tcp_stream": _number("stream", _not("stream", -1)),
    "tcp_analysis": Recipe(("marks",), _analysis, _not("stream", -1)),
    "tcp_ack_rtt_us": Recipe(("ack_rtt_ns",), lambda rows, where: us_cells(rows["ack_rtt_ns"]), _not("ack_rtt_ns", -1)),
    "tcp_bytes_in_flight": _number("flight_bytes", _not("flight_bytes", -1)),
    "tcp_initial_rtt_us": Recipe(
        ("initial_rtt_ns",),
        lambda rows, where: us_cells(np.where(where, rows["initial_rtt_ns"], -1)),
        _not("initial_rtt_ns", 0),
    ),
    "mirror_clock_ns": _number("mirror_clock_ns", _not("mirror_clock_ns", NO_CLOCK)),
    "mirror_clock_unit_ns": _number("mirror_clock_unit_ns", _not("mirror_clock_unit_ns", NO_CLOCK)),
}
"""Every column of terms.columns.PACKETS but the first, whose names are those of the request."""


class PacketTable:
    """Makes columns of the packets table of these capture points."""

    def __init__(self, points: Sequence[str]) -> None:
        self._recipes = {"point": _name("point", points), **RECIPES}
        self._dtypes = dtypes(PACKETS)

    def needs(self, names: Iterable[str]) -> frozenset[str]:
        """Which quantities are these columns made of?"""
        recipes = [self._recipes[name] for name in names]
        return frozenset(need for recipe in recipes for need in (*recipe.needs, *recipe.known.needs))

    def frame(self, names: Iterable[str], rows: Rows) -> "pl.DataFrame":
        """What stands in these columns for these rows? Arrays of the rows become a part of the frame."""
        import polars as pl

        return pl.DataFrame({name: self._column(name, rows) for name in names})

    def _column(self, name: str, rows: Rows) -> "pl.Series":
        recipe = self._recipes[name]
        where = recipe.known.holds(rows)
        if not where.any():
            return nulls(len(where), self._dtypes[name])
        return recipe.cells(rows, where)
