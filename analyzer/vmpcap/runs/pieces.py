"""Files that nobody named and that are pieces of one capture, as tools write that begin a new file now and then."""

import os
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from vmpcap.announcements.kinds import IS_ANNOUNCEMENT
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.decode.decode_as import Rule
from vmpcap.decode.fragments import WholeWalker
from vmpcap.decode.frames import Frames
from vmpcap.readers.interfaces import is_of
from vmpcap.readers.sources import open_capture
from vmpcap.runs.point import FileRead, PointRead
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.files import is_on_disk, stem
from vmpcap.terms.units import NO_TIME, NS_PER_MS

HEAD_FRAMES: Final = 2_000
"""Frames at the start of a file by which it is recognised."""
LEAST_GAP_NS: Final = 10 * NS_PER_MS
"""A silence that the seam between two pieces may always have."""
ARRIVAL_NS: Final = 200 * NS_PER_MS
"""A guest that was announced so soon behind the start of a file may be what began it."""
SERIES_NS: Final = 60_000 * NS_PER_MS
"""Announcements of one event come within this."""
USUAL_GAPS: Final = 3
"""So many times the longest silence at the start of a piece: a guest's stun is more, where anybody asked it."""
JITTER_NS: Final = NS_PER_MS

Conversation = tuple[int, int, int, int]
"""Who sends to whom: both addresses, high and low."""
Where = tuple[int, int, int, int]
"""Both MACs, TTL and outer VLAN: what differs where a capture was taken elsewhere."""


@dataclass(frozen=True, slots=True)
class _Head:
    """The start of a file."""

    point: PointFiles
    first_ts: int
    last_ts: int
    longest_gap_ns: int
    interfaces: tuple[tuple[int, str | None], ...]
    conversations: dict[Conversation, set[Where]]


def join_pieces(request: Request, but_not: Container[str] = ()) -> tuple[Request, tuple[str, ...]]:
    """
    The request with pieces of one capture as one point each, and a sentence for each such point.

    Pieces have names that differ in their numbers only, lie in one folder, were taken on the same interface, and show
    the same conversations with the same MACs, TTLs and tags; each begins behind the start of the one before. Whether
    each ended before the next began is known once they were read: see `refuted`; files named `but_not` are left apart.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[PointFiles]] = {}
    for point in request.points:
        path = point.files[0]
        if not point.is_named and len(point.files) == 1 and path not in but_not and is_on_disk(path):
            folder, name = os.path.split(path)
            groups.setdefault((folder, re.sub(r"\d+", "", name), point.interfaces), []).append(point)
    joined: dict[str, PointFiles] = {}
    notes = []
    for group in groups.values():
        for pieces in _chains(group, request) if len(group) > 1 else ():
            taken = {p.name for p in request.points} | {p.name for p in joined.values()}
            one = _as_one(pieces, taken)
            joined |= {piece.point.name: one for piece in pieces}
            notes.append(
                f"{one.name}: {len(one.files)} files follow one another at one place and are taken as one point in this"
                f" order: {', '.join(os.path.basename(path) for path in one.files)}"
            )
    points = dict.fromkeys(joined.get(point.name, point) for point in request.points)
    return replace(request, points=tuple(points)), tuple(notes)


def refuted(points: Sequence[PointRead]) -> set[str]:
    """
    Which files does what was read show to be no pieces of the capture that they were taken for?

    All of a point of which one begins before the last ends, or long after; or a guest announces itself as one begins,
    and was not announced before: it may have come to another point, while that of the file before fell silent.
    """
    return {
        path
        for point in points
        if point.files.longest_seam_ns and not all(_is_seam(point, *pair) for pair in pairwise(point.reads))
        for path in point.files.files
    }


def _is_seam(point: PointRead, before: FileRead, after: FileRead) -> bool:
    end, begin = before.facts.latest_ts_ns, after.facts.earliest_ts_ns
    if end is None or begin is None:
        return True
    is_next = _is_after(end, begin) and begin - end <= point.files.longest_seam_ns
    return is_next and not _comes_at(point.announcements.rows(), begin)


def _is_after(end: int, begin: int) -> bool:
    """May a piece begin then where the one before ended there? Frames at a seam may share a stamp, or swap."""
    return begin - end >= -JITTER_NS


def _comes_at(rows: AnnouncementRows, seam: int) -> bool:
    """Does a machine announce itself right behind this time, and not before?"""
    told = IS_ANNOUNCEMENT[rows.kind]
    now = told & (rows.ts_ns >= seam) & (rows.ts_ns <= seam + ARRIVAL_NS)
    before = told & (rows.ts_ns < seam) & (rows.ts_ns >= seam - SERIES_NS)
    return bool(set(rows.sender_mac[now].tolist()) - set(rows.sender_mac[before].tolist()))


def _chains(group: Sequence[PointFiles], request: Request) -> Iterator[list[_Head]]:
    """Runs of files in the order of time of which each goes on from the one before."""
    heads = sorted((head for point in group if (head := _read_head(point, request))), key=lambda h: h.first_ts)
    chain: list[_Head] = []
    for head in heads:
        if chain and not _goes_on(chain[-1], head):
            if len(chain) > 1:
                yield chain
            chain = []
        chain.append(head)
    if len(chain) > 1:
        yield chain


def _goes_on(before: _Head, after: _Head) -> bool:
    is_behind = after.first_ts > before.first_ts and _is_after(before.last_ts, after.first_ts)
    if before.interfaces != after.interfaces or not is_behind:
        return False
    shared = before.conversations.keys() & after.conversations.keys()
    return bool(shared) and all(before.conversations[pair] & after.conversations[pair] for pair in shared)


def _as_one(pieces: Sequence[_Head], taken: set[str]) -> PointFiles:
    files = tuple(piece.point.files[0] for piece in pieces)
    short = stem(files[0]).rstrip("0123456789_-.") or pieces[0].point.name
    name = short if short not in taken else pieces[0].point.name
    seam = max(LEAST_GAP_NS, *(USUAL_GAPS * piece.longest_gap_ns for piece in pieces))
    return replace(pieces[0].point, name=name, files=files, longest_seam_ns=seam)


def _read_head(point: PointFiles, request: Request) -> _Head | None:
    """The first frames of a file; None where it has none with a time."""
    rules: tuple[Rule, ...] = request.decode_as
    walker = WholeWalker(HEAD_FRAMES, rules)
    with open_capture(point.files[0], batch_records=HEAD_FRAMES, max_bytes=request.max_unpacked_bytes) as capture:
        for batch in capture.batches():
            _, frames = walker.walk(batch)
            interfaces = tuple((one.link_type, one.name) for one in capture.interfaces)
            if point.interfaces:
                chosen = is_of(batch.interface, capture.interfaces, point.interfaces)
                columns: Any = (column[chosen] for column in frames)
                frames = Frames(*columns)
            if len(frames.ts_ns):
                return _head_of(point, frames, interfaces)
    return None


def _head_of(point: PointFiles, frames: Frames, interfaces: tuple[tuple[int, str | None], ...]) -> _Head | None:
    ts = frames.ts_ns[frames.ts_ns != NO_TIME]
    if not len(ts):
        return None
    rows = np.flatnonzero(frames.ip_version != 0)
    ends = (frames.src_high, frames.src_low, frames.dst_high, frames.dst_low)
    place = (frames.eth_src, frames.eth_dst, frames.ip_ttl, frames.vlan_outer_id)
    found: dict[Conversation, set[Where]] = {}
    for row in zip(*(column[rows].tolist() for column in (*ends, *place)), strict=True):
        found.setdefault(row[:4], set()).add(row[4:])
    return _Head(
        point=point,
        first_ts=int(ts.min()),
        last_ts=int(ts.max()),
        longest_gap_ns=int(np.diff(np.sort(ts)).max(initial=0)),
        interfaces=interfaces,
        conversations=found,
    )
