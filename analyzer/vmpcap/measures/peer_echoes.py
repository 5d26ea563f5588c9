"""Echo requests between a guest and its peers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import (
    LEAST_BEATS,
    LEAST_OUTAGE_NS,
    UNUSUAL_TIMES,
    find_outages,
    match_echoes,
    median_gap,
)
from vmpcap.measures.peer_streams import PeerStream, Protocol, Scene, came_back, groups_of, pair_filter, stream_of
from vmpcap.measures.pooled import Flow, pool
from vmpcap.terms.wire import (
    ICMP_ECHO_REPLY,
    ICMP_ECHO_REQUEST,
    ICMPV6_ECHO_REPLY,
    ICMPV6_ECHO_REQUEST,
    IP_ICMP,
    IP_ICMPV6,
)

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


ECHOES: Final[tuple[tuple[Protocol, int, int, int, str], ...]] = (
    ("icmp", IP_ICMP, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY, "icmp.ident"),
    ("icmpv6", IP_ICMPV6, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY, "icmpv6.echo.identifier"),
)
"""Protocol, its number, type of echo request and reply (RFC 792, RFC 4443 section 4), field of a display filter."""


LEAST_RUNS: Final = 3
"""Two runs of ping may be anybody's, who asks once more; a program that asks again and again has run more often."""


def echo_streams(scene: Scene) -> Iterator[PeerStream]:
    """
    Which streams of echo requests are there? One of each program that asks, and of one that is run again and again.

    Most systems number each run of ping anew: what asks once every few seconds is known by nothing but its address.
    """
    talk = scene.talk
    for protocol, number, request_type, reply_type, ident in ECHOES:
        rows = scene.of(number)
        if not len(rows):
            continue
        is_request, is_reply = talk.icmp_type == request_type, talk.icmp_type == reply_type
        rows = rows[(is_request | is_reply)[rows]]
        guest_asks = scene.from_guest[rows] == is_request[rows]
        for conversation in scene.flows(rows):
            by_requester = guest_asks[np.searchsorted(rows, conversation)]
            runs: dict[bool, list[Flow]] = {}
            for group in groups_of(conversation, by_requester, talk.icmp_id[conversation]):
                if is_request[group].any():
                    run = _run(scene, group, is_request)
                    runs.setdefault(bool(scene.from_guest[run.asks[0]]), []).append(run)
            for of_one in runs.values():
                for same in _run_again(scene, of_one):
                    yield _echo_stream(scene, same, (protocol, ident))


def _run(scene: Scene, rows: I64, is_request: Bools) -> Flow:
    """All echoes of one identifier."""
    asks, replies = rows[is_request[rows]], rows[~is_request[rows]]
    return Flow(asks, replies, match_echoes(scene.talk.icmp_seq[asks], asks, scene.talk.icmp_seq[replies], replies))


def _run_again(scene: Scene, runs: Sequence[Flow]) -> Iterator[list[Flow]]:
    """
    Which runs of one requester are told as one? All short ones; LEAST_RUNS longer ones that follow in the same beat.

    A run of fewer than LEAST_BEATS requests has no beat of its own that those of another could blur.
    """
    short = [run for run in runs if len(run.asks) < LEAST_BEATS]
    if short:
        yield short
    same: list[Flow] = []
    long = (run for run in runs if len(run.asks) >= LEAST_BEATS)
    for run in (*sorted(long, key=lambda run: int(run.asks[0])), None):
        if same and (run is None or not _goes_on(scene, same[-1], run)):
            yield from [same] if len(same) >= LEAST_RUNS else [[one] for one in same]
            same = []
        if run is not None:
            same.append(run)


def _goes_on(scene: Scene, one: Flow, later: Flow) -> bool:
    """Does the later run begin when the other had ended, in the same beat?"""
    ts = scene.talk.ts_ns
    gaps = sorted(median_gap(ts[run.asks]) or 0 for run in (one, later))
    return one.asks[-1] < later.asks[0] and gaps[1] <= UNUSUAL_TIMES * gaps[0]


def _echo_stream(scene: Scene, runs: Sequence[Flow], words: tuple[Protocol, str]) -> PeerStream:
    talk, (protocol, ident) = scene.talk, words
    requests = pool(talk, runs)
    numbers = {int(talk.icmp_id[run.asks[0]]) for run in runs}
    icmp_id = numbers.pop() if len(numbers) == 1 else None
    within = [np.diff(talk.ts_ns[run.asks]).max() for run in runs if len(run.asks) > 1] if len(runs) > 1 else []
    longest_ns = int(max(within)) if within else None  # between two runs nobody asks
    outages = find_outages(requests, LEAST_OUTAGE_NS, scene.end_ns, longest_ns)
    first = min(int(run.asks[0]) for run in runs)
    ends = scene.ends(first)._replace(peer_port=0, guest_port=0)
    rows = np.sort(np.concatenate([rows for run in runs for rows in (run.asks, run.replies)]))
    stream = stream_of(scene, rows, ends, requests, bool(scene.from_guest[first]))
    return replace(
        stream,
        protocol=protocol,
        manner="echo",
        icmp_id=icmp_id,
        outages=tuple(outages),
        survived=came_back(outages),
        filter=f"{pair_filter(ends)} && {protocol if icmp_id is None else f'{ident} == {icmp_id}'}",
    )
