"""How gateways and peers resolve the guest's address after the move: ARP, neighbour discovery (domain notes 4.15)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.mechanisms.askers import LEAST_ASKED, SAME_FRAME_NS, WITHIN_NS, only_scans, waits_in_vain
from vmpcap.migration.mechanisms.case import Case, Worked, is_elsewhere, result, sighted, since, span
from vmpcap.migration.mechanisms.lapses import Lapse, say_if_it_lapsed
from vmpcap.migration.mechanisms.later_questions import ANSWERED_AT, later_lapses
from vmpcap.migration.mechanisms.old_place import are_packets_lost
from vmpcap.migration.mechanisms.unanswerable import Unanswerable, unanswerable
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packets.former_macs import IN_ITS_DOMAIN, sent_before
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import rank
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, ip_halves, ip_text, mac_text
from vmpcap.terms.router_macs import virtual_mac as made_by
from vmpcap.terms.units import NS_PER_S, count_of

LATEST_NS: Final = 90 * NS_PER_S
"""Questions later than this belong to the ageing of caches, not to the move."""
SETTLED_NS: Final = NS_PER_S // 5
"""Frames still on their way when the guest moved may bear its old MAC."""
FROM_BOTH_NS: Final = NS_PER_S
NEAREST: Final = ("gateway", "domain:source", "domain:destination", None, "wan")
"""At which points it shows best whom the gateway sends to."""

CLAIMS: Final = tuple(NUMBER_OF[kind] for kind in ("garp_request", "garp_reply", "arp_request", "arp_reply"))
"""Kinds whose sender says that an address is its own."""


@dataclass(frozen=True, slots=True)
class _Family:
    """One way to resolve addresses: what is asked, what answers."""

    asks: tuple[int, ...]
    answers: tuple[int, ...]
    version: int
    word: str


FAMILIES: Final = {
    "gateway_arp": _Family((NUMBER_OF["arp_request"],), (NUMBER_OF["arp_reply"],), 4, "ARP request"),
    "ipv6_nd": _Family((NUMBER_OF["nd_request"],), (NUMBER_OF["solicited_na"],), 6, "neighbour solicitation"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One machine's questions for one address at one point."""

    view: PointView
    mac: int
    asker: str
    address: str
    times: tuple[int, ...]
    frames: tuple[int, ...]
    answered: int | None
    answer_frame: int | None

    @property
    def first(self) -> int:
        """When it asked first, on the reference clock."""
        return self.times[0]


def judge_resolution(case: Case, name: str) -> Mechanism | None:
    """
    Did whoever asked for the guest's address after the switchover learn where it is, and use it?

    By its peers of the same address family: those of the other are reached by other questions.
    """
    family = FAMILIES[name]
    ips = [ip for ip in case.ips if (":" in ip) == (family.version == 6)]
    if not ips:
        return None
    stale = _stale_entry(case, name, ips) if family.version == 4 else None
    if stale is not None:
        return stale
    case = replace(case, suffered=tuple(s for s in case.suffered if (":" in s.peer.peer) == (family.version == 6)))
    asked = [one for view in case.views for ip in ips for one in _questions(case, view, family, ip)]
    if not asked:
        return None
    answerable, shut = _without_unanswerable(case, asked)
    if not answerable:
        return result(name, "undecided", f"{_told(case, asked[0], family)}; {shut}", _evidence(asked))
    said = _judge(case, name, family, ips, answerable)
    return msgspec.structs.replace(said, because=f"{said.because}; {shut}") if shut else said


def _judge(case: Case, name: str, family: _Family, ips: Sequence[str], asked: Sequence["_Asked"]) -> Mechanism:
    """The same of questions that could have been answered."""
    lost = [one for one in asked if _is_unanswered(case, one)]
    slow = [one for one in asked if one.answered is not None and one.answered - one.first > WITHIN_NS]
    hurt = [one for one in lost if _hurts(case, one, asked)]
    done = [one for one in asked if one.answered is not None]
    if hurt or (lost and not (done and case.watched)):
        lost = hurt or lost
        lost = sorted(lost, key=lambda one: (rank(one.view.role, NEAREST), -len(one.times)))
        worst = lost[0]
        because = _told(case, worst, family) + f" without an answer until {since(case.after(worst.times[-1]))}"
        because += _answered_elsewhere(worst, done)
        if worst.view.role == "domain:source" and _has_packets_for_it(case, worst):
            because += ": traffic for the guest still arrives at the old site, where it no longer is"
        came, where = _where_they_came(case, worst, asked)
        because += came
        worked: Worked = "no" if hurt else "undecided"
        return result(name, worked, because, _evidence([*lost, *where]))
    if slow:
        worst = max(slow, key=lambda one: (one.answered or 0) - one.first)
        wait = (worst.answered or 0) - worst.first
        because = f"{_told(case, worst, family)} and had no answer for {span(wait)}"
        return result(name, "no", because, _evidence(slow), case.after(worst.answered or 0))
    if not done:
        because = f"{_told(case, asked[0], family)}; no answer is in view, and too little was asked to say why"
        return result(name, "undecided", because, _evidence(asked))
    said = _answered(case, name, family, done)
    return say_if_it_lapsed(case, said, _later_lapses(case, family, ips))


def _without_unanswerable(case: Case, asked: Sequence["_Asked"]) -> tuple[list["_Asked"], str]:
    """The questions that could have been answered, and why others could not; empty where all could."""
    shut = unanswerable(case)
    if shut is None:
        return list(asked), ""
    kept = [left for one in asked if (left := _left_of(one, shut)).times]
    return kept, shut.words if sum(len(one.times) for one in kept) < sum(len(one.times) for one in asked) else ""


def _left_of(one: "_Asked", shut: Unanswerable) -> "_Asked":
    """The same without what was asked in that time, unless it was answered in it all the same."""
    if one.answered is not None and shut.begin <= one.answered < shut.end:
        return one
    able = [n for n, ts in enumerate(one.times) if not shut.begin <= ts < shut.end]
    return replace(one, times=tuple(one.times[n] for n in able), frames=tuple(one.frames[n] for n in able))


def _answered(case: Case, name: str, family: _Family, done: Sequence[_Asked]) -> Mechanism:
    """
    What is said where all were answered?

    Who had talked with the guest at its new place before it asked only checks what it knows (RFC 4861 7.3.3): such a
    question tells nothing of when it found it: its first use does. Nor does any question tell of what peers met before
    it was asked, unless its asker had sent the guest packets all the while: nobody asks where nothing came.
    """
    used = [(one, _in_use_since(case, one)) for one in done]
    fresh = [pair for pair in used if pair[1] is None]
    first, known = min(fresh or used, key=lambda pair: pair[0].answered or 0)
    because = f"{_told(case, first, family)} and was answered {span((first.answered or 0) - first.first)} later"
    since_when = case.moment if _was_sent_in_vain(case, first) else first.answered or 0
    if known is not None:
        since_when = known
        because += f"; it had not asked before: from {since(case.after(known))} on the guest answered what came from it"
    back = case.first_back_at
    worked: Worked = "yes"
    if case.cut_off:
        because += f"; yet {case.without_answer}"
        worked = "undecided"
    elif back is not None and case.after(back) > WITHIN_NS and (yet := _yet(case, back, since_when)):
        because += f"; {yet}"
        worked = "undecided"
    latency = case.after(known if known is not None else first.answered or 0)
    return result(name, worked, because, _evidence(done[:4]), latency)


def _yet(case: Case, back: int, since_when: int) -> str:
    """Why may peers that were answered again only then have waited for an answer after all? Empty: they did not."""
    late = f"the guest's peers were answered again only {case.at_first.back_words}"
    if back - since_when > WITHIN_NS:
        return f"yet {late}"
    if not any(view.role == "domain:source" and view.journal_complete for view in case.views):
        return f"yet {late}, and whether anybody asked for it at its old place until then is not in view"
    return ""


def _was_sent_in_vain(case: Case, asked: _Asked) -> bool:
    """Does any point show this asker sending packets for the guest between the move and its question?"""
    for view in case.views:
        j, rows = view.journal, frames_of(view, case.guest).asked
        ts = j.ts_ns[rows[j.eth_src[rows] == np.uint64(asked.mac)]]
        if ((ts > on_point(view, case.moment + SETTLED_NS)) & (ts < on_point(view, asked.first - SETTLED_NS))).any():
            return True
    return False


def _in_use_since(case: Case, asked: _Asked) -> int | None:
    """
    Since when, on the reference clock, had the guest answered packets that this asker brought it, before it asked?

    None where the question was the first. At the same point, by the asker's MAC: what it sent alone may have been lost.
    """
    j, when = asked.view.journal, on_point(asked.view, case.moment)
    frames, mac, end = frames_of(asked.view, case.guest), np.uint64(asked.mac), on_point(asked.view, asked.first)
    brought = j.ts_ns[frames.asked[j.eth_src[frames.asked] == mac]]
    brought = brought[(brought > when) & (brought < end)]
    taken = j.ts_ns[frames.sent_ip[j.eth_dst[frames.sent_ip] == mac]]
    taken = taken[taken < end]
    if not len(brought) or not len(taken[taken > brought[0]]):
        return None
    return on_reference(asked.view, int(brought[0]))


def _has_packets_for_it(case: Case, asked: _Asked) -> bool:
    """
    Do packets for the guest still come to this point, or is it the port of who asks?

    A question is flooded: an anycast gateway elsewhere asks under the same name, and its own way may be right.
    """
    if made_by(asked.mac) is None:
        return True
    j, rows = asked.view.journal, frames_of(asked.view, case.guest).asked
    return bool((j.ts_ns[rows] > on_point(asked.view, case.moment + SETTLED_NS)).any())


def _later_lapses(case: Case, family: _Family, ips: Iterable[str]) -> list[Lapse]:
    return [one for ip in ips for one in later_lapses(case, ip, family.asks, family.answers, family.word)]


def sought_for_long(case: Case) -> tuple[str, list[Sighted]] | None:
    """Who asked for one of the guest's addresses in vain for too long, where an answer would have passed? In words."""
    for family in FAMILIES.values():
        ips = [ip for ip in case.ips if (":" in ip) == (family.version == 6)]
        asked = [one for view in case.views for ip in ips for one in _questions(case, view, family, ip)]
        in_vain = sorted(
            (one for one in asked if _is_unanswered(case, one)), key=lambda one: rank(one.view.role, NEAREST)
        )
        for one in in_vain:
            if _waits(case, one, asked):
                words = _told(case, one, family) + f" without an answer until {since(case.after(one.times[-1]))}"
                return words, _evidence([one])
    return None


def _hurts(case: Case, asked: _Asked, others: Sequence[_Asked]) -> bool:
    """Were the guest's peers without an answer as long as this was asked? Where none is in view: who asked."""
    back = case.back_at
    late = back is not None and back >= asked.times[-1] - WITHIN_NS and case.after(back) > WITHIN_NS
    if case.cut_off or case.reachability.answer == "no" or late:
        return True
    return not case.watched and _waits(case, asked, others)


def _waits(case: Case, asked: _Asked, others: Sequence[_Asked]) -> bool:
    """
    Does somebody wait for the answer, who would have got it past this point?

    Not where another point saw the same question answered: the answer need not pass here, unless at a gateway's port.
    """
    if asked.view.role != "gateway" and any(one.answered is not None for one in _same_question(asked, others)):
        return False
    if asked.view.role not in ANSWERED_AT and not are_packets_lost(case, case.moment + WITHIN_NS):
        return False  # a router of the old site may ask for all that it ever knew, with nothing to send it
    times = [on_point(asked.view, ts) for ts in asked.times]
    return waits_in_vain(case, asked.view, asked.mac, ip_halves(asked.address), times)


def _same_question(asked: _Asked, others: Iterable[_Asked]) -> list[_Asked]:
    """Where else was it seen?"""
    same = [one for one in others if (one.mac, one.address) == (asked.mac, asked.address)]
    return [one for one in same if one.view is not asked.view and _are_one_question(asked, one)]


def _where_they_came(case: Case, asked: _Asked, others: Sequence[_Asked]) -> tuple[str, list[_Asked]]:
    """Did the questions come to the guest's new place, and nobody answered there, or to its old place alone?"""
    same = _same_question(asked, others)
    if asked.view.role in ("domain:source", "domain:destination") or any(one.answered is not None for one in same):
        return "", []
    for one in (one for one in same if one.view.role == "domain:destination"):
        return f"; they came to its new place, {one.view.name} (frame {one.frames[0]}), and it did not answer", [one]
    new = [v for v in case.views if v.role == "domain:destination"]
    if not new or not all(_was_watched(view, asked) for view in new):
        return "", []
    for one in (one for one in same if one.view.role == "domain:source"):
        came = f"; they came to its old place, {one.view.name} (frame {one.frames[0]}), and to no point at its new one"
        snooped = ", or MLD snooping keeps them from it" if ":" in asked.address else ""
        return f"{came}: the domain of who asks does not reach to where it is now{snooped}", [one]
    return "", []


def _was_watched(view: PointView, asked: _Asked) -> bool:
    """Would this point have shown one of these questions at least? It has frames before it and after it."""
    times = [on_point(view, ts) for ts in asked.times]
    return view.journal_complete and not view.holes and any(view.first_ts <= ts <= view.last_ts for ts in times)


def _told(case: Case, asked: _Asked, family: _Family) -> str:
    times = count_of(len(asked.times), family.word)
    return (
        f"{asked.asker} sent {times} for {asked.address} at {asked.view.name} from {since(case.after(asked.first))} on"
    )


def _answered_elsewhere(asked: _Asked, done: Iterable[_Asked]) -> str:
    """Where was the same question answered, though the answer never passed here?"""
    same = [one for one in done if (one.asker, one.address) == (asked.asker, asked.address)]
    if not same:
        return ""
    first = min(same, key=lambda one: one.answered or 0)
    if not any(_are_one_question(asked, one) for one in same):
        if first.view.offset is None or asked.view.offset is None:
            return f"; at {first.view.name} {first.asker} was answered (frame {first.answer_frame})"
        return (
            f"; {first.asker} at {first.view.name} is another gateway of that name: none of these questions passed"
            f" there, and its own were answered (frame {first.answer_frame})"
        )
    first = min((one for one in same if _are_one_question(asked, one)), key=lambda one: one.answered or 0)
    return (
        f"; at {first.view.name} it was answered (frame {first.answer_frame}):"
        f" the answers do not come back to {asked.view.name}"
    )


def _are_one_question(here: _Asked, there: _Asked) -> bool:
    """
    Did a question of the one point pass the other, too?

    Two sites may each have a gateway of one address and one MAC: a request is broadcast, and what asks in a domain is
    heard in all of it.
    """
    return any(abs(a - b) <= SAME_FRAME_NS for a in here.times for b in there.times)


def _evidence(asked: Iterable[_Asked]) -> list[Sighted]:
    frames: list[tuple[PointView, int]] = []
    for one in asked:
        numbers = [*one.frames[:3], one.frames[-1], *([one.answer_frame] if one.answer_frame is not None else [])]
        frames += [(one.view, number) for number in numbers]
    return sighted(frames)


def _is_unanswered(case: Case, asked: _Asked) -> bool:
    """Was it asked often and long enough to say that nobody answers?"""
    end = on_reference(asked.view, asked.view.last_ts) - NS_PER_S // 2
    in_vain = [ts for ts in asked.times if ts < end]  # to what was asked later the answer may come after the capture
    return asked.answered is None and len(in_vain) >= LEAST_ASKED and in_vain[-1] - in_vain[0] >= FROM_BOTH_NS


def _questions(case: Case, view: PointView, family: _Family, ip: str) -> Iterable[_Asked]:
    """The questions of each machine at this point after the switchover, until they were answered."""
    rows = view.arps
    high, low = ip_halves(ip)
    target = (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))
    begin, end = on_point(view, case.moment), on_point(view, case.moment + LATEST_NS)
    near = (rows.ts_ns >= begin) & (rows.ts_ns <= end)
    asks = near & np.isin(rows.kind, family.asks) & target & (rows.sender_mac != np.uint64(case.guest.mac))
    asks[asks] = ~is_elsewhere(case, view, rows.segment_key[asks])
    if family.version == 6:
        told = near & np.isin(rows.kind, family.answers) & target
    else:
        told = near & np.isin(rows.kind, family.answers)
        told &= (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
    answers = np.flatnonzero(told)
    for asker in np.unique(rows.sender_mac[asks]):
        at = np.flatnonzero(asks & (rows.sender_mac == asker))
        after = answers[rows.ts_ns[answers] >= rows.ts_ns[at[0]]]
        mine = after[(rows.eth_dst[after] == asker) | (rows.target_mac[after] == asker)]
        own = mine[rows.sender_mac[mine] == np.uint64(case.guest.mac)] if _tells_whose(case, family) else mine
        if len(mine) > len(own) == 0 or only_scans(case, view, int(asker), rows.ts_ns[at]):
            continue  # a router answers for all (proxy ARP), or a machine asks for all: neither looks for the guest
        answer = int(own[0]) if len(own) else None
        if answer is not None:
            at = at[rows.ts_ns[at] <= rows.ts_ns[answer]]
        who = ip_text(int(rows.sender_high[at[0]]), int(rows.sender_low[at[0]]))
        yield _Asked(
            view,
            int(asker),
            f"{who} ({mac_text(int(asker))})",
            ip,
            tuple(on_reference(view, int(ts)) for ts in rows.ts_ns[at]),
            tuple(int(frame) for frame in rows.frame[at]),
            on_reference(view, int(rows.ts_ns[answer])) if answer is not None else None,
            int(rows.frame[answer]) if answer is not None else None,
        )


def _tells_whose(case: Case, family: _Family) -> bool:
    """Does an answer say whether it is the guest's own? ARP does, by the sender's MAC in its body."""
    return family.version == 4 and case.guest.mac != NO_MAC


def _stale_entry(case: Case, name: str, ips: list[str]) -> Mechanism | None:
    """Did somebody go on sending to a MAC that the guest had before? Only where it came back with another."""
    if case.guest.mac == NO_MAC:
        return None
    olds = former_macs(case, ips)
    if not olds:
        return None
    last: tuple[int, PointView, int, int, int] | None = None
    for view in sorted(case.views, key=lambda v: rank(v.role, NEAREST)):
        j, rows = view.journal, frames_of(view, case.guest).asked
        rows = rows[np.isin(j.eth_dst[rows], np.array(sorted(olds), np.uint64))]
        rows = rows[(j.ts_ns[rows] > on_point(view, case.moment + SETTLED_NS)) & ((j.eth_dst[rows] & GROUP_BIT) == 0)]
        if len(rows):
            ts = on_reference(view, int(j.ts_ns[rows[-1]]))
            if last is None or ts > last[0] + NS_PER_S:
                last = (ts, view, int(j.frame[rows[0]]), int(j.frame[rows[-1]]), len(rows))
    if last is None:
        return None
    ts, view, first_frame, last_frame, count = last
    old = mac_text(sorted(olds)[0])
    because = (
        f"the guest came back as {case.mac}, but at {view.name} {count_of(count, 'packet')} for it went to {old}, "
        f"its MAC before, until {since(case.after(ts))}: an ARP entry that nobody renewed"
    )
    learned = _learned(case, ips)
    seen = [(view, first_frame), (view, last_frame)]
    if learned is not None and learned[0] >= ts - NS_PER_S:
        because += f"; an ARP answer told the new one {since(case.after(learned[0]))}"
        seen.append((learned[1], learned[2]))
    return result(name, "no", because, sighted(seen), case.after(ts))


def former_macs(case: Case, ips: list[str]) -> set[int]:
    """With which MACs did its addresses send before the move, or did others hear them claimed?"""
    found = sent_before(case.guest, [ip_halves(ip) for ip in ips], case.views, case.moment, IN_ITS_DOMAIN)
    for view in case.views:
        rows = view.arps
        before = np.isin(rows.kind, CLAIMS) & (rows.ts_ns < on_point(view, case.moment))
        for high, low in (ip_halves(ip) for ip in ips):
            mine = before & (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
            found |= {int(mac) for mac in np.unique(rows.sender_mac[mine])}
    return found - {case.guest.mac, NO_MAC, 0}


def _learned(case: Case, ips: list[str]) -> tuple[int, PointView, int] | None:
    """When was the guest's new MAC first told for one of its addresses?"""
    first: tuple[int, PointView, int] | None = None
    for view in case.views:
        rows = view.arps
        for high, low in (ip_halves(ip) for ip in ips):
            mine = np.isin(rows.kind, CLAIMS) & (rows.sender_mac == np.uint64(case.guest.mac))
            mine &= (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
            at = np.flatnonzero(mine & (rows.ts_ns >= on_point(view, case.moment)))
            if len(at):
                ts = on_reference(view, int(rows.ts_ns[at[0]]))
                if first is None or ts < first[0]:
                    first = (ts, view, int(rows.frame[at[0]]))
    return first
