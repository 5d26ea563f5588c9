"""Reading a stream's packets again for the graph of its numbers over time."""

from typing import Final

import numpy as np

from vmpcap.decode.duplicates import COPY, CopyFinder
from vmpcap.decode.fragments import WholeWalker
from vmpcap.flows.table import FlowTable
from vmpcap.measures.sequence_graph import SequenceColumns, SequenceGraph
from vmpcap.migration.stream.transfers import Link
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.sources import open_capture
from vmpcap.report.worst_first import worst_first
from vmpcap.runs.pipeline import Analysis
from vmpcap.runs.point import PointRead, chosen_rows
from vmpcap.runs.requests import Request
from vmpcap.runs.taken import Taken
from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import is_stream

MOST_GRAPHS: Final = 30
"""Migrations whose numbers are drawn: each is another reading of its capture."""
SHARED_POINTS: Final = 40_000
"""Points that all graphs of a page share; none has more than measures.sequence_graph gives one alone."""


def sequence_graphs(analysis: Analysis, request: Request) -> dict[str, SequenceGraph]:
    """
    What does the main connection of each migration look like, by the migration's id? Of very many the worst have one.

    The main connection is the one that carried most, at the point whose figures are reported. Times are seconds after
    the migration's start.

    Raises
    ------
    RequestError
        The capture cannot be read a second time.
    CaptureError
        It cannot be read any more.
    """
    points = {point.files.name: point for point in analysis.points}
    graphs = {}
    worst = {m.id for m in worst_first(analysis.report.migrations)[:MOST_GRAPHS]}
    for migration, story in zip(analysis.report.migrations, analysis.told.stories, strict=True):
        if migration.id not in worst:
            continue
        transfer = story.move.best.transfer
        if not story.has_stream:
            continue
        main = max(transfer.links, key=lambda link: link.data.payload_bytes)
        graphs[migration.id] = _graph(
            points[story.point], main, transfer.start_ts, request, SHARED_POINTS // len(worst)
        )
    return graphs


def refuse_unreadable(request: Request, asked: str = "--graph") -> None:
    """Raises RequestError where a capture cannot be read a second time, as it was asked to be."""
    for point in request.points:
        for path in point.files:
            if is_stream(path):  # what is not there at all is said by reading it
                raise RequestError(
                    f"{asked} reads the capture a second time, which {path!r} does not allow; give a file"
                )


def _graph(point: PointRead, link: Link, start_ns: int, request: Request, most_points: int) -> SequenceGraph:
    connection = link.connection
    flows, walker = FlowTable(request.ports), WholeWalker(DEFAULT_BATCH_RECORDS, request.decode_as)
    copies = CopyFinder() if link.data.duplicates or link.back.duplicates else None
    columns = SequenceColumns(connection.first_ts, connection.last_ts)
    for path in point.files.files:
        taken = Taken(point.files.interfaces)
        with open_capture(path, batch_records=DEFAULT_BATCH_RECORDS, max_bytes=request.max_unpacked_bytes) as capture:
            for batch in capture.batches():
                whole, frames = walker.walk(batch)
                chosen = chosen_rows(frames, request, taken.choose(batch, capture.interfaces))
                flow_id, side = flows.name(frames, batch.first_frame)
                mine = flow_id == connection.flow_id
                if chosen is not None:
                    mine &= chosen
                if copies is not None:
                    mine &= copies.mark(whole, frames) != COPY
                rows = np.flatnonzero(mine)
                if len(rows):
                    columns.absorb(frames.ts_ns[rows], side[rows] == link.data_side, frames, rows)
    return columns.finish(start_ns, most_points)
