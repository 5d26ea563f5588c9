"""Segments that wait for their ACK, and the round-trip time that an ACK which covers exactly one of them gives."""

from typing import Any

import numpy as np

from vmpcap.measures.kernels.arena import give_block
from vmpcap.measures.kernels.layout import AMBIGUOUS, I32, MOST_OUTSTANDING, Records
from vmpcap.measures.kernels.rings import make_ring_room
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Bool, Int, inline_kernel


@inline_kernel
def append_outstanding(one: Any, entries: Records, end: Int, ts: Int, mark: Int) -> Bool:
    """Could this segment simply be put behind the others that wait? The usual case."""
    used, log2 = np.int64(one["ring_used"]), np.int64(one["ring_log2"])
    if log2 == 0 or used == 1 << log2 or used >= MOST_OUTSTANDING:
        return False
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << log2) - 1
    if seq_diff(end, entries[at + ((first + used - 1) & mask)]["end"]) <= 0:
        return False
    into = entries[at + ((first + used) & mask)]
    into["end"], into["mark"], into["ts"] = end, mark, ts
    one["ring_used"] = used + 1
    return True


@inline_kernel
def add_outstanding(one: Any, entries: Records, arena: I32, end: Int, ts: Int, mark: Int) -> Bool:
    """
    Does this segment now wait for its ACK? False where there was no room.

    The ring is kept in the order of the ends. Of two segments with one end the older stays, as in Wireshark; that its
    sample is ambiguous (Karn; RFC 6298 section 3) mark_ambiguous has noted, for the younger one shares its last byte.
    """
    used = np.int64(one["ring_used"])
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << np.int64(one["ring_log2"])) - 1
    place = used
    while place > 0:
        previous = entries[at + ((first + place - 1) & mask)]
        ahead = seq_diff(end, previous["end"])
        if ahead > 0:
            break
        if ahead == 0:
            return True
        place -= 1
        if used >= MOST_OUTSTANDING:
            return False
    if not make_ring_room(one, entries, arena):
        return False
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << np.int64(one["ring_log2"])) - 1
    i = used
    while i > place:
        source, into = entries[at + ((first + i - 1) & mask)], entries[at + ((first + i) & mask)]
        into["end"], into["mark"], into["ts"] = source["end"], source["mark"], source["ts"]
        i -= 1
    into = entries[at + ((first + place) & mask)]
    into["end"], into["mark"], into["ts"] = end, mark, ts
    one["ring_used"] = used + 1
    return True


@inline_kernel
def mark_ambiguous(one: Any, entries: Records, left: Int, right: Int) -> None:
    """Which outstanding segments share a byte with left .. right (excluded)? An ACK for them says nothing certain."""
    at, first = np.int64(one["ring_at"]), np.int64(one["ring_first"])
    mask = (1 << np.int64(one["ring_log2"])) - 1
    place = np.int64(one["ring_used"])
    while place > 0:
        entry = entries[at + ((first + place - 1) & mask)]
        if seq_diff(entry["end"], left) <= 0:
            return
        before_ends = seq_diff(entries[at + ((first + place - 2) & mask)]["end"], right) >= 0 if place > 1 else False
        if not before_ends:
            entry["mark"] |= AMBIGUOUS
        place -= 1


@inline_kernel
def match_ack(one: Any, entries: Records, arena: I32, ack: Int) -> tuple[Int, Int, bool]:
    """
    When did the segment pass that ends exactly where this ACK says, and what is known of it?

    Returns (ts, marks, found). All segments up to the ACK leave the ring; the sample is marked ambiguous if any of them
    was, for then the ACK may answer the resent one.
    """
    used, first, log2 = np.int64(one["ring_used"]), np.int64(one["ring_first"]), np.int64(one["ring_log2"])
    at, mask = np.int64(one["ring_at"]), (1 << log2) - 1
    ts, marks, found, doubt = np.int64(0), np.int64(0), False, np.int64(0)
    while used > 0:
        entry = entries[at + (first & mask)]
        left = seq_diff(entry["end"], ack)
        if left > 0:
            break
        doubt |= np.int64(entry["mark"]) & AMBIGUOUS
        if left == 0:
            ts, marks, found = np.int64(entry["ts"]), np.int64(entry["mark"]), True
        first += 1
        used -= 1
    one["ring_used"], one["ring_first"] = used, first & mask
    if used == 0:
        give_block(arena, at, log2)
        one["ring_log2"] = 0
    return ts, marks | doubt, found
