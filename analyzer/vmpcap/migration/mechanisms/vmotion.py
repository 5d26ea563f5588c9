"""The way of the stream itself: one subnet, or a router between the hosts (domain notes 4.1, 4.2)."""

from typing import Final

from vmpcap.migration.mechanisms.case import Case, result, sighted
from vmpcap.migration.mechanisms.stream_end import stream_frames
from vmpcap.migration.mechanisms.stream_ways import labels_around
from vmpcap.migration.mechanisms.ways import by_end, is_stuck_by_size
from vmpcap.migration.results import Mechanism

WORD_OF: Final = {"same_subnet_vmotion": "adjacent", "routed_vmotion": "routed"}


def judge_way(case: Case, name: str) -> Mechanism | None:
    """Did the stream come through on this kind of way?"""
    if case.path.word != WORD_OF[name]:
        return None
    worked, because = by_end(case, case.path.because)
    labelled = labels_around(case) if worked == "no" and is_stuck_by_size(case) else None
    if labelled is not None:
        worked = "undecided"
        because += f"; at {labelled[0].view.name} MPLS labels carry it, which take room: it is told of as mpls"
    return result(name, worked, because, sighted(stream_frames(case)))
