"""The first frames that show what a mechanism did, where no message of its own says so: bounds from above."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import IN_THE_DOMAIN, Case, since
from vmpcap.migration.mechanisms.whose_clocks import where_it_moved
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packets.exchanges import functional_proof
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView

BESIDE: Final = ("domain:destination", "destination", "wan", "client")
"""Points that do not stand in the guest's domain beyond its new site: on a link between sites a frame has only left."""

Frames = tuple[tuple[PointView, int], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that was so at this time at the latest; on the reference clock, ns."""

    ts: int
    view: PointView
    frames: Frames

    def words(self, case: Case) -> str:
        """Where and when was it seen first?"""
        return f"first seen at {self.view.name} {since(case.after(self.ts))}"


def answered_again(case: Case) -> Shown | None:
    """
    Which exchange shows first that others reach the guest at its new place? None where nothing does.

    Of the point that reachability was judged by. The guest may have been reached sooner, had anybody asked.
    """
    for view in case.views:
        if case.reachability.answer != "yes" or view.name != case.reachability.point:
            continue
        since = case.reachability.since
        proof = functional_proof(view, case.guest, case.moment if since is None else since)
        if proof is not None:
            frames = ((view, proof.question_frame), (view, proof.answer_frame))
            return Shown(on_reference(view, proof.answer_ts), view, frames)
    return None


def heard_beyond(case: Case) -> Shown | None:
    """
    Where beside its new site was the guest's announcement heard first? By clocks that packets compare, else None.

    The frame that carried it there shows that the domain is one: whoever answers the guest later, or never, is another
    matter.
    """
    moved = where_it_moved(case)
    found: list[Shown] = []
    for view, series in case.guest.heard if moved is not None else ():
        apart = elapsed_between(*moved, view, series.first_ts) if moved is not None else None
        if view.role in BESIDE or apart is None or apart.high_ns < 0:
            continue
        found.append(Shown(case.moment + max(apart.ns, 0), view, ((view, series.frames[0]),)))
    return min(found, key=lambda one: one.ts, default=None)


def own_frames(case: Case) -> Frames:
    """With which frames did the guest speak first at each of its places, at points in its domain?"""
    found = []
    for view in case.views:
        if view.role not in IN_THE_DOMAIN:
            continue
        j, sent, when = view.journal, frames_of(view, case.guest).sent, on_point(view, case.moment)
        sent = sent[j.eth_src[sent] == np.uint64(case.guest.mac)]
        before, later = sent[j.ts_ns[sent] < when][:1], sent[j.ts_ns[sent] >= when][:1]
        found += [(view, int(j.frame[row])) for row in (*before, *later)]
    return tuple(found)
