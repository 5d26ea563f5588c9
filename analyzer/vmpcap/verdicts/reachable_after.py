"""Was the guest reachable after its move: which cases there are, in the order in which they are asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.verdicts.answers import Answer, from_finding, show
from vmpcap.verdicts.dead_connections import InUse, in_use, say_dead, say_dead_in_short
from vmpcap.verdicts.explained import explain, may_be_a_stranger, went_to_its_old_place, why_a_stranger
from vmpcap.verdicts.findings import Evidence, Outcome
from vmpcap.verdicts.interruption import (
    answered_again,
    frames_of,
    gave_up_asking,
    given_up_by,
    moves_again,
    named,
    partly_lost,
)
from vmpcap.verdicts.lost_to_all import LostToAll, lost_to_all
from vmpcap.verdicts.never_again import (
    MOST_NAMED,
    are_all_taken_apart,
    asked_in_vain,
    had_none,
    is_long_gone,
    lost_for_size,
    lost_services,
    may_have_started,
    peers_of,
    say_lost,
    share_left,
    share_without,
    started_anew,
)
from vmpcap.verdicts.two_places import is_hurt_by_two_places


class Known:
    """What is known of a guest's reach and of its peers; each is looked for when a case asks."""

    def __init__(self, guest: GuestStory) -> None:
        self.guest = guest
        self.reach = guest.reachability

    @cached_property
    def why(self) -> str:
        """What did not do its part, as the end of a sentence?"""
        return explain(self.guest)

    @cached_property
    def unsure(self) -> str:
        """Why may it owe what it was before no answer, as the end of a sentence?"""
        return may_have_started(self.guest)

    @cached_property
    def cut_off(self) -> list[Suffered]:
        """Streams that asked to the end and were never answered again."""
        return [s for s in self.guest.suffered if s.is_cut_off]

    @cached_property
    def for_size(self) -> list[Suffered]:
        """Streams whose large segments have no answer."""
        return lost_for_size(self.guest)

    @cached_property
    def gave_up(self) -> list[str]:
        """Peers that stopped asking without an answer."""
        return given_up_by(self.guest)

    @cached_property
    def lost(self) -> list[str]:
        """Peers that were answered in none of their streams again."""
        return sorted(({s.peer.peer for s in self.cut_off} - answered_again(self.guest)) | set(self.gave_up))

    @cached_property
    def in_vain(self) -> set[str]:
        """Which of them surely were not, and asked on to the end?"""
        return asked_in_vain(self.guest) & set(self.lost)

    @cached_property
    def later(self) -> list[Suffered]:
        """Streams that were lost long after the move."""
        return [s for s in self.guest.suffered if s.later is not None]

    @cached_property
    def dead_services(self) -> list[Suffered]:
        """
        Services to which connections are opened in vain since the move, and were not before.

        A guest that was started anew owes them to nobody: it may have other addresses, or not have begun them yet.
        """
        if started_anew(self.guest):
            return []
        return [s for s in self.guest.suffered if s.had_answers and not s.ended and is_long_gone(s)]

    @cached_property
    def lost_services(self) -> list[Suffered]:
        """Services that are surely lost."""
        return lost_services(self.guest)

    @cached_property
    def lost_to_all(self) -> list[LostToAll]:
        """Services that answered before, and nobody since."""
        return lost_to_all(self.guest)

    @cached_property
    def parts(self) -> list[Suffered]:
        """Of which streams and services have many requests no answer since the move, others one? Sure ones first."""
        return sorted(partly_lost(self.guest), key=lambda s: s.part is not None and not s.part.is_sure)

    @cached_property
    def are_parts_sure(self) -> bool:
        """Is it surely most of what one of them asked?"""
        return any(s.part is not None and s.part.is_sure for s in self.parts)

    @cached_property
    def in_use(self) -> InUse:
        """What became of the connections that were in use when it moved."""
        return in_use(self.guest)

    @cached_property
    def is_nobody_answered(self) -> bool:
        """Did every stream of requests end without an answer, and one that asked to the end surely?"""
        is_sure = any(map(is_long_gone, self.cut_off))
        return is_sure and all(s.is_cut_off or gave_up_asking(s) for s in self.guest.suffered)

    @cached_property
    def only_asked(self) -> bool:
        """Is it the guest that asks wherever no answer came?"""
        vain = (s for s in self.guest.suffered if s.is_cut_off or gave_up_asking(s))
        return all(s.is_outbound or s.is_of_guest for s in vain if s.peer.peer in self.lost)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that may be known of a guest's reach, and what is answered then."""

    holds: Callable[[Known], bool]
    outcome: Outcome
    words: Callable[[Known], str]
    """What follows on the words of its reach."""
    shown: Callable[[Known], tuple[Evidence, ...]] = lambda known: ()
    """What is shown beside the evidence of its reach."""
    share: Callable[[Known], float | None] = lambda known: None
    """Which share of its peers is left?"""
    owed_by_the_same: bool = False
    """Whether a guest that may have been started anew would owe nobody the answer: then it is undecided."""
    in_short: Callable[[Known], str] = lambda known: ""
    """The answer in a few words, where what is usually said of such an answer does not tell it."""


def is_reachable(guest: GuestStory) -> Answer:
    """Did a request reach the guest at its new place, and was it answered? As the first case says."""
    known = Known(guest)
    case = next(case for case in CASES if case.holds(known))
    outcome = "undecided" if case.owed_by_the_same and known.unsure else case.outcome
    share = case.share(known)
    evidence = show(known.reach.point, known.reach.frames) + case.shown(known)
    if guest.loop is not None:
        evidence += show(guest.loop.point, guest.loop.frames)
    words, unit = known.reach.because + case.words(known), "" if share is None else "share"
    return Answer(outcome, words, share, None, unit, evidence, case.in_short(known))


def _lost_for_size(known: Known) -> str:
    least = "" if are_all_taken_apart(known.guest) else "at least "
    return (
        f", but {least}{say_lost(known.for_size, known.guest.suffered)} got no answer again:"
        f" segments of full size do not pass, smaller ones do{known.unsure}{known.why}"
    )


def _share_for_size(known: Known) -> float | None:
    if not are_all_taken_apart(known.guest):
        return None
    return share_without(known.guest, {s.peer.peer for s in known.for_size})


def _whose(names: Sequence[str], guest: GuestStory) -> str:
    peers = len(peers_of(guest))
    return "its only peer" if peers == 1 else f"{len(names):,} of its {peers:,} peers"


def _lost_later(known: Known) -> str:
    """Who lost the guest, or one service of it, long after the move, and since when?"""
    later, served = known.later, answered_again(known.guest)
    whose = _whose(sorted({s.peer.peer for s in later}), known.guest)
    names = [f"{s.peer.peer} by {s.peer.protocol}" if s.peer.peer in served else s.peer.peer for s in later]
    first = min(s.later_ns or 0 for s in later) / NS_PER_S
    silenced = known.guest.silenced
    what = "whether the move or something later lost it is not known" if silenced is None else silenced.because
    return (
        f", but {whose} had answers until {first:.1f} s after the switchover only, and none to the end:"
        f" {', '.join(sorted(set(names))[:3])}; {what}{known.why}"
    )


def _last_word(known: Known) -> tuple[Evidence, ...]:
    """The guest's last frame at its new place, and what came for it after, where it fell silent there."""
    silenced = known.guest.silenced
    return show(silenced.point, silenced.frames) if silenced is not None else ()


def _silent_in_short(known: Known) -> str:
    """That the guest itself fell silent, where that shows."""
    silenced = known.guest.silenced
    if silenced is None:
        return ""
    return (
        f"the guest, or its host, fell silent {silenced.after_s:.1f} s after the switchover,"
        f" while packets for it still arrived there ({silenced.point})"
    )


def _dead_connections(known: Known) -> str:
    return f", but {say_dead(known.in_use)}{known.unsure}{known.why}"


def _dead_in_short(known: Known) -> str:
    return say_dead_in_short(known.in_use)


def _dead_service(known: Known) -> str:
    first = known.dead_services[0]
    opened = f"{count_of(first.opened, 'connection')} of {first.peer.peer} to {first.peer.protocol}"
    return f", but {opened}, opened since the move, had no answer, as others had before it{known.why}"


def _lost_services(known: Known) -> str:
    """Which services had no answer any more?"""
    told = "; ".join(f"{named(s)}: {s.peer.because}" for s in known.lost_services[:MOST_NAMED])
    every = len({(s.peer.peer, s.peer.protocol) for s in known.guest.suffered})
    count = len({(s.peer.peer, s.peer.protocol) for s in known.lost_services})
    return f", but {count:,} of {every:,} services had no answer any more: {told}{known.unsure}{known.why}"


def _lost_to_all(known: Known) -> str:
    """Which services answered nobody any more?"""
    told = "; ".join(one.words for one in known.lost_to_all[:MOST_NAMED])
    return f", but {told}{known.unsure}{known.why}"


def _share_to_all(known: Known) -> float:
    return share_without(known.guest, {peer for one in known.lost_to_all for peer in one.peers})


def _parts(known: Known) -> str:
    """Of which services was only a part answered?"""
    return f", but not all that was asked of it or by it: {_say_parts(known)}{known.why}"


def _parts_beside(known: Known) -> str:
    """The same beside those who got no answer at all, of whom less is known."""
    return f"{_never(known)}; nor was all else that was asked of it or by it: {_say_parts(known)}{known.why}"


def _say_parts(known: Known) -> str:
    return "; ".join(f"{named(s)}: {s.part.words}" for s in known.parts[:MOST_NAMED] if s.part)


def _unseen(known: Known) -> str:
    """Who asked all the time until the guest moved, and is not seen again?"""
    unseen = known.reach.unseen
    return "" if unseen is None else f", but {unseen.because}{known.why}"


def _all_answered(known: Known) -> str:
    is_missed = known.cut_off or any(map(gave_up_asking, known.guest.suffered))
    but = ", and so was every peer, though not in each of its streams" if is_missed else ""
    but += ": a guest that restarted?" if known.cut_off and not known.why else ""
    return but + _say_waiting(known) + known.why


def _say_waiting(known: Known) -> str:
    """Of whom is not known whether they would be answered, for they sent nothing since others were? Empty: of none."""
    waiting = {s.peer.peer for s in known.guest.suffered if s.is_waiting} - answered_again(known.guest)
    if not waiting:
        return ""
    return f"; it is not known of {', '.join(sorted(waiting)[:MOST_NAMED])}, who sent nothing since others were"


def _never(known: Known) -> str:
    """Who never got an answer again?"""
    theirs = [s for s in known.guest.suffered if s.peer.peer in known.lost]
    is_open = any(s.is_open and moves_again(s) for s in theirs)
    since = "since the move" if theirs and all(map(had_none, theirs)) else "again"
    until, whose = "until the guest moved again" if is_open else since, _whose(known.lost, known.guest)
    never = f"the guest never got an answer {until} from {whose}"
    never = never if known.only_asked else f"{whose} never got an answer {until}"
    return f", but {never}: {', '.join(known.lost[:3])}"


def _first_in_vain(known: Known) -> Suffered:
    return next(s for s in known.cut_off if s.peer.peer in known.in_vain)


def _asked_in_vain(known: Known) -> str:
    outage = _first_in_vain(known).outage
    before = "it had answers before" if known.only_asked else "it was answered before"
    how = "long in vain" if outage is not None and outage.requests_stopped else "to the end"
    return f"{_never(known)}; {before}, and asked on {how}{known.unsure}{known.why}"


def _nobody(known: Known) -> str:
    end = "; no stream of requests to or from it was answered at the end"
    return f"{_never(known)}{end}{known.unsure}{known.why}"


CASES: Final = (
    Case(
        lambda known: may_be_a_stranger(known.guest),
        "undecided",
        lambda known: f"; {why_a_stranger(known.guest)}",
    ),
    Case(
        lambda known: known.reach.answer == "no",
        "fail",
        lambda known: known.why or went_to_its_old_place(known.guest),
    ),
    Case(lambda known: known.reach.answer != "yes", "undecided", lambda known: known.why),
    Case(
        lambda known: is_hurt_by_two_places(known.guest),
        "undecided",
        lambda known: f", but not each of its peers later: {known.guest.second_place.because}{known.why}",
        lambda known: from_finding(known.guest.second_place).evidence,
    ),
    Case(
        lambda known: bool(known.for_size),
        "fail",
        _lost_for_size,
        lambda known: frames_of(known.for_size[0]),
        _share_for_size,
        owed_by_the_same=True,
    ),
    Case(
        lambda known: not known.lost and bool(known.lost_services),
        "fail",
        _lost_services,
        lambda known: frames_of(known.lost_services[0]),
        lambda known: share_left(known.guest),
        owed_by_the_same=True,
    ),
    Case(
        lambda known: bool(known.lost_to_all),
        "fail",
        _lost_to_all,
        lambda known: frames_of(known.lost_to_all[0].rows[0]),
        _share_to_all,
        owed_by_the_same=True,
    ),
    Case(
        lambda known: not known.lost and known.are_parts_sure,
        "fail",
        _parts,
        lambda known: frames_of(known.parts[0]),
        lambda known: share_left(known.guest),
    ),
    Case(
        lambda known: known.in_use.are_all_dead and not known.is_nobody_answered,
        "fail",
        _dead_connections,
        lambda known: frames_of(known.in_use.lost[0]),
        owed_by_the_same=True,
        in_short=_dead_in_short,
    ),
    Case(
        lambda known: not known.lost and bool(known.later),
        "undecided",
        _lost_later,
        lambda known: (*frames_of(known.later[0]), *_last_word(known)),
        in_short=_silent_in_short,
    ),
    Case(
        lambda known: not known.lost and bool(known.dead_services),
        "undecided",
        _dead_service,
        lambda known: frames_of(known.dead_services[0]),
    ),
    Case(
        lambda known: not known.lost and bool(known.parts),
        "undecided",
        _parts,
        lambda known: frames_of(known.parts[0]),
    ),
    Case(
        lambda known: not known.lost and known.in_use.are_most_lost,
        "undecided",
        _dead_connections,
        lambda known: frames_of(known.in_use.lost[0]),
        in_short=_dead_in_short,
    ),
    Case(
        lambda known: not known.lost and known.reach.unseen is not None,
        "undecided",
        _unseen,
        lambda known: () if known.reach.unseen is None else show(known.reach.unseen.point, known.reach.unseen.frames),
    ),
    Case(lambda known: not known.lost, "pass", _all_answered),
    Case(
        lambda known: known.is_nobody_answered,
        "fail",
        _nobody,
        lambda known: frames_of(known.cut_off[0]),
    ),
    Case(
        lambda known: bool(known.in_vain) and not started_anew(known.guest),
        "fail",
        _asked_in_vain,
        lambda known: frames_of(_first_in_vain(known)),
        lambda known: share_without(known.guest, known.lost),
        owed_by_the_same=True,
    ),
    Case(
        lambda known: bool(known.lost_services),
        "fail",
        _lost_services,
        lambda known: frames_of(known.lost_services[0]),
        lambda known: share_left(known.guest),
        owed_by_the_same=True,
    ),
    Case(
        lambda known: known.are_parts_sure,
        "fail",
        _parts_beside,
        lambda known: frames_of(known.parts[0]),
        lambda known: share_left(known.guest),
    ),
    Case(lambda known: True, "undecided", lambda known: _never(known) + known.why),
)
"""
Of every guest the first that holds. Those above are about the whole of it, those below about ever fewer peers. Whom
else it lost chooses the words, and never makes the outcome better.
"""
