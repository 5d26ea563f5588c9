"""What a way did for its stream, by how that ended: a migration that somebody cancelled blames no way."""

from typing import Final

from vmpcap.migration.ends import at_end
from vmpcap.migration.guests import on_point, on_reference
from vmpcap.migration.mechanisms.case import Case, Worked
from vmpcap.migration.stream import stuck_segment
from vmpcap.migration.transfers import LEAST_AGAIN
from vmpcap.terms.units import NS_PER_S, count_of

BLAMING: Final = ("unanswered_syn", "one_direction_only", "reset_by_another")
"""Symptoms of a way that does not carry both directions."""


def by_end(case: Case, because: str) -> tuple[Worked, str]:
    """Did the stream come to its end on this way, and if not, does anything blame the way?"""
    if case.completed is None:
        return "undecided", f"{because}; whether the stream came to its end is not known"
    if case.completed:
        return "yes", f"{because}; the stream came to its end"
    reasons = [one for one in (_lost_on_the_way(case), _stuck(case), _refused(case)) if one]
    if reasons or is_to_blame(case):
        because += "; the stream did not come to its end"
        return "no", f"{because}: {'; '.join(reasons)}" if reasons else because
    return "undecided", f"{because}; the stream did not come to its end, and nothing shows that its way was the cause"


def _lost_on_the_way(case: Case) -> str:
    """
    What did the source host send again and again that never came to the destination host? Empty where nothing did.

    It takes a point beside each that saw the connection from its SYN: a destination that died gets what it does not
    answer.
    """
    if case.move is None:
        return ""
    arrived = {link.key: (s.view, link) for s in at_end(case.move, "destination") for link in s.transfer.links}
    for sighting in at_end(case.move, "source"):
        for link in sighting.transfer.links:
            view, there = arrived.get(link.key, (None, link))
            sent = link.data
            if view is None or sent.syn_ts is None or there.data.syn_ts is None or sent.last_data_ts is None:
                continue
            if not 0 < sent.acked_bytes < sent.unique_bytes or sent.retransmissions < LEAST_AGAIN or view.drops:
                continue
            until = on_point(view, on_reference(sighting.view, sent.last_data_ts))
            silent = until - (there.data.last_data_ts or there.connection.first_ts)
            missing = sent.unique_bytes - there.data.unique_bytes
            if view.last_ts >= until and silent > NS_PER_S and missing > 0 and not there.data.retransmissions:
                return (
                    f"the last {missing:,} bytes that left {sighting.view.name}, some of them again and again, never "
                    f"came to {view.name}"
                )
    return ""


def _stuck(case: Case) -> str:
    """Which full-sized segments had no answer while smaller ones passed? Empty where none is known."""
    for sighting in case.move.sightings if case.move is not None else ():
        size = stuck_segment(sighting.transfer.links)
        if size is not None:
            return f"at {sighting.view.name} no segment of {size:,} bytes was ever acknowledged, and smaller ones were"
    return ""


def _refused(case: Case) -> str:
    """Who says by ICMP why packets of the stream went no further? The first, where several do."""
    said = next(iter(case.path.unreachables), None)
    if said is None:
        return ""
    room = f", its next link takes {said.mtu:,} bytes" if said.mtu else ""
    return f"{said.sender} said {count_of(said.count, 'time')} by ICMP why not ({said.meaning}{room})"


def is_to_blame(case: Case) -> bool:
    """Was the stream refused, answered by nobody, cut between the hosts, or stuck at its large segments?"""
    if case.move is None or not case.move.best.transfer.established or case.path.unreachables:
        return True
    stuck = any(stuck_segment(s.transfer.links) is not None for s in case.move.sightings)
    return stuck or any(symptom.name in BLAMING for symptom in case.path.symptoms)
