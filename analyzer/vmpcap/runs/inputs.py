"""What was read, as the report lists it: each file with its facts and its defects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from vmpcap.decode.guesses import Guess as Counted
from vmpcap.migration.views import PointView
from vmpcap.readers.defects import Defect as ReadDefect
from vmpcap.readers.facts import CaptureFacts, Drops
from vmpcap.report.document import CaptureHole, Defect, Guess, Input
from vmpcap.runs.point import PointRead
from vmpcap.runs.requests import PointFiles
from vmpcap.terms.link_types import link_type_name
from vmpcap.terms.units import NS_PER_MS, count_of, iso_utc

GRAVE: Final = frozenset({"time_backwards", "untimed", "invalid_fraction", "time_out_of_range", "unknown_interface"})
"""Defects that may touch a figure although the file could be read to its end."""

JITTER_NS: Final = NS_PER_MS
"""Steps back in time up to this come from several receive queues, not from a clock that was set."""


def describe_inputs(points: Sequence[PointRead]) -> list[Input]:
    """Which files were read, and what is odd about each?"""
    return [
        describe_file(
            point.files, read.facts, read.defects, read.not_walked, read.guesses, read.interfaces, read.control
        )
        for point in points
        for read in point.reads
    ]


def describe_file(
    files: PointFiles,
    facts: CaptureFacts,
    defects: Sequence[ReadDefect],
    not_walked: dict[str, int],
    guesses: Sequence[Counted] = (),
    interfaces: Sequence[str] = (),
    control: Mapping[str, int] | None = None,
) -> Input:
    """What was read of this file of a point, and what is odd about it?"""
    return Input(
        point=files.name,
        role=files.role,
        path=facts.path,
        format=facts.format if facts.packing == "none" else f"{facts.format}, {facts.packing}",
        byte_order=facts.byte_order,
        time_resolution=facts.time_resolution,
        linktypes=[link_type_name(number) for number in facts.link_types],
        packets=facts.packets,
        bytes=facts.wire_bytes,
        first_ts=iso_utc(facts.first_ts_ns),
        last_ts=iso_utc(facts.last_ts_ns),
        truncated=facts.truncated,
        defects=[
            Defect(
                kind=d.kind,
                count=d.count,
                first_frame=d.first_frame,
                offset=d.offset,
                detail=d.detail,
                minor=_is_jitter(d),
            )
            for d in defects
        ],
        not_walked=not_walked,
        control=dict(control or {}),
        guesses=[Guess(**one._asdict()) for one in guesses],
        role_because=files.role_because,
        interfaces=list(interfaces),
        taken="+".join(files.interfaces),
    )


def with_holes(inputs: Sequence[Input], views: Sequence[PointView]) -> list[Input]:
    """The same, each file with the holes that begin in its time."""
    holes = {view.name: view.holes for view in views}
    return [
        msgspec.structs.replace(
            one,
            holes=[
                CaptureHole(
                    from_ts=begin,
                    to_ts=iso_utc(hole.to_ts) or "",
                    from_frame=hole.from_frame,
                    to_frame=hole.to_frame,
                    ms=hole.ms,
                    sure=hole.sure,
                    because=hole.because,
                )
                for hole in holes.get(one.point, ())
                if (begin := iso_utc(hole.from_ts) or "") and (one.first_ts or "") <= begin <= (one.last_ts or "")
            ],
        )
        for one in inputs
    ]


def dropped(drops: Sequence[Drops]) -> int:
    """How many packets does the capture say it lost? What is not stated counts as none; that is no proof of none."""
    return sum((d.dropped or 0) + (d.os_dropped or 0) + d.between_packets for d in drops)


def missing_of_mirrors(point: PointRead) -> int:
    """How many packets do the numbers of the mirrors at this point say that never came?"""
    return sum(tunnel.missing for tunnel in point.tunnels.tunnels() if tunnel.is_mirror)


def name_faults(points: Sequence[PointRead]) -> list[str]:
    """What about these captures may touch a finding? One sentence each."""
    faults = list(_copies(points))
    for point in points:
        missing = missing_of_mirrors(point)
        if missing:
            mirrored = count_of(missing, "mirrored packet")
            faults.append(f"{point.files.name}: {mirrored} missing (ERSPAN sequence numbers)")
        for read in point.reads:
            lost = dropped(read.drops)
            if lost:
                faults.append(f"{point.files.name}: the capturing machine dropped {lost} packets")
            faults += [
                f"{point.files.name}: {d.kind} ({d.detail or f'{d.count} times'})"
                for d in read.defects
                if d.ends_reading or (d.kind in GRAVE and not _is_jitter(d))
            ]
    return faults


def _copies(points: Sequence[PointRead]) -> Iterator[str]:
    """Which points show the same packets at the same times as another? Between them nothing was lost or took time."""
    seen: dict[tuple[tuple[int | None, ...], ...], str] = {}
    for point in points:
        facts = [read.facts for read in point.reads if read.facts.packets]
        shown = tuple((f.packets, f.wire_bytes, f.captured_bytes, f.first_ts_ns, f.last_ts_ns) for f in facts)
        if not shown:
            continue
        other = seen.setdefault(shown, point.files.name)
        if other != point.files.name:
            packets = count_of(sum(f.packets for f in facts), "packet")
            yield f"{point.files.name}: the same {packets} at the same times as {other}: it is a copy, no other place"


def _is_jitter(defect: ReadDefect) -> bool:
    return defect.kind == "time_backwards" and defect.largest is not None and defect.largest <= JITTER_NS
