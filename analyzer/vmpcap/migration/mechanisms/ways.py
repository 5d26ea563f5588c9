"""What a way did for its stream, by how that ended: a migration that somebody cancelled blames no way."""

from typing import Final

import numpy as np

from vmpcap.measures.connections import Side
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import Case, Worked
from vmpcap.migration.stream.broken_streams import stuck_segment
from vmpcap.migration.stream.endings import read_ending
from vmpcap.migration.stream.ends import at_end
from vmpcap.migration.stream.transfers import LEAST_AGAIN
from vmpcap.terms.units import NS_PER_S, count_of

BLAMING: Final = ("unanswered_syn", "one_direction_only", "reset_by_another")
"""Symptoms of a way that does not carry both directions."""


def by_end(case: Case, because: str) -> tuple[Worked, str]:
    """Did the stream come to its end on this way, and if not, does anything blame the way?"""
    if case.completed is None:
        return "undecided", f"{because}; whether the stream came to its end is not known"
    if case.completed:
        return "yes", f"{because}; the stream came to its end"
    told = (_not_opened(case), _lost_on_the_way(case), _stuck(case), _refused(case), _reset_between(case))
    reasons = [one for one in told if one]
    if reasons or is_to_blame(case):
        because += "; the stream did not come to its end"
        return "no", f"{because}: {'; '.join(reasons)}" if reasons else because
    return "undecided", f"{because}; the stream did not come to its end, and nothing shows that its way was the cause"


def _not_opened(case: Case) -> str:
    """What became of the attempts to open a stream that never was? Empty where it was opened."""
    if case.move is None or case.move.best.transfer.established:
        return ""
    return read_ending(case.move.best).because


def _reset_between(case: Case) -> str:
    """Who reset the stream in a host's name, as its TTL tells? Empty where nobody did."""
    reset = next((symptom for symptom in case.path.symptoms if symptom.name == "reset_by_another"), None)
    return "" if reset is None else f"{reset.because} at {reset.point}: somebody on the way sent it"


def _lost_on_the_way(case: Case) -> str:
    """
    What did the source host send again and again that never came to the destination host? Empty where nothing did.

    It takes a point beside each that saw the connection from its SYN, on clocks that were compared. A destination that
    died gets what it does not answer; a point that misses what was acknowledged is blind, and its silence says nothing.
    """
    if case.move is None:
        return ""
    arrived = {link.key: (s.view, link) for s in at_end(case.move, "destination") for link in s.transfer.links}
    for sighting in at_end(case.move, "source"):
        for link in sighting.transfer.links:
            view, there = arrived.get(link.key, (None, link))
            sent, came = link.data, there.data
            if view is None or view.drops or sent.syn_ts is None or came.syn_ts is None or sent.last_data_ts is None:
                continue
            is_open = 0 < sent.acked_bytes < sent.unique_bytes and _tail_sent_again(sent) >= LEAST_AGAIN
            if not is_open or came.retransmissions or came.unique_bytes < sent.acked_bytes:
                continue
            silent_from = came.last_data_ts or there.connection.first_ts
            silent = elapsed_between(view, silent_from, sighting.view, sent.last_data_ts)
            watched = elapsed_between(sighting.view, sent.last_data_ts, view, view.last_ts)
            missing = sent.unique_bytes - came.unique_bytes
            if silent is None or silent.low_ns <= NS_PER_S or watched is None or watched.low_ns < 0 or missing <= 0:
                continue
            return (
                f"the last {missing:,} bytes that left {sighting.view.name}, some of them again and again, never "
                f"came to {view.name}"
            )
    return ""


def _tail_sent_again(sent: Side) -> int:
    """In how many stretches of its series was something sent again after all that was ever acknowledged?"""
    if sent.series is None:
        return 0
    acked = np.flatnonzero(sent.series.acked_bytes)
    after = int(acked[-1]) + 1 if len(acked) else 0
    return int(np.count_nonzero(sent.series.resent_bytes[after:]))


def _stuck(case: Case) -> str:
    """Which full-sized segments had no answer while smaller ones passed? Empty where none is known."""
    for sighting in case.move.sightings if case.move is not None else ():
        size = stuck_segment(sighting.transfer.links)
        if size is not None:
            return f"at {sighting.view.name} no segment of {size:,} bytes was ever acknowledged, and smaller ones were"
    return ""


def is_stuck_by_size(case: Case) -> bool:
    """Had its full-sized segments no answer while smaller ones passed, and is nothing else to blame?"""
    if case.path.unreachables or any(symptom.name in BLAMING for symptom in case.path.symptoms):
        return False
    return bool(_stuck(case))


def is_reset_alone(case: Case) -> bool:
    """Is a reset of somebody on the way all that speaks against it?"""
    blaming = {symptom.name for symptom in case.path.symptoms if symptom.name in BLAMING}
    others = _not_opened(case) or _lost_on_the_way(case) or _stuck(case) or _refused(case)
    return blaming == {"reset_by_another"} and not others


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
