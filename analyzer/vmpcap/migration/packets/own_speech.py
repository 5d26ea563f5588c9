"""What a guest sends without ports of TCP or an echo's number: does it answer, or speak in a beat of its own?"""

from collections.abc import Container
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.answered_before import Service, services_answering, services_asked
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP

TELL_THEMSELVES: Final = (IP_TCP, IP_ICMP, IP_ICMPV6)
"""Of these the packet itself says whether it answers."""
HELD_NS: Final = NS_PER_S
"""What a guest had heard before it left it answers as soon as it is back."""
SPEECH_NS: Final = 200 * NS_PER_MS
"""A packet of speech holds no more than that (RFC 3551 section 4.2)."""
LEAST_SPOKEN: Final = 10
STEADY: Final = 0.9
"""So many of the pauses of speech, within half of the usual one, make a beat."""
PROMPT: Final = 4
"""What mostly comes within this part of a beat after the peer's packet may answer it."""

I64 = npt.NDArray[np.int64]
Flow = tuple[Service, int]
"""A service of the guest, and the peer's port."""


def may_answer(there: PointView, old: PointView, guest: Moved, moment: int, services: Container[Service]) -> bool:
    """
    Does the guest go on to send here in one of these services in a way that may answer what is not in view?

    Only of what it had sent at its old place as speech is known that it needs no question: in a steady beat, and not
    right after each packet of the peer. A port of the peer that is new answers one that came since.
    """
    j, sent = there.journal, frames_of(there, guest).sent_ip
    sent = sent[j.ts_ns[sent] > on_point(there, moment) + HELD_NS]
    sent = sent[~np.isin(j.ip_protocol[sent], TELL_THEMSELVES)]
    flows = {flow for flow in _flows(services_answering(j, sent), j.dst_port[sent]) if flow[0] in services}
    return bool(flows - _spoken(old, guest, on_point(old, moment), flows)) if flows else False


def _flows(services: list[Service], peer_port: npt.NDArray[np.uint16]) -> list[Flow]:
    return list(zip(services, peer_port.tolist(), strict=True))


def _spoken(view: PointView, guest: Moved, when: int, flows: Container[Flow]) -> set[Flow]:
    """In which of these did the guest speak in a beat of its own up to that time?"""
    j, frames = view.journal, frames_of(view, guest)
    sent, asked = (rows[j.ts_ns[rows] <= when] for rows in (frames.sent_ip, frames.asked))
    said = _times(j, sent, _flows(services_answering(j, sent), j.dst_port[sent]), flows)
    heard = _times(j, asked, _flows(services_asked(j, asked), j.src_port[asked]), flows)
    nothing = np.zeros(0, np.int64)
    return {flow for flow, ts in said.items() if _is_speech(ts, heard.get(flow, nothing))}


def _times(j: JournalColumns, rows: I64, of_rows: list[Flow], flows: Container[Flow]) -> dict[Flow, I64]:
    found: dict[Flow, list[int]] = {}
    for flow, ts in zip(of_rows, j.ts_ns[rows].tolist(), strict=True):
        if flow in flows:
            found.setdefault(flow, []).append(ts)
    return {flow: np.array(times, np.int64) for flow, times in found.items()}


def _is_speech(said: I64, heard: I64) -> bool:
    """Were these said in a steady beat, as speech is, and not each right after what was heard?"""
    if len(said) < LEAST_SPOKEN:
        return False
    pauses = np.diff(said)
    beat = float(np.median(pauses))
    if beat > SPEECH_NS or (np.abs(pauses - beat) <= beat / 2).mean() < STEADY:
        return False
    last = np.searchsorted(heard, said, side="right") - 1
    waits = said[last >= 0] - heard[last[last >= 0]]
    return not len(waits) or float(np.median(waits)) > beat / PROMPT
