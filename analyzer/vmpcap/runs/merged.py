"""Captures of several interfaces in one file: which of its interfaces are points of their own."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vmpcap.decode.fragments import WholeWalker
from vmpcap.decode.frames import Frames
from vmpcap.readers.interfaces import interface_keys
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.sources import open_capture
from vmpcap.report.clean import clean
from vmpcap.runs.point import PointRead
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.files import is_on_disk, unlike
from vmpcap.terms.units import count_of

MOST_INTERFACES: Final = 16
"""A file of more interfaces with packets stays one point: it would be read as often."""
ONE_INTERFACE: Final = "pcap"
"""The format whose files describe one interface: nothing of them needs to be read to know it."""
LOOKED_AT: Final = 40_000
"""Frames at the start of a file by which two interfaces are recognised as the two directions of one tap."""

Ends = tuple[int, int, int, int, int, int]
"""Address and MAC of a packet's sender, then its receiver's."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a file's interfaces hold."""

    packets: dict[str, int]
    """By key, in the order of the file; only those with packets."""
    names: frozenset[str]
    """Keys that are names of the file's own."""
    directions: dict[str, frozenset[Ends]]


def take_apart(request: Request) -> tuple[Request, tuple[str, ...]]:
    """
    The request with each interface of files that nobody named as a point of its own, and a sentence for each such file.

    Two interfaces that show opposite directions of the same conversations are the two sides of a tap: one point. A
    file's interfaces are counted to its end before anything else is read of it; standard input and pipes, and files of
    more interfaces than are read one by one, stay one point.
    """
    points: list[PointFiles] = []
    notes = []
    for point in request.points:
        shown = _look(point, request) if _may_be_merged(point) else None
        if shown is None or len(shown.packets) < 2 or len(shown.packets) > MOST_INTERFACES:
            points.append(point)
            continue
        groups = _sides_of_taps(shown)
        if len(groups) == 1:
            points.append(point)
            notes.append(f"{point.name}: its interfaces {_listed(groups[0])} are the two directions of one tap")
            continue
        taken = {p.name for p in (*request.points, *points)}
        for group in groups:
            name = _name_of(point, group, shown, taken)
            taken.add(name)
            points.append(replace(point, name=name, interfaces=group))
        own = ", ".join(p.name for p in points[-len(groups) :])
        notes.append(f"{point.name}: {len(shown.packets)} interfaces with packets in one file, taken apart into {own}")
    return replace(request, points=tuple(points)), tuple(notes)


def say_together(points: Sequence[PointRead]) -> list[str]:
    """Which points hold packets of several interfaces that were not taken apart?"""
    return [
        f"{point.files.name}: {os.path.basename(read.facts.path)} holds packets of {count_of(len(keys), 'interface')}"
        f" ({', '.join(keys)}), taken as one point; FILE#NAME takes one of them"
        for point in points
        for read in point.reads
        if not point.files.interfaces and len(keys := [clean(key) for key in read.interfaces]) > 1
    ]


def _may_be_merged(point: PointFiles) -> bool:
    return is_on_disk(point.files[0]) and not point.is_named and not point.interfaces and len(point.files) == 1


def _look(point: PointFiles, request: Request) -> _Shown | None:
    """What do the interfaces of this file hold? None where its beginning describes one only."""
    walker = WholeWalker(DEFAULT_BATCH_RECORDS, request.decode_as)
    packets: dict[int, int] = {}
    ends: dict[int, set[Ends]] = {}
    seen = 0
    with open_capture(point.files[0], max_bytes=request.max_unpacked_bytes) as capture:
        if capture.facts.format == ONE_INTERFACE:
            return None
        for batch in capture.batches():
            if len(capture.interfaces) < 2:
                return None
            numbers, counts = np.unique(batch.interface, return_counts=True)
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                packets[number] = packets.get(number, 0) + count
            if seen < LOOKED_AT:
                _, frames = walker.walk(batch)
                _note_ends(frames, batch.interface, ends)
            seen += len(batch.ts_ns)
        keys = interface_keys(capture.interfaces)
        names = frozenset(key for key, one in zip(keys, capture.interfaces, strict=True) if one.name)
    by_key: dict[str, int] = {}
    directions: dict[str, set[Ends]] = {}
    for number in sorted(packets):
        by_key[keys[number]] = by_key.get(keys[number], 0) + packets[number]
        directions.setdefault(keys[number], set()).update(ends.get(number, ()))
    return _Shown(by_key, names, {key: frozenset(of) for key, of in directions.items()})


def _note_ends(frames: Frames, interface: np.ndarray, ends: dict[int, set[Ends]]) -> None:
    rows = np.flatnonzero(frames.ip_version != 0)
    columns = (
        *(frames.src_high, frames.src_low, frames.eth_src),
        *(frames.dst_high, frames.dst_low, frames.eth_dst),
    )
    for number, *pair in zip(*(c[rows].tolist() for c in (interface, *columns)), strict=True):
        ends.setdefault(number, set()).add(tuple(pair))


def _sides_of_taps(shown: _Shown) -> list[tuple[str, ...]]:
    """The interfaces in groups that are one point each."""
    groups: list[tuple[str, ...]] = []
    rest = list(shown.packets)
    while rest:
        one = rest.pop(0)
        other = next((key for key in rest if _is_other_side(shown.directions[one], shown.directions[key])), None)
        if other is not None:
            rest.remove(other)
        groups.append((one,) if other is None else (one, other))
    return groups


def _is_other_side(one: frozenset[Ends], other: frozenset[Ends]) -> bool:
    """
    Does each of two interfaces show one direction of the same conversations on one link, and none both?

    Two points that each captured what it received look the same where no router is between. Of these put together the
    times between data and ACK lack the way between the points; times of echoes, and all counts, stay what they are.
    """
    turned = {ends[3:] + ends[:3] for ends in other}
    both = len(one & turned)
    return both > 0 and not one & other and 2 * both > max(len(one), len(other))


def _name_of(point: PointFiles, group: tuple[str, ...], shown: _Shown, taken: set[str]) -> str:
    """After the interface, where it has a name that is free; else after the file with the interface behind it."""
    key = clean("+".join(group))
    is_free = all(k in shown.names for k in group) and key not in taken
    return unlike(key if is_free else f"{point.name}#{key}", taken, "-")


def _listed(keys: Sequence[str]) -> str:
    return " and ".join(clean(key) for key in keys)
