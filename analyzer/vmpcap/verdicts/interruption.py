"""Whether the guest was out of somebody's reach for longer than the limit, whatever the longest figure says."""

from collections.abc import Iterator, Sequence

from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_MS, at_least_ms, at_most_ms
from vmpcap.verdicts.answers import Answer, show, three
from vmpcap.verdicts.findings import Evidence
from vmpcap.verdicts.never_again import had_none, is_long_gone, proven_ms, say_never, stopped_after_ns


def surely_longer(limit: float | None, guest: GuestStory) -> Answer | None:
    """Whose interruption has no end in view, or had none for longer than the limit? None where nobody's."""
    gone = [s for s in guest.suffered if s.is_cut_off and not had_none(s)]
    until = "again"
    if not gone and limit is not None:
        gone = [s for s in guest.suffered if s.is_open and (s.at_least_ms or 0.0) > limit]
        until = "until the guest moved again" if any(map(moves_again, gone)) else "until the capture ended"
    if gone:
        words = f"{say_never(gone, guest.suffered, until)}: {gone[0].peer.because}{_served_since(guest, gone)}"
        return Answer("undecided" if limit is None else "fail", words, None, limit, "ms", frames_of(gone[0]))
    proven = max(guest.suffered, key=lambda s: proven_ms(s, guest), default=None)
    if limit is None or proven is None or proven_ms(proven, guest) <= limit:
        return None
    return Answer("fail", _proven_words(proven, guest), None, limit, "ms", frames_of(proven))


def _proven_words(one: Suffered, guest: GuestStory) -> str:
    """For how long at least had this stream no answer, and how long was the longest outage that ended?"""
    least = at_least_ms(round(proven_ms(one, guest) * NS_PER_MS))
    words = f"{named(one)} had no answer for {least}: {one.peer.because}"
    known = guest.result.switchover.peer_outage_ms
    return words if known is None else f"{words}; peers that were answered again were cut off for {three(known)} ms"


def _served_since(guest: GuestStory, gone: Sequence[Suffered]) -> str:
    """Were streams of the same to the same service answered that began after the switchover? As a sentence's end."""
    since = {(s.peer.peer, s.peer.protocol) for s in guest.suffered if s.answered_after}
    if not {(s.peer.peer, s.peer.protocol) for s in gone} <= since:
        return ""
    return "; others of the same to the same service, begun after the switchover, were answered"


def gave_up_asking(lost: Suffered) -> bool:
    """Did this peer ask often and long after the switchover, and stop without an answer before the view's end?"""
    return lost.peer.survived is None and is_long_gone(lost) and not lost.is_waiting


def answered_again(guest: GuestStory) -> set[str]:
    """
    Which peers were answered in one of their streams? One of which nobody knows what it met shows no answer, and what
    the guest sends unasked is none; nor is a reset alone: a firewall sends them in a guest's name.
    """
    return {s.peer.peer for s in guest.suffered if shows_an_answer(s)}


def shows_an_answer(one: Suffered) -> bool:
    """Did the guest answer in this stream since it moved?"""
    is_told = one.stream is not None and one.stream.manner == "one_way" and one.stream.requester == "guest"
    is_over = one.ended and one.outage is not None and one.peer.survived is not False
    return not is_told and not one.is_cut_off and bool(one.peer.survived or is_over or one.answered_after)


def given_up_by(guest: GuestStory) -> list[str]:
    """Which peers gave up, and were answered in none of their streams?"""
    return sorted({s.peer.peer for s in guest.suffered if gave_up_asking(s)} - answered_again(guest))


def _denied_to(guest: GuestStory) -> list[str]:
    """
    Which peers got nothing after the move but resets of their connections?

    The guest may send them, or a firewall in its name that does not know its connections.
    """
    denied = {s.peer.peer for s in guest.suffered if s.ended and s.peer.survived is False and s.later is None}
    return sorted(denied - answered_again(guest))


def frames_of(lost: Suffered) -> tuple[Evidence, ...]:
    """The frames between which this stream got no answer."""
    return show(lost.peer.point, lost.peer.frames)


def _at_most(one: Suffered) -> float:
    """For how long may this peer have been cut off at most, in milliseconds? 0 where it missed nothing."""
    if one.peer.outage_ms is None:
        return one.peer.outage_high_ms or 0.0
    return 0.0 if one.outage is None else one.peer.outage_ms + (one.resolution_ms or 0.0)


def _range_around(limit: float, guest: GuestStory) -> Suffered | None:
    """
    Whose cut may be longer than the limit, though its figure is not, or it has none but its bounds? The longest.

    What another peer met, however short, does not bound it.
    """
    wide = [one for one in guest.suffered if _at_most(one) > limit]
    return max(wide, key=_at_most, default=None)


def _range_words(one: Suffered) -> str:
    most = at_most_ms(round(_at_most(one) * NS_PER_MS))
    return f"{named(one)} may have been cut off for longer, {most}"


def moves_again(one: Suffered) -> bool:
    """Did its view end since the guest moved again?"""
    return one.view is not None and one.view.goes_on


def unbounded(limit: float, guest: GuestStory) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """Who may have been cut off for longer than the limit, though no figure says it, in words and frames?"""
    gave_up, denied, wide = given_up_by(guest), _denied_to(guest), _range_around(limit, guest)
    if gave_up:
        yield f"{len(gave_up)} of its peers gave up without an answer: {', '.join(gave_up[:3])}", ()
    unknown = [s for s in guest.suffered if s.is_cut_off and had_none(s)]
    if unknown:
        yield f"{named(unknown[0])} had no answer, and none of before the move is in view", frames_of(unknown[0])
    if denied:
        yield f"{len(denied)} of its peers got nothing but resets: {', '.join(denied[:3])}", ()
    for partly in partly_lost(guest)[:1]:
        yield f"{named(partly)}: {partly.part.words if partly.part else ''}", frames_of(partly)
    stopped = max(guest.suffered, key=stopped_after_ns, default=None)
    if stopped is not None and stopped_after_ns(stopped) > limit * NS_PER_MS:
        least = at_least_ms(stopped_after_ns(stopped))
        yield f"{named(stopped)} had no answer for {least}: {stopped.peer.because}", frames_of(stopped)
    later = max(guest.suffered, key=lambda s: s.later_unsure_ms or 0.0, default=None)
    if later is not None and (later.later_unsure_ms or 0.0) > limit:
        length = f"{later.later_unsure_ms or 0.0:.0f} ms"
        yield (
            f"{named(later)} had no answer for {length} later, which the guest's host may have made",
            frames_of(later),
        )
    if wide is not None:
        yield f"{_range_words(wide)}, and the limit lies between", frames_of(wide)
    if guest.result.switchover.peer_outage_ms is None:
        yield from _back_later(guest)


def _back_later(guest: GuestStory) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """
    What says that the guest may have been out of reach for longer than it was away, where no peer tells an outage?

    Switches and routers may have followed long after it was back: its own absence bounds no interruption.
    """
    for one in guest.result.mechanisms:
        if one.worked == "no":
            shown = tuple(Evidence(point=e.point, frames=e.frames, filter=e.filter) for e in one.evidence)
            yield f"{one.name} did not do its part: {one.because}", shown
    for unknown in guest.suffered:
        yield f"what its peers met is not known: {named(unknown)}: {unknown.peer.because}", frames_of(unknown)


def partly_lost(guest: GuestStory) -> list[Suffered]:
    """Of which streams or services had many requests no answer since the move? The largest share first."""
    return sorted((s for s in guest.suffered if s.part), key=_share_lost, reverse=True)


def _share_lost(one: Suffered) -> float:
    return one.part.lost / one.part.asked if one.part else 0.0


def named(one: Suffered) -> str:
    """By which peer and protocol is this stream or service told?"""
    return f"{one.peer.peer} by {one.peer.protocol}"
