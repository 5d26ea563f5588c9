"""Tunnels around the guest's frames without an overlay number: EtherIP, fences, labels (domain notes 4.10, 4.11)."""

from collections.abc import Sequence

import numpy as np

from vmpcap.announcements.tunnelled import Tunnelled
from vmpcap.migration.mechanisms.around import NO_IP, SHELLS
from vmpcap.migration.mechanisms.case import Case, result, sighted, since
from vmpcap.migration.mechanisms.shown import answered_again
from vmpcap.migration.moved import on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.units import count_of

Seen = tuple[PointView, Tunnelled]


def seen_in(case: Case, kind: str) -> list[Seen]:
    """Where were frames of or for the guest seen inside a tunnel of this kind?"""
    if case.guest.mac == NO_MAC:
        return []
    macs = {case.guest.mac}
    return [
        (view, row)
        for view in case.views
        for row in view.tunnelled
        if row.kind == kind and macs & {row.eth_src, row.eth_dst}
    ]


def left_out(found: Sequence[Seen]) -> str:
    """What is said where frames of the guest in these tunnels may have found no room? Empty where all had."""
    count = sum(view.tunnelled_left_out for view in {id(v): v for v, _ in found}.values())
    if not count:
        return ""
    return f"{count_of(count, 'frame')} inside such tunnels were of machines that there was no room for"


def judge_etherip(case: Case, name: str) -> Mechanism | None:
    """Does the tunnel between the sites carry the moved guest's traffic?"""
    found = seen_in(case, "etherip")
    if not found:
        return None
    ends = sorted({" - ".join(sorted(row.outer)) for _, row in found if row.outer is not None})
    what = f"EtherIP ({', '.join(ends[:3]) or 'its ends are not in view'}) carries the guest's frames"
    return _by_traffic(case, name, what, found)


def _by_traffic(case: Case, name: str, what: str, found: Sequence[Seen]) -> Mechanism:
    """Did the tunnel do its work, by what passed in it after the switchover and by what the guest's peers met?"""
    seen = [(view, row.first_frame) for view, row in found[:2]]
    missing = left_out(found)
    later = [(view, row) for view, row in found if on_reference(view, row.last_ts) >= case.moment]
    if not later:
        because = f"{what}, but none after the switchover"
        if missing:
            return result(name, "undecided", f"{because}; but {missing}", sighted(seen))
        return result(name, "no" if case.reachability.answer == "no" else "undecided", because, sighted(seen))
    last = max(on_reference(view, row.last_ts) for view, row in later)
    because = f"{what}, until {since(case.after(last))} after the switchover"
    seen += [(view, row.last_frame) for view, row in later[:2]]
    if case.reachability.answer == "no":
        return result(name, "no", f"{because}, yet {case.reachability.because}", sighted(seen))
    if case.cut_off and not _answered(case, later):
        because += f", but nothing comes back from it, and {case.cut_off[0].peer.peer} gets no answer"
        if missing:
            return result(name, "undecided", f"{because}; but {missing}", sighted(seen))
        return result(name, "no", because, sighted(seen))
    if case.reachability.answer == "yes" and not case.cut_off:
        return _carries(case, name, because, seen, later)
    why = "some of its peers get no answer" if case.cut_off else case.reachability.because
    return result(name, "undecided", f"{because}; {why}", sighted(seen))


def _carries(
    case: Case, name: str, because: str, seen: Sequence[tuple[PointView, int]], later: Sequence[Seen]
) -> Mechanism:
    """The tunnel did its work: since when at the latest?"""
    because += ", and the guest answers others from its new place"
    reached = answered_again(case)
    if reached is None:
        return result(name, "yes", because, sighted(seen))
    latency = case.after(max(reached.ts, _first_carried(case, later)))
    return result(name, "yes", f"{because}, {reached.words(case)}", sighted([*seen, *reached.frames]), latency)


def _first_carried(case: Case, later: Sequence[Seen]) -> int:
    """
    By when, on the reference clock, had the tunnel carried a frame since the switchover?

    Of machines that spoke in it before, only their last frame is known.
    """
    begun = [on_reference(view, row.first_ts) for view, row in later]
    ended = [on_reference(view, row.last_ts) for view, row in later]
    return min(first if first >= case.moment else last for first, last in zip(begun, ended, strict=True))


def _answered(case: Case, later: Sequence[Seen]) -> bool:
    """Did the guest send to anybody in this tunnel since the switchover? What it tells all is no answer."""
    return any(row.eth_src == case.guest.mac and not row.eth_dst & int(GROUP_BIT) for _, row in later)


def judge_fence(case: Case, name: str) -> Mechanism | None:
    """Is the guest kept apart from its twins behind one fence, and do its frames fit?"""
    found = seen_in(case, "fence")
    if not found:
        return None
    announced = {series.vni for _, series in case.guest.heard if series.vni >= 0}
    own = [(view, row) for view, row in found if row.vni in announced] or found
    fences = sorted({row.vni for _, row in own})
    what = f"a fence ({', '.join(map(str, fences))}; ethertype 0x88DE) carries the guest's frames"
    twins = _twins(case, set(fences))
    if twins:
        what += f"; the same MAC stands behind {', '.join(map(str, twins))} too, which is no conflict"
    cut = [(view, row) for view, row in own if row.parts]
    if cut:
        parts = sum(row.parts for _, row in cut)
        because = f"{what}, but {count_of(parts, 'frame')} of it had to be cut in parts (flag 0x04):"
        because += f" with the {SHELLS['fence'].adds[NO_IP]} bytes that a fence adds they exceed the MTU"
        return result(name, "no", because, sighted([(view, row.first_part) for view, row in cut]))
    leaks = _unfenced(case, own)
    if leaks is not None:
        because = f"{what}, but the guest's frames pass {leaks[0].name} without it as well"
        return result(name, "undecided", because, sighted([(own[0][0], own[0][1].first_frame), leaks]))
    return _by_traffic(case, name, what, own)


def _twins(case: Case, own: set[int]) -> list[int]:
    """Behind which other fences stands the guest's MAC, as another machine's?"""
    rows = [row for view in case.views for row in view.tunnelled if row.kind == "fence"]
    return sorted({row.vni for row in rows if row.eth_src == case.guest.mac} - own)


def _unfenced(case: Case, found: Sequence[Seen]) -> tuple[PointView, int] | None:
    """Where do frames from the guest's MAC pass without a fence, at a point that shows them behind it?"""
    for view in {id(v): v for v, _ in found}.values():
        j, sent = view.journal, frames_of(view, case.guest).sent
        bare = sent[(j.eth_src[sent] == np.uint64(case.guest.mac)) & (j.vni[sent] < 0)]
        if len(bare):
            return view, int(j.frame[bare[0]])
    return None


def judge_labels(case: Case, name: str) -> Mechanism | None:
    """Do labels carry the guest's frames, and are they carried on after the switchover?"""
    found = seen_in(case, "mpls")
    if not found:
        return None
    return _by_traffic(case, name, "an MPLS pseudowire carries the guest's frames", found)
