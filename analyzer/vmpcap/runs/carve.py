"""Picking packets out of the captures that they were found in, by their frame numbers."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from vmpcap.readers.facts import Interface
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.sources import Capture, open_capture
from vmpcap.report.as_pcapng import Picked, Source
from vmpcap.report.clean import clean
from vmpcap.report.proof_frames import Proof
from vmpcap.runs.requests import PointFiles
from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import STDIN
from vmpcap.terms.units import NO_TIME

AFTER: Final = "; "


class Carved(NamedTuple):
    """What was picked: by time, as far as the points' own clocks tell."""

    sources: list[Source]
    packets: list[Picked]
    missing: list[str]
    """What was named and is not there, in words."""


def carve(points: Sequence[PointFiles], proofs: Iterable[Proof], max_bytes: int | None = None) -> Carved:
    """
    Which packets are these? Each once, with everything that it is named for in its comment.

    Parameters
    ----------
    points : as they were read for the report that names the frames
    max_bytes : what a packed capture may unpack to; None: the reader's own limit

    Raises
    ------
    RequestError
        A capture is standard input, which cannot be read a second time.
    CaptureError
        A capture cannot be read any more.
    """
    by_point: dict[str, dict[str | None, dict[int, list[str]]]] = {}
    for proof in proofs:
        of_file = by_point.setdefault(proof.point, {}).setdefault(proof.file, {})
        words = of_file.setdefault(proof.frame, [])
        if proof.words not in words:
            words.append(proof.words)
    carved = Carved([], [], [])
    for point in points:
        wanted = by_point.pop(point.name, {})
        if not wanted:
            continue
        if STDIN in point.files:
            raise RequestError("packets are picked in a second reading, which standard input has not: give a file")
        if len(point.files) == 1:
            wanted = {point.files[0]: wanted[None]} if None in wanted else wanted
        for path in point.files:
            if path in wanted:
                _pick(point, path, wanted.pop(path), max_bytes, carved)
        carved.missing.extend(_of_no_file(point, file, frames) for file, frames in wanted.items())
    carved.missing.extend(f"{name}: there is no such capture point" for name in by_point)
    carved.packets.sort(key=lambda packet: packet.ts_ns)
    return carved


def _of_no_file(point: PointFiles, file: str | None, frames: Mapping[int, list[str]]) -> str:
    """What is said of frames whose file is not known, or none of the point's?"""
    of = "none says of which" if file is None else f"{clean(file)} is none"
    return f"{point.name}: {len(frames)} frames are not carved: of its {len(point.files)} files {of}"


def _pick(point: PointFiles, path: str, wanted: Mapping[int, list[str]], max_bytes: int | None, carved: Carved) -> None:
    numbers = np.array(sorted(wanted), np.int64)
    known: dict[int, int] = {}
    found = 0
    with open_capture(path, batch_records=DEFAULT_BATCH_RECORDS, max_bytes=max_bytes) as capture:
        for batch in capture.batches():
            rows = len(batch.record_at)
            first, past = np.searchsorted(numbers, [batch.first_frame, batch.first_frame + rows])
            for number in numbers[first:past].tolist():
                row = number - batch.first_frame
                begin, size = int(batch.record_at[row]), int(batch.captured_bytes[row])
                interface = int(batch.interface[row])
                if interface not in known:
                    known[interface] = len(carved.sources)
                    carved.sources.append(_source(point, path, capture, interface, int(batch.link_type[row])))
                ts = int(batch.ts_ns[row])
                carved.packets.append(
                    Picked(
                        ts_ns=0 if ts == NO_TIME else ts,
                        source=known[interface],
                        data=batch.buffer[begin : begin + size].tobytes(),
                        wire_bytes=int(batch.wire_bytes[row]),
                        comment=_comment(point, path, number, wanted[number]),
                    )
                )
                found += 1
            if past == len(numbers):
                break
    if found < len(numbers):
        carved.missing.append(f"{point.name}: {len(numbers) - found} of {len(numbers)} frames are not in {clean(path)}")


def _source(point: PointFiles, path: str, capture: Capture, interface: int, link_type: int) -> Source:
    """The interface as the capture has it, called after the point."""
    given = capture.interfaces[interface] if interface < len(capture.interfaces) else Interface(link_type)
    name = f"{point.name}: {given.name}" if given.name else point.name
    told = f"{given.description}{AFTER}" if given.description else ""
    return Source(clean(name), clean(f"{told}of {_file_name(path)}"), link_type, given.snaplen)


def _comment(point: PointFiles, path: str, number: int, words: Iterable[str]) -> str:
    """Where it was, and what it proves: a line each."""
    return "\n".join([f"frame {number} of {clean(_file_name(path))} ({clean(point.name)})", *map(clean, words)])


def _file_name(path: str) -> str:
    """Without its folder: what is carved is passed on, and folders are named after people and customers."""
    return os.path.basename(path)
