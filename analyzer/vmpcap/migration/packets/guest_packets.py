"""The packets of a guest and its peers that a point kept to be known again elsewhere, with what its journal tells."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.pairing import only
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.wire import ECHOES, TCP_ACK

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

LEAST_COPIES: Final = 0.05
"""From this share on a point shows packets several times by its place: less may be sent again."""
FACTOR: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Spreads numbers over 64 bits: an odd number near 2**64 over the golden ratio."""


@dataclass(frozen=True, slots=True)
class GuestPackets:
    """What one point kept of a guest and its peers."""

    view: PointView
    kept: Kept
    mask: int
    """The sampling of them."""
    to_guest: Bools
    """bool[rows]: sent by a peer."""
    protocol: npt.NDArray[np.uint8]
    ack: I64
    """int64[rows]: the acknowledgement that a segment of TCP carries; -1 without one."""
    answered: Bools
    """bool[rows]: an echo request whose reply passed here."""
    has_copies: bool
    frames: int
    """Frames of both in the journal, kept or not."""
    shows_the_guest: bool
    """The guest sent something here, whatever it was."""

    def only(self, rows: I64, mask: int) -> "GuestPackets":
        """The packets of these rows, which are those of this sampling."""
        return GuestPackets(
            self.view,
            only(self.kept, rows),
            mask,
            self.to_guest[rows],
            self.protocol[rows],
            self.ack[rows],
            self.answered[rows],
            self.has_copies,
            self.frames,
            self.shows_the_guest,
        )


def packets_of(view: PointView, guest: Moved) -> GuestPackets | None:
    """What did this point keep of the guest and its peers? None where nothing was kept, or not all can be told."""
    if view.packets is None or not view.journal_complete:
        return None
    j, frames = view.journal, frames_of(view, guest)
    sent = frames.sent_ip[(j.eth_dst[frames.sent_ip] & GROUP_BIT) == 0]
    rows = np.concatenate((frames.asked, sent))
    kept = view.packets.rows()
    known, row = _same_frames(j, rows, kept)
    of_journal, to_guest = rows[row], row < len(frames.asked)
    has_ack = (j.tcp_flags[of_journal] & TCP_ACK) != 0
    return GuestPackets(
        view,
        only(kept, known),
        view.packets.mask,
        to_guest,
        j.ip_protocol[of_journal],
        np.where(has_ack, j.tcp_ack[of_journal].astype(np.int64), -1),
        _are_answered(j, of_journal, to_guest),
        bool(len(rows)) and float((~is_first_copy(j, np.sort(rows))).mean()) >= LEAST_COPIES,
        len(rows),
        bool(len(frames.sent)),
    )


def _same_frames(j: JournalColumns, rows: I64, kept: Kept) -> tuple[I64, I64]:
    """
    Which packets kept are these rows of the journal, and which row is each?

    By time first: both are nearly in its order already. Among frames of one time by their numbers.
    """
    nothing = np.zeros(0, np.int64)
    if not len(rows):
        return nothing, nothing
    order = np.lexsort((j.frame[rows], j.ts_ns[rows]))
    times, frames = j.ts_ns[rows][order], j.frame[rows][order]
    begin, end = np.searchsorted(times, kept.ts_ns, "left"), np.searchsorted(times, kept.ts_ns, "right")
    known = np.flatnonzero(begin < end)
    begin, end, wanted = begin[known], end[known], kept.frame[known]
    while (open_rows := np.flatnonzero(end - begin > 1)).size:  # halve what is left: few frames share a time
        middle = (begin[open_rows] + end[open_rows]) // 2
        is_above = frames[middle] <= wanted[open_rows]
        begin[open_rows] = np.where(is_above, middle, begin[open_rows])
        end[open_rows] = np.where(is_above, end[open_rows], middle)
    is_same = frames[begin] == wanted
    return known[is_same], order[begin[is_same]]


def _are_answered(j: JournalColumns, rows: I64, to_guest: Bools) -> Bools:
    """Which of these are echo requests for the guest that it was seen to answer?"""
    found = np.zeros(len(rows), np.bool_)
    for protocol, request, reply in ECHOES:
        echo = j.ip_protocol[rows] == protocol
        asked = np.flatnonzero(echo & to_guest & (j.icmp_type[rows] == request))
        told = np.flatnonzero(echo & ~to_guest & (j.icmp_type[rows] == reply))
        ours, theirs = rows[asked], rows[told]
        found[asked] = np.isin(_echo_names(j, ours, j.src_low), _echo_names(j, theirs, j.dst_low))
    return found


def _echo_names(j: JournalColumns, rows: I64, peer: U64) -> U64:
    numbers = j.icmp_id[rows].astype(np.uint64) << np.uint64(16) | j.icmp_seq[rows].astype(np.uint64)
    names: U64 = (peer[rows] ^ numbers) * FACTOR
    return names
