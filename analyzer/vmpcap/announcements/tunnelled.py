"""Machines that one capture point sees inside EtherIP, fences and labels: since when, until when, how large."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.tunnelled import KINDS, LEFT_OUT, Pairs, no_pairs, note_tunnelled
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.arrays import WRAPPING


@dataclass(frozen=True, slots=True)
class Tunnelled:
    """Frames of one machine for another inside one tunnel, between the same ends. Times are the point's own."""

    kind: str
    """etherip, fence, mpls or labelled_gre."""
    eth_src: int
    eth_dst: int
    vni: int
    """A fence's id; -1 without a number."""
    outer: tuple[str, str] | None
    """Between which addresses they were carried; None without IP outside."""
    first_frame: int
    first_ts: int
    last_frame: int
    last_ts: int
    frames: int
    most_bytes: int
    """Of the largest, with all that carries it."""
    parts: int
    """Fenced frames that were cut because they did not fit."""
    first_part: int
    """The first of these, 0 without."""


@dataclass(slots=True)
class TunnelledLog:
    """Who spoke with whom inside these tunnels; frames of those that found no room are counted."""

    _pairs: Pairs = field(default_factory=no_pairs)

    @WRAPPING
    def collect(self, batch: RecordBatch, frames: Frames, inside: npt.NDArray[np.bool_] | None = None) -> None:
        """Add what this batch shows, of the frames inside, bool[m]; None: all."""
        note_tunnelled(batch, frames, self._pairs, inside)

    @property
    def left_out(self) -> int:
        """How many frames were of machines that there was no room for?"""
        return int(self._pairs.totals[LEFT_OUT])

    def rows(self) -> list[Tunnelled]:
        """Everything seen, by first frame."""
        p = self._pairs
        found = [
            Tunnelled(
                kind=KINDS[p.kind[slot]],
                eth_src=int(p.eth_src[slot]),
                eth_dst=int(p.eth_dst[slot]),
                vni=int(p.vni[slot]),
                outer=_addresses(*p.outer[slot].tolist()),
                first_frame=int(p.first_frame[slot]),
                first_ts=int(p.first_ts[slot]),
                last_frame=int(p.last_frame[slot]),
                last_ts=int(p.last_ts[slot]),
                frames=int(p.frames[slot]),
                most_bytes=int(p.most_bytes[slot]),
                parts=int(p.parts[slot]),
                first_part=int(p.first_part[slot]),
            )
            for slot in np.flatnonzero(p.kind)
        ]
        return sorted(found, key=lambda row: row.first_frame)


def _addresses(source_high: int, source_low: int, target_high: int, target_low: int) -> tuple[str, str] | None:
    if not (source_high or source_low or target_high or target_low):
        return None
    return ip_text(source_high, source_low), ip_text(target_high, target_low)
