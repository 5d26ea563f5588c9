"""Announcements of one capture point, gathered batch by batch within a budget."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import HAS_OPCODE, IS_LISTED, KIND_NAMES, UNKNOWN_KIND, classify
from vmpcap.decode.frames import Arrivals, Frames
from vmpcap.decode.paths import path_text
from vmpcap.terms.addresses import BROADCAST_MAC, NO_MAC
from vmpcap.terms.cells import ip_cells, mac_cells, name_cells, number_cells, pair_cells, tag_cells, time_cells
from vmpcap.terms.columns import ANNOUNCEMENTS, through_gate
from vmpcap.terms.frame_numbers import PER_FILE

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U8 = npt.NDArray[np.uint8]

ANNOUNCEMENT_BUDGET: Final = 200_000
"""Announcements kept per capture point: about 30 MB, a thousand guests announcing for a day."""

RESOLUTION_BUDGET: Final = 200_000
"""Plain requests, replies and solicitations kept beside them: an ARP storm costs no more than this."""


@dataclass(frozen=True, slots=True)
class AnnouncementRows:
    """One row per ARP, RARP or neighbour-discovery body, in capture order; one array per quantity."""

    frame: I64
    """int64[n]: frame number in its file, from 1, behind the file's number (terms.frame_numbers)."""
    ts_ns: I64
    kind: U8
    """uint8[n]: row of kinds.KINDS."""
    opcode: npt.NDArray[np.uint16]
    eth_src: U64
    eth_dst: U64
    sender_mac: U64
    sender_high: U64
    sender_low: U64
    target_mac: U64
    target_high: U64
    target_low: U64
    vlan_outer: npt.NDArray[np.int32]
    """int32[n]: of the innermost Ethernet header, -1 untagged."""
    vlan_inner: npt.NDArray[np.int32]
    vni: I64
    segment_key: U64
    path_high: U64
    path_low: U64
    is_broadcast: npt.NDArray[np.bool_]
    """bool[n]: broadcast, or multicast for neighbour discovery."""

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, which: npt.NDArray[np.bool_] | I64) -> "AnnouncementRows":
        """Which rows does this mask or index name?"""
        return AnnouncementRows(*(getattr(self, column.name)[which] for column in fields(self)))


_DTYPES: Final[dict[str, npt.DTypeLike]] = {
    "frame": np.int64,
    "ts_ns": np.int64,
    "kind": np.uint8,
    "opcode": np.uint16,
    "vlan_outer": np.int32,
    "vlan_inner": np.int32,
    "vni": np.int64,
    "is_broadcast": np.bool_,
}
"""Everything else is uint64."""


def no_rows() -> AnnouncementRows:
    """Rows of a capture without announcements."""
    return AnnouncementRows(*(np.empty(0, _DTYPES.get(column.name, np.uint64)) for column in fields(AnnouncementRows)))


def join_rows(chunks: list[AnnouncementRows]) -> AnnouncementRows:
    """All these rows as one, in capture order."""
    if not chunks:
        return no_rows()
    return AnnouncementRows(
        *(np.concatenate([getattr(chunk, column.name) for chunk in chunks]) for column in fields(AnnouncementRows))
    )


@dataclass(slots=True)
class AnnouncementLog:
    """
    What one capture point announced.

    Announcements have a budget of their own, so that a storm of plain requests cannot push them out. What did not fit
    is counted, never forgotten.
    """

    point: str = ""
    announcement_budget: int = ANNOUNCEMENT_BUDGET
    resolution_budget: int = RESOLUTION_BUDGET
    kept: int = 0
    """Listed kinds kept."""
    kept_plain: int = 0
    """Other kinds kept."""
    left_out: int = 0
    """Listed kinds that did not fit."""
    left_out_plain: int = 0
    """Other kinds that did not fit."""
    seen: I64 = field(default_factory=lambda: np.zeros(len(KIND_NAMES), np.int64))
    """int64[kinds]: bodies of each kind, kept or not."""
    _chunks: list[AnnouncementRows] = field(default_factory=list)

    def collect(self, first_frame: int, frames: Frames, arrivals: Arrivals) -> None:
        """
        Which announcements are in this batch?

        Parameters
        ----------
        first_frame : frame number of the batch's first row
        frames : the walked batch; what is kept is copied
        arrivals : the bodies found in it
        """
        if not len(arrivals.row):
            return
        rows = _rows_of(first_frame, frames, arrivals)
        known = rows.kind != UNKNOWN_KIND
        self.seen += np.bincount(rows.kind[known], minlength=len(KIND_NAMES))[: len(KIND_NAMES)]
        listed = IS_LISTED[rows.kind]
        fits = listed & (np.cumsum(listed) <= self.announcement_budget - self.kept)
        plain = known & ~listed
        fits_plain = plain & (np.cumsum(plain) <= self.resolution_budget - self.kept_plain)
        self.kept += int(fits.sum())
        self.left_out += int(listed.sum() - fits.sum())
        self.kept_plain += int(fits_plain.sum())
        self.left_out_plain += int(plain.sum() - fits_plain.sum())
        keep = fits | fits_plain
        if keep.any():
            self._chunks.append(rows.take(keep))

    def rows(self) -> AnnouncementRows:
        """Everything kept, of every kind, in capture order."""
        whole = join_rows(self._chunks)
        self._chunks = [whole] if len(whole) else []
        return whole

    def table(self, everything: bool = False) -> "pl.DataFrame":
        """The announcement columns of the contract; with everything, plain requests and replies too."""
        rows = self.rows()
        return as_table(rows if everything else rows.take(IS_LISTED[rows.kind]), self.point)


def _rows_of(first_frame: int, frames: Frames, arrivals: Arrivals) -> AnnouncementRows:
    at = arrivals.row
    eth_src, eth_dst = frames.eth_src[at], frames.eth_dst[at]
    multicast = (eth_dst != np.uint64(NO_MAC)) & ((eth_dst >> np.uint64(40)) & np.uint64(1)).astype(np.bool_)
    return AnnouncementRows(
        frame=at.astype(np.int64) + first_frame,
        ts_ns=frames.ts_ns[at],
        kind=classify(arrivals, eth_src),
        opcode=arrivals.opcode.astype(np.uint16),
        eth_src=eth_src,
        eth_dst=eth_dst,
        sender_mac=arrivals.sender_mac,
        sender_high=arrivals.sender_high,
        sender_low=arrivals.sender_low,
        target_mac=arrivals.target_mac,
        target_high=arrivals.target_high,
        target_low=arrivals.target_low,
        vlan_outer=frames.vlan_outer_id[at],
        vlan_inner=frames.vlan_inner_id[at],
        vni=frames.vni[at],
        segment_key=frames.segment_key[at],
        path_high=frames.path_high[at],
        path_low=frames.path_low[at],
        is_broadcast=np.where(frames.ip_version[at] != 0, multicast, eth_dst == np.uint64(BROADCAST_MAC)),
    )


def as_table(rows: AnnouncementRows, point: str) -> "pl.DataFrame":
    """
    One row per body: the columns ANNOUNCEMENTS of terms.columns.

    Notes
    -----
    The opcode is null for neighbour discovery, whose flags are no opcode.
    """
    import polars as pl

    return through_gate(
        pl.DataFrame(
            {
                "point": pl.repeat(point, len(rows), dtype=pl.String, eager=True),
                "frame": number_cells(rows.frame % PER_FILE),
                "ts": time_cells(rows.ts_ns),
                "kind": name_cells(rows.kind, dict(enumerate(KIND_NAMES))),
                "opcode": number_cells(rows.opcode, HAS_OPCODE[rows.kind]),
                "eth_src": mac_cells(rows.eth_src),
                "eth_dst": mac_cells(rows.eth_dst),
                "sender_mac": mac_cells(rows.sender_mac),
                "sender_ip": ip_cells(rows.sender_high, rows.sender_low),
                "target_mac": mac_cells(rows.target_mac),
                "target_ip": ip_cells(rows.target_high, rows.target_low),
                "vlan_ids": tag_cells(rows.vlan_outer, rows.vlan_inner),
                "vni": number_cells(rows.vni, rows.vni >= 0),
                "encapsulation": pair_cells(rows.path_high, rows.path_low, path_text),
                "broadcast": pl.Series(rows.is_broadcast),
            }
        ),
        ANNOUNCEMENTS,
        "announcements",
    )
