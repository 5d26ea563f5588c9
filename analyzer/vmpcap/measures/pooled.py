"""Flows of requests that are taken together as one stream."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import UNANSWERED, Requests
from vmpcap.measures.talk import Talk

I64 = npt.NDArray[np.int64]


class Flow(NamedTuple):
    """One flow: rows of who asks, rows of the other, and which of those answers which."""

    asks: I64
    replies: I64
    answer: I64
    """int64[asks]: index into replies, UNANSWERED without one."""


def pool(talk: Talk, flows: Sequence[Flow]) -> Requests:
    """Requests of several flows by time, with the answers of all."""
    asks = np.concatenate([flow.asks for flow in flows])
    replies = np.concatenate([flow.replies for flow in flows])
    offsets = np.cumsum([0, *(len(flow.replies) for flow in flows[:-1])])
    answer = np.concatenate(
        [np.where(f.answer == UNANSWERED, UNANSWERED, f.answer + at) for f, at in zip(flows, offsets, strict=True)]
    )
    by_time, replies_by_time = np.argsort(asks), np.argsort(replies)
    place = np.empty(len(replies) + 1, np.int64)
    place[replies_by_time] = np.arange(len(replies))
    place[UNANSWERED] = UNANSWERED
    asks, replies = asks[by_time], replies[replies_by_time]
    answer = place[answer[by_time]]
    return Requests(talk.ts_ns[asks], talk.frame[asks], answer, talk.ts_ns[replies], talk.frame[replies])
