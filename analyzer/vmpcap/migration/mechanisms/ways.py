"""What a way did for its stream, by how that ended: a migration that somebody cancelled blames no way."""

from typing import Final

from vmpcap.migration.mechanisms.case import Case, Worked
from vmpcap.migration.stream import stuck_segment

BLAMING: Final = ("unanswered_syn", "one_direction_only", "reset_by_another")
"""Symptoms of a way that does not carry both directions."""


def by_end(case: Case, because: str) -> tuple[Worked, str]:
    """Did the stream come to its end on this way, and if not, does anything blame the way?"""
    if case.completed is None:
        return "undecided", f"{because}; whether the stream came to its end is not known"
    if case.completed:
        return "yes", f"{because}; the stream came to its end"
    if is_to_blame(case):
        return "no", f"{because}; the stream did not come to its end"
    return "undecided", f"{because}; the stream did not come to its end, and nothing shows that its way was the cause"


def is_to_blame(case: Case) -> bool:
    """Was the stream refused, answered by nobody, cut between the hosts, or stuck at its large segments?"""
    if case.move is None or not case.move.best.transfer.established or case.path.unreachables:
        return True
    stuck = any(stuck_segment(s.transfer.links) is not None for s in case.move.sightings)
    return stuck or any(symptom.name in BLAMING for symptom in case.path.symptoms)
