"""Frames that end at a protocol which is known and carries no packet of anybody: nothing of them is missing."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.stops import LLC, STOPS, UNKNOWN_IP_PROTOCOL
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import NO_MAC, mac_number

Bools = npt.NDArray[np.bool_]

PIM: Final = 103
BY_PROTOCOL: Final = {2: "IGMP", 46: "RSVP", 88: "EIGRP", 89: "OSPF", PIM: "PIM", 112: "VRRP"}
"""IP protocols of routers and groups (IANA, Assigned Internet Protocol Numbers): what is behind them is no header."""
LLC_NAME: Final = "LLC (spanning tree, IS-IS, CDP)"
BRIDGES: Final = tuple(
    (np.uint64(mac_number(address)), np.uint64(2**48 - 2**free))
    for address, free in (
        ("01:80:c2:00:00:00", 8),  # IEEE 802.1Q 8.6.3 and 10.5: bridges, GARP; ISO 10589 8.4.8: IS-IS
        ("09:00:2b:00:00:00", 8),  # ISO 9542: all end and all intermediate systems
        ("01:00:0c:00:00:00", 24),  # Cisco: CDP, VTP, UDLD, PVST+ and OTV's groups
        ("00:e0:2b:00:00:00", 8),  # Extreme's EDP
        ("01:e0:52:cc:cc:00", 8),  # Foundry's FDP
        ("01:00:81:00:01:00", 8),  # Nortel's topology
    )
)
"""Whom bridges and routers address by LLC: address and mask. LLC to anybody else is NetBIOS, IPX: somebody's data."""
OF_BRIDGES: Final = (b"\x42\x42", b"\xfe\xfe", b"\xaa\xaa\x03\x00\x00\x0c")
"""Service access points of spanning tree and of ISO's network layer; SNAP with Cisco's OUI."""
COOKED: Final = {113: 16, 276: 20}
"""Where LLC begins behind the headers that Linux makes for captures of any interface, by link type."""
NOT_COOKED: Final = 1 << 31
REGISTER: Final = 1
"""Type of the PIM message that has a packet in it (RFC 7761 4.9.3)."""
PIM_IN_IPV6: Final = 40


@dataclass(slots=True)
class StopCounter:
    """Where the walks of one file ended: by the reason, and of protocols that no step knows by their number."""

    _stops: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    _protocols: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    _bridges: int = 0
    """Frames of LLC to bridges and routers."""

    def absorb(self, batch: RecordBatch, frames: Frames, chosen: Bools | None) -> None:
        """Count one batch as it was walked, or the chosen frames of it, bool[m]."""
        stop = frames.stop if chosen is None else frames.stop[chosen]
        if not stop.any():
            self._stops[0] += len(stop)
            return
        here = np.bincount(stop, minlength=256)
        self._stops += here
        mine = np.ones(len(frames.stop), np.bool_) if chosen is None else chosen
        if here[UNKNOWN_IP_PROTOCOL]:
            rows = np.flatnonzero(mine & (frames.stop == UNKNOWN_IP_PROTOCOL))
            counted = np.bincount(frames.ip_protocol[rows], minlength=256)
            if counted[PIM]:
                counted[PIM] -= _registers(batch, frames, rows[frames.ip_protocol[rows] == PIM])
            self._protocols += counted
        if here[LLC]:
            rows = np.flatnonzero(mine & (frames.stop == LLC))
            to = frames.eth_dst[rows]
            known = np.zeros(len(to), np.bool_)
            for address, mask in BRIDGES:
                known |= (to & mask) == address
            self._bridges += int(known.sum()) + _by_number(batch, rows[to == np.uint64(NO_MAC)])

    def control(self) -> dict[str, int]:
        """Frames of known protocols, by name."""
        found = {name: int(self._protocols[number]) for number, name in BY_PROTOCOL.items()} | {LLC_NAME: self._bridges}
        return {name: count for name, count in found.items() if count}

    def not_walked(self) -> dict[str, int]:
        """Other frames whose walk ended early, by the reason's name."""
        left = self._stops.copy()
        left[UNKNOWN_IP_PROTOCOL] -= sum(int(self._protocols[number]) for number in BY_PROTOCOL)
        left[LLC] -= self._bridges
        return {STOPS[i].name: int(left[i]) for i in range(1, len(STOPS)) if left[i]}


def _by_number(batch: RecordBatch, rows: npt.NDArray[np.int64]) -> int:
    """How many of these cooked frames, which keep no address, are of bridges and routers by what LLC says itself?"""
    count = 0
    for row in rows.tolist():
        begin = int(batch.record_at[row]) + COOKED.get(int(batch.link_type[row]), NOT_COOKED)
        end = int(batch.record_at[row]) + int(batch.captured_bytes[row])
        count += bytes(batch.buffer[begin:end][:6]).startswith(OF_BRIDGES)
    return count


def _registers(batch: RecordBatch, frames: Frames, rows: npt.NDArray[np.int64]) -> int:
    """How many of these frames of PIM have a packet in them, or do not show that they have none?"""
    count = 0
    for row in rows.tolist():
        begin, at = int(batch.record_at[row]), int(frames.network_at[row])
        packet = batch.buffer[begin + at : begin + int(batch.captured_bytes[row])]
        if not len(packet):
            count += 1
            continue
        behind = 4 * int(packet[0] & 0x0F) if frames.ip_version[row] == 4 else PIM_IN_IPV6
        count += len(packet) <= behind or int(packet[behind] & 0x0F) == REGISTER
    return count
