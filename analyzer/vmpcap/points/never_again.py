"""Which data that one point lacks did arrive, and which never did: what TCP acknowledged, and what it sent again."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import MASK, Kept

I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

MOST_ASKED: Final = 100_000
"""Of so many segments it is asked; of more all count as lost."""


def never_sent_again(here: Kept, lost: I64) -> Bools:
    """
    Which of these rows are data of TCP that was acknowledged here later, and not sent again before that?

    Notes
    -----
    Where this point missed what was sent again, that leans to "it arrived". Acknowledgements that it does not show
    leave a segment lost, and so does a sample of the packets. Data that had been sent before tells nothing either: it
    may have come then.
    """
    arrived = np.zeros(len(lost), bool)
    data = (here.loose[lost] != here.key[lost]) & (here.payload_bytes[lost] > 0)
    if not data.any() or len(lost) > MOST_ASKED or int(here.totals[MASK]):
        return arrived
    is_tcp = (here.loose != here.key) & (here.is_copy == 0)
    flow, back = _flows(here)
    by_time = np.argsort(here.ts_ns, kind="stable")
    for one in np.unique(flow[lost[data]]).tolist():
        sent = by_time[(is_tcp & (here.payload_bytes > 0) & (flow == np.uint64(one)))[by_time]]
        told = by_time[(is_tcp & (here.tcp_ack != 0) & (back == np.uint64(one)))[by_time]]
        asked = np.flatnonzero(data & (flow[lost] == np.uint64(one)))
        if len(told) and len(sent):
            arrived[asked] = _in_flow(here, sent, told, lost[asked])
    return arrived


def sent_in_vain(here: Kept, rows: I64) -> Bools:
    """
    Which of these rows are data of TCP that was never acknowledged here, in a connection that sends it again in vain?

    Notes
    -----
    Nothing is said of a direction of which no acknowledgement is in view at all, or of a sample of the packets. It is
    sent again where two segments begin at the same byte.
    """
    vain = np.zeros(len(rows), bool)
    data = (here.loose[rows] != here.key[rows]) & (here.payload_bytes[rows] > 0)
    if not data.any() or int(here.totals[MASK]):
        return vain
    is_tcp = (here.loose != here.key) & (here.is_copy == 0)
    flow, back = _flows(here)
    for one in np.unique(flow[rows[data]]).tolist():
        sent = np.flatnonzero(is_tcp & (here.payload_bytes > 0) & (flow == np.uint64(one)))
        told = np.flatnonzero(is_tcp & (here.tcp_ack != 0) & (back == np.uint64(one)))
        if not len(told):
            continue
        base = here.tcp_seq[sent[:1]]
        begin = _unwrapped(here.tcp_seq[sent], base)
        top = int(_unwrapped(here.tcp_ack[told], base).max())
        _, place, often = np.unique(begin, return_inverse=True, return_counts=True)
        is_open = begin + here.payload_bytes[sent] > top
        if (is_open & (often[place] > 1)).any():
            vain |= np.isin(rows, sent[is_open])
    return vain


def _flows(kept: Kept) -> tuple[U64, U64]:
    """uint64[rows] twice: one direction of a connection, and the direction that answers it."""
    ports = kept.ports.astype(np.uint64)
    swapped = (ports >> np.uint64(16)) | ((ports & np.uint64(0xFFFF)) << np.uint64(16))
    ends, side = kept.pair & ~np.uint64(1), kept.side.astype(np.uint64)
    return (ends ^ ports << np.uint64(20)) & ~np.uint64(1) | side, (
        (ends ^ swapped << np.uint64(20)) & ~np.uint64(1) | (side ^ np.uint64(1))
    )


def _in_flow(here: Kept, sent: I64, told: I64, lost: I64) -> Bools:
    """The same of one direction of a connection: its segments and its acknowledgements by time."""
    base = here.tcp_seq[sent[:1]]
    begin = _unwrapped(here.tcp_seq[sent], base)
    end = begin + here.payload_bytes[sent]
    acked, acked_ts = np.maximum.accumulate(_unwrapped(here.tcp_ack[told], base)), here.ts_ns[told]
    ts = here.ts_ns[sent]
    before = np.concatenate(([np.iinfo(np.int64).min], np.maximum.accumulate(end)[:-1]))
    again = np.flatnonzero(begin < before)
    again = again[np.argsort(begin[again], kind="stable")]
    longest = int((end - begin).max())
    place = {int(row): n for n, row in enumerate(sent.tolist())}
    arrived = np.zeros(len(lost), bool)
    for n, row in enumerate(lost.tolist()):
        at = place.get(row)
        if at is None or begin[at] < before[at]:
            continue
        first = int(np.searchsorted(acked, end[at]))
        if first == len(acked) or acked_ts[first] < ts[at]:
            continue
        near = again[slice(*np.searchsorted(begin[again], (begin[at] - longest, end[at])))]
        arrived[n] = not ((end[near] > begin[at]) & (ts[near] > ts[at]) & (ts[near] < acked_ts[first])).any()
    return arrived


def _unwrapped(numbers: U32, base: U32) -> I64:
    """How far are these behind the base, though they wrap (RFC 9293 section 3.4)? int64[n]; steps are below 2**31."""
    steps = np.diff(np.concatenate((base, numbers))).astype(np.uint32).view(np.int32)
    return np.cumsum(steps.astype(np.int64))
