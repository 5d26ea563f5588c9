"""Could others reach the guest after the switchover, and did it answer?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.guests import Moved, guest_name, on_point
from vmpcap.migration.reach import functional_proof
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import rank
from vmpcap.terms.units import NS_PER_S, count_of

NEAREST_PEERS: Final = ("gateway", "client", None, "domain:destination")
"""Where reachability shows best: where requests come from first, the guest's own bridge last."""

LEAST_ASKED: Final = 3
LEAST_SILENT_NS: Final = NS_PER_S
"""Unanswered requests count as proof from this many over this long, up to the capture's end."""

ARP_REQUEST: Final = NUMBER_OF["arp_request"]

OUTBOUND_ONLY_NS: Final = 3 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Reachability:
    """yes: somebody's unicast was answered; no: requests stay unanswered, or only the guest talks; unknown."""

    answer: Literal["yes", "no", "unknown"]
    because: str
    point: str
    frames: tuple[int, ...]


def judge_reachability(guest: Moved, views: Sequence[PointView], moment: int) -> Reachability:
    """
    Did somebody else's unicast reach the guest after the switchover, and did the guest answer?

    One exchange is proof. Without one: requests that go unanswered to the end of the capture, or a guest that only
    sends (its own requests unanswered, no unicast for it delivered), say no; anything less says nothing.
    """
    ordered = sorted(views, key=lambda v: (rank(v.role, NEAREST_PEERS), v.name))
    for view in ordered:
        proof = functional_proof(view, guest, moment)
        if proof is not None and view.role not in ("domain:source",):
            delay = (proof.answer_ts - on_point(view, moment)) / NS_PER_S
            because = f"at {view.name} a request reached the guest and was answered {delay:.3f} s after the switchover"
            return Reachability("yes", because, view.name, (proof.question_frame, proof.answer_frame))
    for view in ordered:
        if not view.journal_complete:
            continue  # what is missing may have been left out
        negative = _unanswered(view, guest, moment) or _outbound_only(view, guest, moment)
        if negative is not None:
            return negative
    return Reachability("unknown", f"no traffic from or to {guest_name(guest)} is in view after the switchover", "", ())


def _unanswered(view: PointView, guest: Moved, moment: int) -> Reachability | None:
    """Did requests to the guest go unanswered until the end of the capture?"""
    if view.role not in ("gateway", "client", None):
        return None
    j = view.journal
    when = on_point(view, moment)
    frames = frames_of(view, guest)
    asked = frames.asked[j.ts_ns[frames.asked] > when]
    sought = [f for f, ts in sought_after(view, guest) if ts > when]
    first = min([int(j.ts_ns[asked[0]])] if len(asked) else [], default=None)
    count = len(asked) + len(sought)
    if first is None and sought:
        first = min(ts for _, ts in sought_after(view, guest) if ts > when)
    if first is None or count < LEAST_ASKED or view.last_ts - first < LEAST_SILENT_NS:
        return None
    numbers = sorted([int(f) for f in j.frame[asked[:2]]] + [int(f) for f in j.frame[asked[-1:]]] + sought[-1:])
    because = (
        f"at {view.name} {count_of(len(asked), 'request')} to the guest and "
        f"{count_of(len(sought), 'ARP request')} for it "
        f"went unanswered in the {(view.last_ts - when) / NS_PER_S:.1f} s until the capture's end"
    )
    return Reachability("no", because, view.name, tuple(numbers))


def sought_after(view: PointView, guest: Moved) -> list[tuple[int, int]]:
    """Which ARP requests (frame, ts) of others asked for one of the guest's addresses?"""
    rows = view.arps
    mask = (rows.kind == ARP_REQUEST) & (rows.sender_mac != np.uint64(guest.mac))
    wanted = np.zeros(len(mask), np.bool_)
    for high, low in guest.ips:
        wanted |= (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))
    at = np.flatnonzero(mask & wanted)
    return [(int(rows.frame[i]), int(rows.ts_ns[i])) for i in at]


def _outbound_only(view: PointView, guest: Moved, moment: int) -> Reachability | None:
    """Does the guest send at its new place while nothing for it ever arrives?"""
    if view.role not in ("domain:destination", None):
        return None
    j = view.journal
    when = on_point(view, moment)
    frames = frames_of(view, guest)
    asked = frames.asked[j.ts_ns[frames.asked] > when]
    spoken = [(f, ts) for f, ts in asked_by(view, guest) if ts > when]
    sent = frames.sent_ip[j.ts_ns[frames.sent_ip] > when]
    if len(asked) or len(spoken) + len(sent) < LEAST_ASKED or view.last_ts - when < OUTBOUND_ONLY_NS:
        return None
    numbers = sorted([f for f, _ in spoken[:2]] + [int(f) for f in j.frame[sent[:2]]])
    because = (
        f"outbound only: at {view.name} the guest sent {len(sent)} packets and {len(spoken)} ARP requests after the "
        f"switchover, and in {(view.last_ts - when) / NS_PER_S:.1f} s nothing for it arrived"
    )
    return Reachability("no", because, view.name, tuple(numbers))


def asked_by(view: PointView, guest: Moved) -> list[tuple[int, int]]:
    """Which ARP requests (frame, ts) did the guest itself send?"""
    rows = view.arps
    at = np.flatnonzero((rows.kind == ARP_REQUEST) & (rows.sender_mac == np.uint64(guest.mac)))
    return [(int(rows.frame[i]), int(rows.ts_ns[i])) for i in at]
