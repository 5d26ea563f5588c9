"""The way of the stream itself: one subnet, or a router between the hosts (domain notes 4.1, 4.2)."""

from typing import Final

from vmpcap.migration.mechanisms.case import Case, result
from vmpcap.migration.results import Mechanism

WORD_OF: Final = {"same_subnet_vmotion": "adjacent", "routed_vmotion": "routed"}


def judge_way(case: Case, name: str) -> Mechanism | None:
    """Did the stream come through on this kind of way?"""
    if case.path.word != WORD_OF[name]:
        return None
    if case.completed is None:
        return result(name, "undecided", f"{case.path.because}; whether the stream came to its end is not known")
    end = "the stream came to its end" if case.completed else "the stream did not come to its end"
    return result(name, "yes" if case.completed else "no", f"{case.path.because}; {end}")
