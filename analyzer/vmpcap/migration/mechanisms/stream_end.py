"""What shows a way of the stream: its first and last frames, and when it ended beside the guest's switchover."""

from typing import Final

import msgspec

from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import Case, since, span
from vmpcap.migration.mechanisms.shown import Frames
from vmpcap.migration.mechanisms.whose_clocks import where_it_moved
from vmpcap.migration.results import Mechanism
from vmpcap.points.timeline import Elapsed
from vmpcap.terms.units import NS_PER_MS

CAME_TO_ITS_END: Final = "the stream came to its end"
DIGITS: Final = 6


def stream_frames(case: Case) -> Frames:
    """At each point the handshake of the stream's largest connection, its last data and the last that came back."""
    found = []
    for sighting in case.move.sightings if case.move is not None else ():
        link = max(sighting.transfer.links, key=lambda one: one.data.payload_bytes)
        data, back = link.data, link.back
        numbers = (link.connection.first_frame, back.syn_frame, data.last_data_frame, back.last_frame)
        found += [(sighting.view, number) for number in numbers if number is not None and number > 0]
    return tuple(found)


def say_when_it_ended(case: Case, told: Mechanism) -> Mechanism:
    """
    The same answer of a way of the stream; where that came to its end, it says when beside the switchover.

    A way has done its part when the stream has ended. Before the switchover, as where the guest is copied first, that
    is no time after it: its latency stays null.
    """
    if told.worked != "yes" or not told.because.endswith(CAME_TO_ITS_END):
        return told
    apart = _after_the_switchover(case)
    if apart is None or apart.low_ns <= 0 <= apart.high_ns:
        return msgspec.structs.replace(told, because=f"{told.because}, which is all it is asked for")
    if apart.ns < 0:
        return msgspec.structs.replace(told, because=f"{told.because}, {span(-apart.ns)} before the switchover")
    because, latency = f"{told.because} {since(apart.ns)} after the switchover", round(apart.ns / NS_PER_MS, DIGITS)
    return msgspec.structs.replace(told, because=because, latency_ms=latency)


def _after_the_switchover(case: Case) -> Elapsed | None:
    """How long after the guest's first announcement were the stream's last data? None where no clock can say."""
    last = case.move.best.transfer.last_data_ts if case.move is not None else None
    moved = where_it_moved(case) if case.guest.first_heard is not None else None
    if case.move is None or last is None or moved is None:
        return None
    return elapsed_between(*moved, case.move.best.view, last)
