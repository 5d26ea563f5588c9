"""Overlays that carry the guest: do others send to the endpoint behind which it now is (domain notes 4.18, 4.19)?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np

from vmpcap.announcements.carriers import CarrierRows
from vmpcap.decode.frames import U64
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Case, Worked, joined, result, sighted, since
from vmpcap.migration.mechanisms.floods import left_out, replicated
from vmpcap.migration.mechanisms.lapses import Lapse, lost_for_good, say_if_it_lapsed
from vmpcap.migration.mechanisms.old_place import never_arrived
from vmpcap.migration.mechanisms.own_overlays import foreign_overlays
from vmpcap.migration.mechanisms.routed_overlays import Way, numbers_of, routed_ways
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, ip_text
from vmpcap.terms.units import NS_PER_S, count_of

SETTLED_NS: Final = NS_PER_S
"""Frames still on their way when the guest moved may go to its old endpoint."""
LEAST_LOST: Final = 3
"""Fewer packets may be strays."""


def judge_overlay(case: Case, name: str) -> Mechanism | None:
    """Did the frames for the guest go to its new tunnel endpoint?"""
    mac = np.uint64(case.guest.mac)
    foreign = np.array(sorted(foreign_overlays(case)), np.int64)
    found: list[tuple[PointView, CarrierRows]] = []
    for view in case.views:
        rows = view.carriers.rows()
        mine = (
            ((rows.eth_src == mac) | (rows.eth_dst == mac))
            & is_carried_by(rows, SHELLS[name].steps)
            & ~np.isin(rows.vni, foreign)
        )
        if mine.any():
            found.append((view, CarrierRows(*(column[mine] for column in rows))))
    if not found:
        return None
    homes = sorted(_homes(found, mac), key=lambda home: (home[0], home[1]))
    before = [home for home in homes if home[0] < case.moment]
    later = [home for home in homes if home[0] >= case.moment]
    vni = int(found[0][1].vni[0])
    what = f"{name.upper() if name != 'geneve' else 'Geneve'} {vni}"
    if not later:
        return _silent(case, name, what, before, [view for view, _ in found])
    numbers = _numbers(case, found)
    if numbers is not None:
        was, now = numbers
        because = f"{name}: the guest was in {was} and is in {now} since the switchover: another network"
        seen = sighted([(h[2], h[3]) for h in (*before[-1:], later[0])])
        return result(name, "no" if case.cut_off or case.reachability.answer == "no" else "undecided", because, seen)
    old, new = (before[-1][1] if before else None), later[0][1]
    if new == old and all(home[1] == old for home in later):
        because = f"{what} carried the guest's frames from endpoint {old} before and after: it did not change endpoints"
        return result(name, "undecided", because, sighted([later[0][2:4]]))
    new = next(home[1] for home in later if home[1] != old)
    told = _followed(case, name, what, old, new, next(h for h in later if h[1] == new), found)
    return _say_if_unheard(case, told, new, found)


Home = tuple[int, str, PointView, int]
"""When, on the reference clock, behind which endpoint, as seen by which frame of which point."""


def _homes(found: list[tuple[PointView, CarrierRows]], mac: np.uint64) -> list[Home]:
    """Behind which endpoints did the guest send?"""
    return [
        (on_reference(view, int(rows.ts_ns[i])), _source(rows.outer[i]), view, int(rows.frame[i]))
        for view, rows in found
        for i in np.flatnonzero(rows.eth_src == mac)
    ]


def _source(outer: U64) -> str:
    return ip_text(int(outer[0]), int(outer[1]))


def _target(outer: U64) -> str:
    return ip_text(int(outer[2]), int(outer[3]))


def _numbers(case: Case, found: list[tuple[PointView, CarrierRows]]) -> tuple[int, int] | None:
    """In which overlay did the guest send before, and in which after? None where it did not change."""
    before, later = set(), set()
    for view, rows in found:
        mine = rows.eth_src == np.uint64(case.guest.mac)
        when = on_point(view, case.moment)
        before |= {int(v) for v in rows.vni[mine & (rows.ts_ns < when)]}
        later |= {int(v) for v in rows.vni[mine & (rows.ts_ns >= when)]}
    return (min(before), min(later)) if len(before) == 1 and len(later) == 1 and before != later else None


def _silent(case: Case, name: str, what: str, before: list[Home], views: list[PointView]) -> Mechanism:
    """The guest said nothing there after the move: do others still send to where it was?"""
    because = f"{what} carried the guest, but none of its frames after the switchover is in view there"
    seen = [(home[2], home[3]) for home in before[-2:]]
    last = None
    for view in views:
        j, rows = view.journal, frames_of(view, case.guest).asked
        rows = rows[(j.vni[rows] >= 0) & (j.ts_ns[rows] > on_point(view, case.moment + SETTLED_NS))]
        if len(rows):
            last = (view, int(j.frame[rows[-1]]), case.after(on_reference(view, int(j.ts_ns[rows[-1]]))))
    if last is None or not case.cut_off or not before:
        return result(name, "undecided", because, sighted(seen))
    because += f"; frames for it still crossed {last[0].name} {since(last[2])}, and its peers get no answer"
    return result(name, "no", because, sighted([*seen, last[:2]]))


def ends_of(outer: U64) -> tuple[str, str]:
    """Between which addresses was this carried?"""
    return _source(outer), _target(outer)


@dataclass(slots=True)
class Sent:
    """Where unicast frames for the guest went after it had moved: when, at which point, which frame."""

    follows: list[tuple[int, PointView, int]] = field(default_factory=list)
    """The first of each sender to the new endpoint."""
    stale: list[tuple[int, PointView, int]] = field(default_factory=list)
    """The last of each that only sends to the old one."""
    late: list[tuple[int, PointView, int]] = field(default_factory=list)
    """The last to the old one of each that followed."""
    lapses: list[Lapse] = field(default_factory=list)
    is_copied: bool = False
    """Whether some of them go to the old endpoint as well, for theirs sends everything to all."""

    def __bool__(self) -> bool:
        return bool(self.follows or self.stale or self.late)


def _followed(
    case: Case,
    name: str,
    what: str,
    old: str | None,
    new: str,
    home: Home,
    found: list[tuple[PointView, CarrierRows]],
) -> Mechanism:
    """Where went the unicast frames for the guest after it had moved?"""
    sent = _bridged(case, old, new, found)
    if not sent:
        ways = routed_ways(case, name, new)
        sent = _routed(case, new, ways)
        if sent:
            what += f" (its peers' packets are routed in {numbers_of(ways)})"
            old = next((was for was, _ in ways if was is not None), old)
    moved = f"behind {new} {since(case.after(home[0]))} after the switchover"
    moved += f" (before: {old})" if old is not None else ""
    marks = (*sent.follows[:3], *sent.stale[:3])
    seen = sighted([(home[2], home[3]), *((v, f) for _, v, f in marks)])
    if sent.stale:
        until = since(case.after(max(s[0] for s in sent.stale)))
        because = f"{what}: the guest is {moved}, but frames for it still went to {old} {until}"
        because += f" at {sent.stale[0][1].name}"
        worked: Worked = "no" if case.cut_off or not sent.follows else "undecided"
        return say_if_it_lapsed(case, result(name, worked, because, seen), sent.lapses)
    if sent.late:
        newest, followed = max(sent.late, key=lambda one: one[0]), max(ts for ts, _, _ in sent.follows)
        because = (
            f"{what}: the guest is {moved}, but frames for it went on to {old} until {since(case.after(newest[0]))}"
        )
        because += f" at {newest[1].name}, and to its new endpoint only from {since(case.after(followed))} on"
        waited = case.back_at is not None and case.after(case.back_at) > SETTLED_NS
        because += ": its peers were cut off meanwhile" if waited else ""
        evidence = [*seen, *sighted([newest[1:]])]
        told = result(name, "no" if waited else "undecided", because, evidence, case.after(followed))
        return say_if_it_lapsed(case, told, sent.lapses)
    if sent.follows:
        first = min(sent.follows, key=lambda f: f[0])
        latency = case.after(first[0])
        because = f"{what}: the guest is {moved}, and frames for it went there from {since(latency)} on"
        because += f" (copies to {old} too: they are sent to all endpoints)" if sent.is_copied else ""
        told = say_if_it_lapsed(case, result(name, "yes", because, seen, latency), sent.lapses)
        return _say_if_lost_inside(case, told, new, [view for _, view, _ in sent.follows])
    return result(name, "undecided", f"{what}: the guest is {moved}; no unicast frame for it is in view there", seen)


def _say_if_unheard(case: Case, told: Mechanism, new: str, found: list[tuple[PointView, CarrierRows]]) -> Mechanism:
    """The same answer, and which endpoints that send to the guest the new one left out when it was announced."""
    reached, lacking, frames = left_out(case, new, found)
    if not lacking:
        return told
    because = (
        f"{told.because}; {new} sent its announcement to {' and '.join(reached)} and not to {' and '.join(lacking)}, "
        "from where frames for the guest come: it cannot have heard of the move by that"
    )
    return msgspec.structs.replace(told, because=because, evidence=joined(told.evidence, sighted(frames)))


def _bridged(case: Case, old: str | None, new: str, found: list[tuple[PointView, CarrierRows]]) -> Sent:
    """Those that bear the guest's own MAC."""
    mac, sent = np.uint64(case.guest.mac), Sent()
    copied, first = (set[tuple[str, int]](), None) if old is None else replicated(case, old, new, found)
    sent.is_copied = bool(copied)
    sent.follows += [first] if copied and first is not None else []
    for view, rows in found:
        for sender in np.unique(rows.eth_src[rows.eth_dst == mac]):
            at = np.flatnonzero((rows.eth_dst == mac) & (rows.eth_src == sender))
            if (view.name, int(sender)) in copied:
                at = np.array([i for i in at if _target(rows.outer[i]) != old], np.int64)
            if not len(at):
                continue
            ends = [_target(rows.outer[i]) for i in at]
            times = [on_reference(view, int(rows.ts_ns[i])) for i in at]
            right = next((k for k, end in enumerate(ends) if end == new and times[k] >= case.moment), None)
            frames = [int(number) for number in rows.frame[at]]
            sent.lapses += _lapses(
                view, old, new, [one for one in zip(times, ends, frames, strict=True) if one[0] >= case.moment]
            )
            if right is not None:
                sent.follows.append((times[right], view, int(rows.frame[at[right]])))
                if right and ends[right - 1] == old and (last := _last_sent(view, case, int(sender), times[right])):
                    sent.late.append(last)
            if ends[-1] == old and (last := _last_sent(view, case, int(sender))) is not None:
                sent.stale.append((*last,))
    return sent


def _routed(case: Case, new: str, ways: Sequence[tuple[str | None, Way]]) -> Sent:
    """Those that routers hand on between them."""
    sent, settled = Sent(), case.moment + SETTLED_NS
    for was, way in ways:
        later = [one for one in way.sent if one[0] >= case.moment]
        right = next((one for one in later if one[1] == new), None)
        sent.lapses += _lapses(way.view, was, new, later)
        if right is not None:
            sent.follows.append((right[0], way.view, right[2]))
        if was is None or not later:
            continue
        last = way.last_to(was, settled, None if right is None else right[0])
        if right is not None and last is not None:
            sent.late.append(last)
        if later[-1][1] == was and (last := way.last_to(was, settled)) is not None:
            sent.stale.append(last)
    return sent


def _lapses(view: PointView, old: str | None, new: str, changes: Sequence[tuple[int, str, int]]) -> list[Lapse]:
    """When did one machine's frames for the guest go to its old endpoint again? Changes: when, whereto, which frame."""
    found: list[Lapse] = []
    begun: tuple[int, int] | None = None
    is_followed = False
    for ts, end, frame in changes:
        if end == new and begun is not None:
            words = f"frames for it went to {old} again"
            frames = ((view, begun[1]), (view, frame))
            found.append(Lapse(begun[0], ts, words, f"to {new} only from", frames))
            begun = None
        if end == old and is_followed and begun is None:
            begun = ts, frame
        is_followed = is_followed or end == new
    if begun is not None:
        found.append(Lapse(begun[0], None, f"frames for it went to {old} again", frames=((view, begun[1]),)))
    return found


def _say_if_lost_inside(case: Case, told: Mechanism, new: str, views: Sequence[PointView]) -> Mechanism:
    """
    The same answer; frames that went to the new endpoint and came no more to its site fail what carries them.

    Where some came there before. Others' losses are no failure of it: frames that arrive have been carried.
    """
    begun = [since_ts for one in case.cut_off for since_ts in lost_for_good(case, one)]
    if told.worked != "yes" or not begun:
        return told
    begin = min(begun) + SETTLED_NS
    for view in {view.name: view for view in views}.values():
        j, rows = view.journal, frames_of(view, case.guest).asked
        rows = rows[(j.vni[rows] >= 0) & (j.ts_ns[rows] >= on_point(view, case.moment))]
        late = rows[j.ts_ns[rows] >= on_point(view, begin)]
        lost = never_arrived(case, view, late, begin)
        early = rows[j.ts_ns[rows] < on_point(view, min(begun))]
        came = len(early) - len(never_arrived(case, view, early, min(begun)))
        if came < LEAST_LOST or len(late) < LEAST_LOST:
            continue
        ended = _ended_by(case, begin)
        if ended is not None:
            because = (
                f"{told.because}, yet {case.without_answer}; frames for it passed {view.name} on, but {ended.name} "
                f"shows nothing at all after {since(case.after(on_reference(ended, ended.last_ts)))}: whether they "
                "came there, or it recorded no longer, is not known"
            )
            return msgspec.structs.replace(told, worked="undecided", because=because)
        if len(lost) < LEAST_LOST:
            continue
        first, last = (since(case.after(on_reference(view, int(j.ts_ns[row])))) for row in lost[[0, -1]])
        because = (
            f"{told.because}, but {len(lost):,} of {count_of(len(late), 'packet')} for it that passed {view.name} from "
            f"{first} until {last} came to no point at its new place, as those before did: lost on the way to {new} or "
            f"where it is unwrapped; {case.without_answer}"
        )
        evidence = joined(told.evidence, sighted((view, int(j.frame[row])) for row in lost[[0, -1]]))
        return msgspec.structs.replace(told, worked="no", because=because, evidence=evidence)
    return told


def _ended_by(case: Case, ts: int) -> PointView | None:
    """Which point at the new place shows nothing any more at that time, on the reference clock? None where one does."""
    new = [view for view in case.views if view.role == "domain:destination"]
    if any(on_reference(view, view.last_ts) > ts for view in new):
        return None
    return max(new, key=lambda view: on_reference(view, view.last_ts), default=None)


def _last_sent(
    view: PointView, case: Case, sender: int, before: int | None = None
) -> tuple[int, PointView, int] | None:
    """The last frame that this machine sent to the guest inside an overlay, if that was well after the switchover."""
    if sender == BROADCAST_MAC:
        return None
    j, rows = view.journal, frames_of(view, case.guest).asked
    rows = rows[(j.vni[rows] >= 0) & (j.eth_src[rows] == np.uint64(sender))]
    rows = rows[j.ts_ns[rows] > on_point(view, case.moment + SETTLED_NS)]
    rows = rows if before is None else rows[j.ts_ns[rows] < on_point(view, before)]
    if not len(rows):
        return None
    return on_reference(view, int(j.ts_ns[rows[-1]])), view, int(j.frame[rows[-1]])
