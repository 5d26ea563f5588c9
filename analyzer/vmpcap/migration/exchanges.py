"""Whether somebody asked the guest after its move and was answered: proof that needs no announcement."""

from dataclasses import dataclass

import numpy as np

from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import distinct_addresses
from vmpcap.terms.wire import TCP_RST


@dataclass(frozen=True, slots=True)
class Functional:
    """Proof that needs no announcement: somebody's unicast reached the guest and it answered, after the switchover."""

    view: PointView
    question_frame: int
    question_ts: int
    answer_frame: int
    answer_ts: int


def functional_proof(view: PointView, guest: Moved, moment: int) -> Functional | None:
    """Which is the first exchange after the moment in which somebody asked the guest and the guest answered?"""
    j = view.journal
    frames = frames_of(view, guest)
    after = on_point(view, moment)
    asked = frames.asked[j.ts_ns[frames.asked] >= after]
    sent = frames.sent_ip[j.ts_ns[frames.sent_ip] >= after]
    sent = sent[j.tcp_flags[sent] & TCP_RST == 0]  # a firewall sends resets in a guest's name
    if not len(asked) or not len(sent):
        return None
    high, low, first = distinct_addresses(j.src_high[asked], j.src_low[asked])
    told_high, told_low, _ = distinct_addresses(j.dst_high[sent], j.dst_low[sent])
    spoken_to = set(zip(told_high.tolist(), told_low.tolist(), strict=True))
    best: Functional | None = None
    for number in np.argsort(first, kind="stable"):
        if (int(high[number]), int(low[number])) not in spoken_to:
            continue  # however many are silent, an exchange with another peer is proof
        question = asked[first[number]]
        if best is not None and j.ts_ns[question] >= best.answer_ts:
            break  # they were asked in this order
        back = (j.dst_high[sent] == high[number]) & (j.dst_low[sent] == low[number])
        answers = sent[back & (j.ts_ns[sent] >= j.ts_ns[question])]
        if len(answers) and (best is None or j.ts_ns[answers[0]] < best.answer_ts):
            answer = answers[0]
            best = Functional(
                view, int(j.frame[question]), int(j.ts_ns[question]), int(j.frame[answer]), int(j.ts_ns[answer])
            )
    return best
