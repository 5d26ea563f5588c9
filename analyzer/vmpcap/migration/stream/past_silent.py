"""What was lost of packets that left while the next station recorded nothing, as the stations behind it tell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from vmpcap.migration.segment_results import BACK, FORTH, Direction, Segment
from vmpcap.migration.stream.figures import uncaptured
from vmpcap.migration.stream.station_passages import TOWARDS, Station, Stretch, passages, window
from vmpcap.points.pairing import only
from vmpcap.points.passage import Passage, add_up
from vmpcap.terms.members import is_among


def past_silent(here: Station, over: Sequence[tuple[Stretch, Station]], way: Direction) -> Iterator[Segment]:
    """
    Which packets that left this station were lost while the next one recorded nothing? A part for each that tells.

    Parameters
    ----------
    over : the stations in the order in which the packets meet them; the first is the next one

    Notes
    -----
    A packet is held against the first station behind that recorded when it must have passed. Nothing is told where
    that one kept too few of the packets, or where its capture lacks others that did come.
    """
    (stretch, there), *behind = over
    span = window(stretch, here, there, way)
    if span is None:
        return
    ts = here.kept.ts_ns
    open_ = (here.is_data == (way == FORTH)) & ((ts < span[0]) | (ts > span[1]))
    open_ &= ~is_among(here.kept.key, there.kept.key)
    silent = [there.name]
    for number, (further, station) in enumerate(behind):
        seen = window(further, here, station, way)
        if seen is not None and not (here.left_out or station.left_out):
            told = open_ & (ts >= seen[0]) & (ts <= seen[1])
            scale = further.paired.scale
            beyond = [later for _, later in behind[number + 1 :]]
            part = _rows_of(here, told)
            passage = add_up(list(passages(part, station, beyond, way, seen, scale > 1)))
            if passage.lost and not (way == BACK and any(uncaptured(k.data) for k in station.sighting.transfer.links)):
                yield _segment(part, station, way, passage, silent, scale)
            open_ &= ~told
        silent = [*silent, station.name]


def _rows_of(station: Station, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Station:
    rows = np.flatnonzero(which)
    kept, is_data, link_of = only(station.kept, rows), station.is_data[rows], station.link_of[rows]
    return replace(station, kept=kept, is_data=is_data, link_of=link_of)


def _segment(
    here: Station, there: Station, way: Direction, passage: Passage, silent: Sequence[str], scale: int
) -> Segment:
    lost, sent = scale * (passage.lost or 0), scale * passage.sent
    meanwhile = f"of those that left while {' and '.join(silent)} recorded nothing"
    return Segment(
        from_point=here.name,
        to_point=there.name,
        direction=way,
        lost=lost,
        lost_of=sent,
        duplicated=None,
        reordered=None,
        delay_min_ms=None,
        delay_p95_ms=None,
        uncertainty_ms=None,
        queueing_ms=None,
        matched=scale * int(is_among(here.kept.key, there.kept.key).sum()),
        missed=None if passage.missed is None else scale * passage.missed,
        outside=0,
        unseen=0,
        recut=passage.recut,
        one_in=scale,
        because=f"{lost:,} of {sent:,} lost between {here.name} and {there.name} {TOWARDS[way]}, {meanwhile}",
        frames=list(passage.lost_frames),
        silent=list(silent),
    )
