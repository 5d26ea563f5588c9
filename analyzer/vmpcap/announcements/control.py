"""Control frames of one capture point: routing protocols and gateway redundancy, gathered within a budget."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.stops import FIRST_FRAGMENT, LATER_FRAGMENT, LLC
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import ip_text, mac_text
from vmpcap.terms.wire import IP_TCP, IP_UDP, TCP_FIN, TCP_RST

Bools = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

FRAME_BUDGET: Final = 20_000
"""Frames kept per protocol and capture point: five hours of hellos at one a second."""

BYTE_BUDGET: Final = 8_000_000
"""Bytes kept per protocol and capture point: a routing table of the whole Internet does not fit, nor need it."""

LLC_ISIS: Final = bytes.fromhex("fefe0383")
"""LLC of OSI network layers, unnumbered information, and the discriminator of IS-IS (ISO 10589 9.5)."""

LLC_LOOKED_AT: Final = 160
"""So far into a frame the LLC header is looked for: an Ethernet header in a tunnel stands no deeper."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """One control protocol: what it is found by."""

    name: str
    ip_protocol: int
    """0: no IP."""
    ports: tuple[int, ...] = ()
    """Destination ports; of TCP, of either side."""


PROTOCOLS: Final = (
    Protocol("rip", IP_UDP, (520, 521)),  # RFC 2453 3.6, RFC 2080 2.1
    Protocol("ospf", 89),  # RFC 2328 A.1
    Protocol("eigrp", 88),  # RFC 7868 6.1
    Protocol("bgp", IP_TCP, (179,)),  # RFC 4271 8.1.4
    Protocol("isis", 0),
    Protocol("vrrp", 112),  # RFC 5798 5.1.1.4
    Protocol("hsrp", IP_UDP, (1985, 2029)),  # RFC 2281 5; 2029 for IPv6
    Protocol("glbp", IP_UDP, (3222,)),
    Protocol("lisp", IP_UDP, (4342,)),  # RFC 9301 5
)
"""Every protocol whose frames are kept."""

NUMBER_OF: Final = {protocol.name: number for number, protocol in enumerate(PROTOCOLS)}
_ISIS: Final = NUMBER_OF["isis"]


def _protocol_table() -> Bools:
    table = np.zeros(256, np.bool_)
    table[[p.ip_protocol for p in PROTOCOLS if p.ip_protocol and not p.ports]] = True
    return table


_BY_PROTOCOL: Final = _protocol_table()
_PROTOCOLS: Final = tuple(p.ip_protocol for p in PROTOCOLS if p.ip_protocol and not p.ports)
_UDP_PORTS: Final = tuple(port for p in PROTOCOLS if p.ip_protocol == IP_UDP for port in p.ports)
_TCP_PORTS: Final = tuple(port for p in PROTOCOLS if p.ip_protocol == IP_TCP for port in p.ports)


@dataclass(frozen=True, slots=True)
class ControlFrame:
    """One control frame: who sent it to whom, and what it carries behind the transport (else the network) header."""

    protocol: str
    frame: int
    ts_ns: int
    eth_src: int
    source: str
    """IP address, empty without one."""
    target: str
    source_port: int
    target_port: int
    segment_key: int
    vlan: int
    """-1 untagged."""
    vni: int
    """-1 outside any overlay."""
    ttl: int
    tcp_seq: int
    payload: bytes
    is_cut: bool
    """Whether fewer bytes of it were captured than it had."""
    tcp_flags: int = 0


@dataclass(slots=True)
class ControlLog:
    """
    Which control frames did one capture point see?

    Each protocol has a budget of its own; what did not fit is counted by protocol.
    """

    frame_budget: int = FRAME_BUDGET
    byte_budget: int = BYTE_BUDGET
    frames: list[ControlFrame] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, int] = field(default_factory=dict)
    _bytes: dict[str, int] = field(default_factory=dict)

    def collect(self, batch: RecordBatch, walked: Frames, inside: Bools | None = None) -> None:
        """
        Which control frames are in this batch?

        Parameters
        ----------
        batch, walked : the records and what the walk says of them; what is kept is copied
        inside : bool[m]
            Which frames are asked for; None: all.
        """
        rows = _candidates(walked)
        if inside is not None:
            rows = rows[inside[rows]]
        if not len(rows):
            return
        numbers = _numbers_of(walked, rows)
        begin = len(self.frames)
        for number in np.unique(numbers).tolist():
            if number < len(PROTOCOLS):
                self._keep(number, rows[numbers == number], batch, walked)
        self.frames[begin:] = sorted(self.frames[begin:], key=lambda kept: kept.frame)

    def _keep(self, number: int, rows: I64, batch: RecordBatch, walked: Frames) -> None:
        name = PROTOCOLS[number].name
        kept, size = self._kept.get(name, 0), self._bytes.get(name, 0)
        left = 0
        for place, row in enumerate(rows.tolist()):
            if kept >= self.frame_budget or size >= self.byte_budget:
                left = len(rows) - place
                break
            body = _body(number, row, batch, walked)
            if body is None:
                continue
            payload, is_cut = body
            kept, size = kept + 1, size + len(payload)
            self.frames.append(_frame(name, row, batch, walked, payload, is_cut))
        self._kept[name], self._bytes[name] = kept, size
        if left:
            self.left_out[name] = self.left_out.get(name, 0) + left

    def of(self, *names: str) -> Iterator[ControlFrame]:
        """The frames of these protocols, in capture order."""
        return (frame for frame in self.frames if frame.protocol in names)


def _candidates(walked: Frames) -> I64:
    """Which rows may hold one? Passes over narrow columns: each comparison is a tenth of what a table costs."""
    wanted: Bools = walked.stop == LLC
    for number in _PROTOCOLS:
        wanted |= walked.ip_protocol == number
    source, target = walked.src_port, walked.dst_port
    for port in _UDP_PORTS:
        wanted |= target == port
    for port in _TCP_PORTS:
        wanted |= (target == port) | (source == port)
    rows: I64 = np.flatnonzero(wanted)
    stops = walked.stop[rows]
    whole: I64 = rows[(stops != FIRST_FRAGMENT) & (stops != LATER_FRAGMENT)]
    return whole


def _numbers_of(walked: Frames, rows: I64) -> npt.NDArray[np.int64]:
    """int64[r]: row of PROTOCOLS of each candidate, len(PROTOCOLS) where it is none after all."""
    numbers = np.full(len(rows), len(PROTOCOLS), np.int64)
    protocol, source, target = walked.ip_protocol[rows], walked.src_port[rows], walked.dst_port[rows]
    numbers[(walked.stop[rows] == LLC) & (walked.ip_version[rows] == 0)] = _ISIS
    for number, row in enumerate(PROTOCOLS):
        if not row.ip_protocol:
            continue
        mine = (protocol == row.ip_protocol) & (walked.ip_version[rows] != 0)
        if row.ports:
            at_port = np.isin(target, row.ports)
            mine &= at_port | np.isin(source, row.ports) if row.ip_protocol == IP_TCP else at_port
        if row.ip_protocol == IP_TCP:
            mine &= (walked.payload_bytes[rows] > 0) | ((walked.tcp_flags[rows] & (TCP_FIN | TCP_RST)) != 0)
        numbers[mine] = number
    return numbers


def _body(number: int, row: int, batch: RecordBatch, walked: Frames) -> tuple[bytes, bool] | None:
    """What does the frame carry, and was it cut? None where it is not what it looked like."""
    base, captured = int(batch.record_at[row]), int(walked.captured_bytes[row])
    record = batch.buffer[base : base + captured]
    if number == _ISIS:
        return _isis_body(record.tobytes(), int(walked.wire_bytes[row]))
    if PROTOCOLS[number].ports:
        at = int(walked.payload_at[row])
        end = at + int(walked.payload_bytes[row])
        if PROTOCOLS[number].ip_protocol == IP_TCP and end == at:
            return b"", False  # it only ends the connection
    else:
        span = _network_payload(record, int(walked.network_at[row]), int(walked.ip_version[row]))
        if span is None:
            return None
        at, end = span
    if at < 0 or at >= captured or end <= at:
        return None
    return record[at : min(end, captured)].tobytes(), end > captured


def _network_payload(record: npt.NDArray[np.uint8], at: int, version: int) -> tuple[int, int] | None:
    """From where to where does the packet's payload lie? Of IPv6 only directly behind the fixed header."""
    if at < 0 or at + 20 > len(record):
        return None
    if version == 4:
        header = (int(record[at]) & 0x0F) * 4
        total = int(record[at + 2]) << 8 | int(record[at + 3])
        return (at + header, at + total) if header >= 20 else None
    if at + 40 > len(record) or not _BY_PROTOCOL[record[at + 6]]:
        return None
    return at + 40, at + 40 + (int(record[at + 4]) << 8 | int(record[at + 5]))


def _isis_body(record: bytes, wire_bytes: int) -> tuple[bytes, bool] | None:
    """The IS-IS packet behind the innermost LLC header, as long as the 802.3 length in front of it says."""
    at = record.rfind(LLC_ISIS, 2, LLC_LOOKED_AT)
    if at < 0:
        return None
    length = int.from_bytes(record[at - 2 : at], "big")
    end = at + length
    if length < len(LLC_ISIS) or length > 1500 or end > wire_bytes:
        return None
    return record[at + 3 : min(end, len(record))], end > len(record)


def _frame(name: str, row: int, batch: RecordBatch, walked: Frames, payload: bytes, is_cut: bool) -> ControlFrame:
    has_ip = walked.ip_version[row] != 0
    return ControlFrame(
        protocol=name,
        frame=batch.first_frame + row,
        ts_ns=int(walked.ts_ns[row]),
        eth_src=int(walked.eth_src[row]),
        source=ip_text(int(walked.src_high[row]), int(walked.src_low[row])) if has_ip else "",
        target=ip_text(int(walked.dst_high[row]), int(walked.dst_low[row])) if has_ip else "",
        source_port=int(walked.src_port[row]),
        target_port=int(walked.dst_port[row]),
        segment_key=int(walked.segment_key[row]),
        vlan=int(walked.vlan_outer_id[row]),
        vni=int(walked.vni[row]),
        ttl=int(walked.ip_ttl[row]),
        tcp_seq=int(walked.tcp_seq[row]),
        payload=payload,
        is_cut=is_cut,
        tcp_flags=int(walked.tcp_flags[row]) if has_ip else 0,
    )


def sender_of(frame: ControlFrame) -> str:
    """By which address is its sender known? Its IP, else its MAC."""
    return frame.source or mac_text(frame.eth_src) or ""
