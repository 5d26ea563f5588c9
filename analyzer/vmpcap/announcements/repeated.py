"""One announcement captured more than once: in files that were merged, by mirrors of several ports."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.terms.units import NS_PER_MS

SAME: Final = (
    *("kind", "opcode", "eth_src", "eth_dst", "sender_mac", "sender_high", "sender_low"),
    *("target_mac", "target_high", "target_low", "segment_key"),
)
"""What is equal in all copies of a body."""
COPY_NS: Final = 20 * NS_PER_MS
"""Copies come within this; nobody announces himself again so soon (QEMU waits 50 ms, ESXi 640 ms)."""


LEAST_SENDINGS: Final = 3
"""So many RARPs of one machine, each of them seen again, are shown twice: one that was sent again may be sent so."""


def without_doubled(rows: AnnouncementRows) -> AnnouncementRows:
    """
    The same without copies of RARPs all of which the capture holds equally often.

    Bridges that were merged into one capture show a broadcast each, and unicast only where the guest is: nothing else
    is there twice. Nobody announces himself again so soon, and again each time.
    """
    is_rarp = rows.kind == NUMBER_OF["rarp_announce"]
    if np.count_nonzero(is_rarp) < 2 * LEAST_SENDINGS:
        return rows
    keep = np.ones(len(rows), np.bool_)
    every = np.flatnonzero(is_rarp)
    table = np.stack([getattr(rows, name)[every].astype(np.uint64) for name in SAME], axis=1)
    _, body = np.unique(table, axis=0, return_inverse=True)
    for one in np.unique(body.reshape(-1)):
        places = every[body.reshape(-1) == one]
        places = places[np.argsort(rows.ts_ns[places], kind="stable")]
        firsts = np.flatnonzero(np.diff(rows.ts_ns[places], prepend=rows.ts_ns[places[0]] - 2 * COPY_NS) > COPY_NS)
        often = np.diff(np.append(firsts, len(places)))
        if len(firsts) >= LEAST_SENDINGS and often[0] > 1 and (often == often[0]).all():
            keep[places] = False
            keep[places[firsts]] = True
    return rows.take(keep)


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
