"""Packets that a point does not show: lost before it, or only missed by its capture."""

import math
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.packets.stations import ECHO_PROTOCOLS, SLACK_NS, Station
from vmpcap.points.passage import Passage
from vmpcap.terms.wire import IP_TCP

LEAST_LACKING: Final = 3
"""A capture that lacks so many packets, which a farther point shows, lacks others as well."""

AS_OFTEN: Final = 2.0
"""
Up to so many times as often as it lacks those, what nobody shows any more may only be missing there.

A choice: a capture that lacks 5 of 1000 lacks 10 or more of another 1000 by chance once in thirty times.
"""


FAR_MORE: Final = 10
"""Losses so many times as many as the capture may lack of them are told as they are, with how many those may be."""


class Recorded(NamedTuple):
    """A passage, and what is said of the packets that the second point may only have missed."""

    passage: Passage
    words: str = ""
    """Of those that are not counted as lost."""
    unsure: str = ""
    """How many were lost at least and at most, where nobody knows; else empty."""


def recorded(passage: Passage, here: Station, there: Station, to_guest: bool, scale: int) -> Recorded:
    """
    The same, without losses that are no more than what the second point's capture lacks of others.

    Where they are more, some were lost, and how many is not known: unless they are so many that it hardly matters.
    What passed it in the other direction and came to the first was not lost. Requests that nobody answered are, and
    bytes that nobody acknowledged: of answers, and of acknowledgements alone, nothing tells.
    """
    back = np.flatnonzero((here.to_guest != to_guest) & here.inside & np.isin(here.kept.pair, there.kept.pair))
    first, last = (on_clock_of(here.view, there.view, at) for at in (there.view.first_ts, there.view.last_ts))
    back = back[(here.kept.ts_ns[back] > first) & (here.kept.ts_ns[back] < last - SLACK_NS)]
    lacking = int((~np.isin(here.kept.key[back], there.kept.key)).sum())
    lacking, others = max(
        (lacking, len(back)), (passage.missed or 0, passage.sent), key=lambda pair: pair[0] / max(pair[1], 1)
    )
    rows = np.flatnonzero(np.isin(here.kept.frame, np.array(passage.lost_frames, np.int64)))
    if not passage.lost or not len(rows) or lacking < LEAST_LACKING:
        return Recorded(passage)
    is_asked = np.isin(here.packets.protocol[rows], ECHO_PROTOCOLS) & here.to_guest[rows] & here.packets.answered.any()
    is_data = (here.packets.protocol[rows] == IP_TCP) & (here.kept.payload_bytes[rows] > 0)
    open_rows = rows[~is_asked & ~is_data]
    count = round(passage.lost * len(open_rows) / len(rows))
    if not count:
        return Recorded(passage)
    lacks = f"whose capture lacks {scale * lacking:,} of {scale * others:,} others"
    most_missed = math.ceil(AS_OFTEN * lacking * passage.sent / others)
    if count > most_missed:
        may = f"up to {scale * most_missed:,} of them may only be missed by {there.name}, {lacks}"
        if count >= FAR_MORE * most_missed:
            return Recorded(passage, f"; {may}")
        most = scale * passage.lost
        seen = f"{most:,} were last seen at {here.name}, and {may}"
        return Recorded(passage, unsure=f"{most - scale * most_missed:,} to {most:,}: {seen}")
    if count > -(-lacking * passage.sent // others):
        most = scale * passage.lost
        unsure = (
            f"{most - scale * count:,} to {most:,}: {scale * count:,} were last seen at {here.name}, and some of them"
        )
        return Recorded(passage, unsure=f"{unsure} or all were missed by {there.name}, {lacks}")
    frames = frozenset(here.kept.frame[open_rows].tolist())
    words = f"; {scale * count:,} more were last seen at {here.name}: lost, or missed by {there.name}, {lacks}"
    sure = tuple(frame for frame in passage.lost_frames if frame not in frames)
    left = replace(passage, lost=passage.lost - count, lost_frames=sure, outside=passage.outside + count)
    return Recorded(left, words)
