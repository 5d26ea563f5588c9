"""Kinds of announcements that the guest's new place heard and that did not come to its gateway, where others did."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.announced.hearing import shows_arp, shows_other_types
from vmpcap.migration.announced.unheard import WAIT_QEMU_NS, why_blind
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.results import PointAnnouncements
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.units import NS_PER_S

BESIDE_NS: Final = NS_PER_S
"""What the capture was blind for so near to an announcement may have hidden it."""


@dataclass(frozen=True, slots=True)
class StoppedKinds:
    """Which kinds did not come, and in words how many of each were heard where."""

    kinds: tuple[str, ...]
    because: str


def stopped_kinds(guest: Moved, by_point: Mapping[str, PointAnnouncements]) -> StoppedKinds | None:
    """
    Which kinds were seen at no gateway that other kinds reached, though they were sent in time?

    A copy that a point at the new place heard is taken for sent. Where the gateway's capture holds no frame of that
    type from anybody, a filter may have hidden them: that is told, and nothing is concluded from it.
    """
    gateways = [(v, s) for v, s in guest.heard if v.role == "gateway" and by_point[v.name].reached == "reached"]
    came = {kind for _, series in gateways for kind in series.frame_kinds}
    words: dict[str, str] = {}
    stopped: list[str] = []
    for origin, series in ((v, s) for v, s in guest.heard if v.role == "domain:destination" and gateways):
        for kind in sorted(set(series.frame_kinds) - came - words.keys()):
            sent = [
                (f, ts)
                for f, ts, one in zip(series.frames, series.times, series.frame_kinds, strict=True)
                if one == kind
            ]
            times = [on_reference(origin, ts) for _, ts in sent]
            if not all(is_compared(origin, view) and _was_watching(view, guest, times) for view, _ in gateways):
                continue
            is_sure = all(_shows_type(view, kind) for view, _ in gateways)
            stopped += [kind] if is_sure else []
            hidden = "" if is_sure else "; a filter of the capture may have hidden them"
            words[kind] = f"{len(sent)} {kind} that {origin.name} heard (from frame {sent[0][0]} on{hidden})"
    if not words:
        return None
    counted = Counter(kind for _, series in gateways[:1] for kind in series.frame_kinds)
    others = " and ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
    names = " and ".join(view.name for view, _ in gateways)
    return StoppedKinds(tuple(stopped), f"not seen at {names}, where {others} came: {' and '.join(words.values())}")


def _was_watching(view: PointView, guest: Moved, times: Sequence[int]) -> bool:
    """Was this capture whole at one at least of these times of the reference clock, and long enough after it?"""
    if why_blind(view, guest) or view.left_out or not view.journal_complete:
        return False
    here = [on_point(view, ts) for ts in times]
    here = [ts for ts in here if view.first_ts <= ts <= view.last_ts - WAIT_QEMU_NS]
    return any(not any(hole.touches(ts - BESIDE_NS, ts + BESIDE_NS) for hole in view.holes) for ts in here)


def _shows_type(view: PointView, kind: str) -> bool:
    """Does the capture hold frames of the same type, whoever sent them?"""
    if kind == "unsolicited_na":
        return False
    return shows_other_types(view) if kind.startswith("rarp") else shows_arp(view)
