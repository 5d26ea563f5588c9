"""UDP between a guest and its peers: requests and their answers, or one way only."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import (
    LEAST_OUTAGE_NS,
    MOSTLY,
    USUAL_TIMES,
    find_outages,
    match_latest,
    median_gap,
    mostly_answered,
)
from vmpcap.measures.peer_streams import Ends, PeerStream, Scene, came_back, one_way_stream, stream_of
from vmpcap.measures.pooled import Flow, pool
from vmpcap.terms.wire import (
    IP_UDP,
)

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


FEW_REQUESTS: Final = 3
"""UDP flows of fewer requests are taken together per service: a new port for each request is one stream."""


OF_A_SERVICE: Final = 0.25
"""
A service whose flows are a request or two each, of which so many have an answer, is asked: a loss may take most of its
answers. In one long flow half of all packets must have one: what is pushed may be acknowledged now and then.
"""


def datagram_streams(scene: Scene) -> Iterator[PeerStream]:
    pooled: dict[tuple[Ends, bool], list[Flow]] = {}
    for rows in scene.flows(scene.of(IP_UDP)):
        flow = _udp_flow(scene, rows)
        if len(flow.asks) >= FEW_REQUESTS:
            yield from _service_streams(scene, [flow], scene.ends(int(flow.asks[0])), MOSTLY)
        else:
            ends, guest_asks = scene.ends(int(flow.asks[0])), bool(scene.from_guest[flow.asks[0]])
            service = ends._replace(guest_port=0) if guest_asks else ends._replace(peer_port=0)
            pooled.setdefault((service, guest_asks), []).append(flow)
    for (service, _), flows in pooled.items():
        yield from _service_streams(scene, flows, service, OF_A_SERVICE)


def _udp_flow(scene: Scene, rows: I64) -> Flow:
    """Who asks first is the requester, as far as the capture shows it."""
    asking = scene.from_guest[rows] == scene.from_guest[rows[0]]
    asks, replies = rows[asking], rows[~asking]
    return Flow(asks, replies, match_latest(scene.talk.ts_ns[asks], scene.talk.ts_ns[replies]))


def _service_streams(scene: Scene, flows: list[Flow], ends: Ends, least: float) -> Iterator[PeerStream]:
    """Flows of one service as a stream of requests; as one-way streams where hardly anything is answered."""
    requests = pool(scene.talk, flows)
    if not mostly_answered(requests.is_answered, least):
        for flow in flows:
            for sent in (flow.asks, flow.replies):
                if len(sent):
                    yield one_way_stream(scene, sent, "udp")
        return
    rows = np.sort(np.concatenate([rows for flow in flows for rows in (flow.asks, flow.replies)]))
    long_ns = max(LEAST_OUTAGE_NS, USUAL_TIMES * (median_gap(requests.ts) or 0))
    found = find_outages(requests, LEAST_OUTAGE_NS, scene.end_ns)
    outages = [outage for outage in found if outage.seen_ns >= long_ns]
    faint = tuple(outage for outage in found if outage.seen_ns < long_ns)
    stream = stream_of(scene, rows, ends, requests, bool(scene.from_guest[flows[0].asks[0]]))
    yield replace(stream, outages=tuple(outages), faint=faint, survived=came_back(outages))
