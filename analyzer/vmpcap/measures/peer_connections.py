"""TCP between a guest and its peers."""

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.kernels.waiting import Segments
from vmpcap.measures.peer_streams import Ends, PeerStream, Scene, Who, one_way_stream, port_filter
from vmpcap.measures.waiting import Waits, first_reset, measure_waits, part, read_segments, split_connections
from vmpcap.terms.wire import (
    IP_TCP,
)

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


REQUESTERS: Final[tuple[Who, Who]] = ("peer", "guest")

MOSTLY: Final = 10
"""A connection in which the guest sends this many times as many data segments as the peer is a one-way stream too."""

SEGMENTS_AT_ONCE: Final = 16_384
"""A few thousand flows of a few segments each are read in one go; a large flow alone."""


def connection_streams(scene: Scene) -> Iterator[PeerStream]:
    for rows, segments_of_flow in _segments_by_flow(scene):
        ends = scene.ends(int(rows[0]))
        connections = split_connections(segments_of_flow)
        begin = 0
        for number, segments in enumerate(connections):
            replaced = connections[number + 1] if number + 1 < len(connections) else None
            end_ns = int(replaced.ts[0]) if replaced is not None else scene.end_ns
            for requester in REQUESTERS:
                waits = measure_waits(segments, requester == "guest", end_ns)
                if requester == "peer" or waits.outages or waits.unfinished:
                    yield _connection_stream(segments, ends, requester, waits, replaced)
            theirs = rows[begin : begin + len(segments.ts)]
            begin += len(segments.ts)
            has_data = segments.payload_bytes > 0
            told = has_data & segments.from_guest
            if told.sum() > MOSTLY * (has_data.sum() - told.sum()):
                silent = one_way_stream(scene, theirs[told], "tcp")
                if silent.outages:
                    yield silent


def _segments_by_flow(scene: Scene) -> Iterator[tuple[I64, Segments]]:
    """Rows and segments of each TCP flow: read for many small flows at a time, but never for all."""
    waiting: list[I64] = []
    for rows in itertools.chain(scene.flows(scene.of(IP_TCP)), (None,)):
        if waiting and (rows is None or sum(map(len, waiting)) + len(rows) > SEGMENTS_AT_ONCE):
            segments, past = read_segments(scene.talk, np.concatenate(waiting), scene.from_guest), 0
            for flow in waiting:
                past += len(flow)
                yield flow, part(segments, past - len(flow), past)
            waiting.clear()
        if rows is not None:
            waiting.append(rows)


def _connection_stream(
    segments: Segments, ends: Ends, requester: Who, waits: Waits, replaced: Segments | None
) -> PeerStream:
    """
    Which stream is a connection in which one side waited so for the other?

    Notes
    -----
    Delayed acknowledgements (40 ms on Linux, up to 200 ms elsewhere) are waits too: a figure of that size is not yet an
    outage of the guest.
    """
    outages = waits.outages if waits.unfinished is None else (*waits.outages, waits.unfinished)
    is_replaced = waits.unfinished is not None and replaced is not None
    reset = first_reset(segments)
    end = None
    if reset is not None:
        end = int(segments.ts[reset]), int(segments.frame[reset])
    elif is_replaced and replaced is not None:
        end = int(replaced.ts[0]), int(replaced.frame[0])
    return PeerStream(
        **ends._asdict(),
        protocol="tcp",
        icmp_id=None,
        requester=requester,
        manner="connection",
        requests=waits.requests,
        answers=waits.answers,
        first_ts=int(segments.ts[0]),
        first_frame=int(segments.frame[0]),
        last_ts=int(segments.ts[-1]),
        last_frame=int(segments.frame[-1]),
        interval_ns=waits.interval_ns,
        answer_ns=waits.usual_ns,
        retransmissions=waits.resent,
        reset_ts=end[0] if end else None,
        reset_frame=end[1] if end else None,
        outages=outages,
        survived=False if waits.was_waiting_at_reset or is_replaced else None if waits.unfinished is not None else True,
        filter=port_filter("tcp", ends),
        asked_ts=segments.ts[(segments.from_guest == (requester == "guest")) & (segments.payload_bytes > 0)],
    )
