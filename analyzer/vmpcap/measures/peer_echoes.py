"""Echo requests between a guest and its peers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import (
    LEAST_OUTAGE_NS,
    Requests,
    find_outages,
    match_echoes,
)
from vmpcap.measures.peer_streams import PeerStream, Protocol, Scene, came_back, groups_of, pair_filter, stream_of
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


def echo_streams(scene: Scene) -> Iterator[PeerStream]:
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
            for group in groups_of(conversation, by_requester, talk.icmp_id[conversation]):
                if is_request[group].any():
                    yield _echo_stream(scene, group, is_request, (protocol, ident))


def _echo_stream(scene: Scene, rows: I64, is_request: Bools, words: tuple[Protocol, str]) -> PeerStream:
    talk, (protocol, ident) = scene.talk, words
    asks, replies = rows[is_request[rows]], rows[~is_request[rows]]
    answer = match_echoes(talk.icmp_seq[asks], asks, talk.icmp_seq[replies], replies)
    requests = Requests(talk.ts_ns[asks], talk.frame[asks], answer, talk.ts_ns[replies], talk.frame[replies])
    icmp_id = int(talk.icmp_id[asks[0]])
    outages = find_outages(requests, LEAST_OUTAGE_NS, scene.end_ns)
    ends = scene.ends(int(asks[0]))._replace(peer_port=0, guest_port=0)
    stream = stream_of(scene, rows, ends, requests, bool(scene.from_guest[asks[0]]))
    return replace(
        stream,
        protocol=protocol,
        manner="echo",
        icmp_id=icmp_id,
        outages=tuple(outages),
        survived=came_back(outages),
        filter=f"{pair_filter(ends)} && {ident} == {icmp_id}",
    )
