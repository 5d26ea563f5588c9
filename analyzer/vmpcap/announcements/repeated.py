"""One announcement captured more than once: in files that were merged, by mirrors of several ports."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.terms.units import NS_PER_MS

SAME: Final = (
    *("kind", "opcode", "eth_src", "eth_dst", "sender_mac", "sender_high", "sender_low"),
    *("target_mac", "target_high", "target_low", "segment_key"),
)
"""What is equal in all copies of a body."""
COPY_NS: Final = 20 * NS_PER_MS
"""Copies come within this; nobody announces himself again so soon (QEMU waits 50 ms, ESXi 640 ms)."""


def without_copies(rows: AnnouncementRows) -> AnnouncementRows:
    """
    Each body once, in capture order: the first of those that are equal and follow each other within `COPY_NS`.

    Only for captures that hold other packets more than once; in others two equal bodies are two frames.

    Notes
    -----
    Copies of points further apart than `COPY_NS` stay, and count twice; so do those of another segment, since two
    fenced machines with one MAC may announce themselves at one time.
    """
    if len(rows) < 2:
        return rows
    table = np.stack([getattr(rows, name).astype(np.uint64) for name in SAME], axis=1)
    _, body = np.unique(table, axis=0, return_inverse=True)
    order = np.lexsort((rows.ts_ns, body.reshape(-1)))
    ts, of = rows.ts_ns[order], body.reshape(-1)[order]
    keep: npt.NDArray[np.bool_] = np.ones(len(rows), np.bool_)
    keep[order[1:]] = (of[1:] != of[:-1]) | (np.diff(ts) > COPY_NS)
    return rows.take(keep)
