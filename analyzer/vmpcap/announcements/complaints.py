"""Who complained about packets at one capture point: ICMP errors and redirects, and resets of migration streams."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import IPV4_MAPPED, ip_text
from vmpcap.terms.wire import ICMP_REDIRECT, ICMP_TOO_BIG, ICMP_UNREACHABLE, IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP, TCP_RST

Bools = npt.NDArray[np.bool_]

BUDGET: Final = 10_000
"""Of each sort and capture point; the rest is counted."""

ERRORS_V4: Final = (3, 5, 11, 12)
"""Destination unreachable, redirect, time exceeded, parameter problem (RFC 792)."""
ERRORS_V6: Final = (1, 2, 3, 4)
"""Destination unreachable, packet too big, time exceeded, parameter problem (RFC 4443). Redirects (137, RFC 4861 4.5)
carry addresses instead of a packet and are not read."""


def _error_table() -> Bools:
    table = np.zeros((2, 256), np.bool_)
    table[0, list(ERRORS_V4)] = table[1, list(ERRORS_V6)] = True
    return table


IS_ERROR: Final = _error_table()
"""bool[2, 256]: by whether it is IPv6, and by type."""

HEAD: Final = 8
"""Bytes of an ICMP error before the packet that it quotes."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One ICMP error: who says what about which packet. Addresses as text, ports 0 where they are not quoted."""

    frame: int
    ts_ns: int
    eth_src: int
    sender: str
    version: int
    kind: int
    code: int
    mtu: int
    """Of the next hop, where a packet was too big; 0: not told (before RFC 1191, or another error)."""
    gateway: str
    """The better router, of a redirect; else empty."""
    source: str
    """Of the packet that it quotes, as the next four."""
    target: str
    protocol: int
    source_port: int
    target_port: int


@dataclass(frozen=True, slots=True)
class Reset:
    """One TCP reset of a migration stream."""

    frame: int
    ts_ns: int
    eth_src: int
    source: str
    source_port: int
    target: str
    target_port: int
    ttl: int


@dataclass(slots=True)
class ComplaintLog:
    """ICMP errors and streams' resets of one point, within a budget each."""

    errors: list[Complaint] = field(default_factory=list)
    resets: list[Reset] = field(default_factory=list)
    left_out: int = 0

    def collect(self, batch: RecordBatch, walked: Frames, inside: Bools | None, of_streams: Bools) -> None:
        """
        Which complaints are in this batch?

        Parameters
        ----------
        inside : bool[m]
            Which frames are asked for; None: all.
        of_streams : bool[m]
            Which frames belong to a migration stream: of others no reset is kept.
        """
        errors = np.flatnonzero((walked.ip_protocol == IP_ICMP) | (walked.ip_protocol == IP_ICMPV6))
        is_v6 = walked.ip_protocol[errors] == IP_ICMPV6
        told = IS_ERROR[is_v6.astype(np.int8), walked.icmp_type[errors]]
        errors = errors[told & (walked.ip_version[errors] == np.where(is_v6, 6, 4))]
        resets = np.flatnonzero(of_streams & (walked.tcp_flags & TCP_RST != 0))
        for rows, keep, kept in ((errors, self._keep_error, self.errors), (resets, self._keep_reset, self.resets)):
            found = rows if inside is None else rows[inside[rows]]
            room = max(BUDGET - len(kept), 0)
            self.left_out += max(len(found) - room, 0)
            for row in found[:room].tolist():
                keep(row, batch, walked)

    def about(self, one: str, other: str) -> Iterator[Complaint]:
        """Errors about packets between these two addresses, in capture order."""
        return (error for error in self.errors if {error.source, error.target} == {one, other})

    def _keep_error(self, row: int, batch: RecordBatch, walked: Frames) -> None:
        base, at = int(batch.record_at[row]), int(walked.transport_at[row])
        record = batch.buffer[base + at : base + int(walked.captured_bytes[row])].tobytes() if at >= 0 else b""
        version, kind, code = (int(getattr(walked, n)[row]) for n in ("ip_version", "icmp_type", "icmp_code"))
        quoted = _quoted(record[HEAD:])
        if quoted is None:
            return
        is_redirect = version == 4 and kind == ICMP_REDIRECT
        mtu = int.from_bytes(record[6:8]) if (version, kind, code) == (4, ICMP_UNREACHABLE, ICMP_TOO_BIG) else 0
        mtu = int.from_bytes(record[4:8]) if (version, kind) == (6, 2) else mtu
        self.errors.append(
            Complaint(
                batch.first_frame + row,
                int(walked.ts_ns[row]),
                int(walked.eth_src[row]),
                ip_text(int(walked.src_high[row]), int(walked.src_low[row])),
                version,
                kind,
                code,
                mtu,
                ip_text(0, IPV4_MAPPED | int.from_bytes(record[4:8])) if is_redirect else "",
                *quoted,
            )
        )

    def _keep_reset(self, row: int, batch: RecordBatch, walked: Frames) -> None:
        self.resets.append(
            Reset(
                batch.first_frame + row,
                int(walked.ts_ns[row]),
                int(walked.eth_src[row]),
                ip_text(int(walked.src_high[row]), int(walked.src_low[row])),
                int(walked.src_port[row]),
                ip_text(int(walked.dst_high[row]), int(walked.dst_low[row])),
                int(walked.dst_port[row]),
                int(walked.ip_ttl[row]),
            )
        )


def _quoted(packet: bytes) -> tuple[str, str, int, int, int] | None:
    """Source, target, protocol and ports of the packet that an error quotes; None where too little of it is there."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        source, target = (ip_text(0, IPV4_MAPPED | int.from_bytes(packet[n : n + 4])) for n in (12, 16))
        protocol, rest = packet[9], packet[(packet[0] & 0xF) * 4 :]
        is_first = int.from_bytes(packet[6:8]) & 0x1FFF == 0
    elif version == 6 and len(packet) >= 40:
        source, target = (
            ip_text(int.from_bytes(packet[n : n + 8]), int.from_bytes(packet[n + 8 : n + 16])) for n in (8, 24)
        )
        protocol, rest, is_first = packet[6], packet[40:], True
    else:
        return None
    has_ports = protocol in (IP_TCP, IP_UDP) and is_first and len(rest) >= 4
    ports = (int.from_bytes(rest[:2]), int.from_bytes(rest[2:4])) if has_ports else (0, 0)
    return source, target, protocol, *ports
