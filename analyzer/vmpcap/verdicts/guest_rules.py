"""What is asked of the guest: was it announced where it had to be, was it reachable, how long was it gone?"""

from collections.abc import Callable, Sequence
from typing import Final

from vmpcap.migration.stories import GuestStory, Story
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.unlearned import passed_instead
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.verdicts.answers import Answer, from_finding, show, three
from vmpcap.verdicts.explained import explain
from vmpcap.verdicts.findings import Evidence, Outcome
from vmpcap.verdicts.interruption import (
    answered_again,
    frames_of,
    gave_up_asking,
    given_up_by,
    moves_again,
    surely_longer,
    unbounded,
)
from vmpcap.verdicts.never_again import (
    are_all_taken_apart,
    asked_in_vain,
    is_long_gone,
    lost_for_size,
    may_have_started,
    peers_of,
    say_lost,
    share_without,
    started_anew,
)
from vmpcap.verdicts.profile import Profile


def _about_guest(story: Story, ask: Callable[[GuestStory], Answer]) -> Answer:
    """The worst answer of the migration's guests; undecided where none is known."""
    if not story.guests:
        if story.outcome.outcome == "aborted":
            return Answer("undecided", "the migration was not completed: no guest had to be announced")
        return Answer("undecided", "no announcement and no guest's traffic can be joined to this migration")
    answers = [ask(guest) if _moment_is_known(story, guest) else _not_over(story) for guest in story.guests]
    return min(answers, key=lambda a: ("fail", "undecided", "pass").index(a.outcome))


def _moment_is_known(story: Story, guest: GuestStory) -> bool:
    """Is there a moment at which the guest moved? Not where the view ends in mid-stream, and nobody announced."""
    return story.outcome.outcome != "truncated" or bool(guest.moved.heard)


def _not_over(story: Story) -> Answer:
    return Answer("undecided", f"{story.outcome.because}: nobody knows when the guest moved, or whether it did")


def _may_be_a_stranger(guest: GuestStory) -> bool:
    """Is all that joins this machine to the migration an announcement some seconds away from its stream?"""
    return guest.moved.confidence == "low" and bool(guest.moved.heard)


def _stranger(guest: GuestStory) -> str:
    return f"it may be another machine that announced itself then: {guest.moved.because}"


def _seen_elsewhere(guest: GuestStory, deciding: PointView) -> tuple[Evidence, ...]:
    """What passed the point that the announcement did not reach, and the announcements where they were heard."""
    instead = passed_instead(deciding, guest.moved)
    shown = show(deciding.name, instead) if instead else ()
    for name, heard in guest.result.announcements.by_point.items():
        if heard.frames and name != deciding.name:
            shown += show(name, heard.frames, guest.announcement_filter)
    return shown


def announcement_reached_destination(story: Story, profile: Profile) -> Answer:
    """Did the guest's announcement reach its broadcast domain, at the point nearest the gateway?"""

    def ask(guest: GuestStory) -> Answer:
        domain = guest.result.domain
        deciding = guest.heard.deciding
        point = deciding.name if deciding is not None else ""
        frames = guest.result.announcements.by_point[point].frames if point else []
        outcome: Outcome = {"reached": "pass", "not_reached": "fail"}.get(domain.verdict, "undecided")  # type: ignore[assignment]
        if outcome == "pass" and not guest.moved.heard:
            outcome = "undecided"
        evidence = show(point, frames, guest.announcement_filter)
        if deciding is not None and not frames:
            evidence = _seen_elsewhere(guest, deciding) or evidence
        if _may_be_a_stranger(guest):
            return Answer("undecided", f"{domain.because}; {_stranger(guest)}", evidence=evidence)
        return Answer(outcome, domain.because, evidence=evidence)

    return _about_guest(story, ask)


def guest_reachable_after(story: Story, profile: Profile) -> Answer:
    """Did somebody else's unicast reach the guest at its new place, and did the guest answer?"""

    def ask(guest: GuestStory) -> Answer:
        reach = guest.reachability
        evidence = show(reach.point, reach.frames)
        why = explain(guest)
        if _may_be_a_stranger(guest):
            return Answer("undecided", f"{reach.because}; {_stranger(guest)}", evidence=evidence)
        outcome: Outcome = {"yes": "pass", "no": "fail"}.get(reach.answer, "undecided")  # type: ignore[assignment]
        if outcome != "pass":
            why = why or (_went_to_its_old_place(guest) if outcome == "fail" else "")
            return Answer(outcome, reach.because + why, evidence=evidence)
        lost = [s for s in guest.suffered if s.is_cut_off]
        is_lost = any(s.peer.survived is False and s.later is None for s in guest.suffered)
        if guest.second_place.found and (is_lost or _is_hurt_by_flaps(guest)):
            unsure = f"{reach.because}, but not each of its peers later: {guest.second_place.because}"
            return Answer("undecided", unsure + why, evidence=evidence + from_finding(guest.second_place).evidence)
        unsure = may_have_started(guest)
        sized = lost_for_size(guest)
        if sized:
            least = "" if are_all_taken_apart(guest) else "at least "
            but = f"{reach.because}, but {least}{say_lost(sized, guest.suffered)} got no answer again:"
            but += f" segments of full size do not pass, smaller ones do{unsure}"
            share = None if least else share_without(guest, {s.peer.peer for s in sized})
            outcome = "undecided" if unsure else "fail"
            return Answer(outcome, but + why, share, None, "share", evidence + frames_of(sized[0]))
        gave_up = given_up_by(guest)
        names = sorted(({s.peer.peer for s in lost} - answered_again(guest)) | set(gave_up))
        later = [s for s in guest.suffered if s.later is not None]
        if not names and later:
            return Answer(
                "undecided",
                f"{reach.because}{_lost_later(later, guest)}{why}",
                evidence=evidence + frames_of(later[0]),
            )
        dead = [s for s in guest.suffered if s.had_answers and not s.ended and is_long_gone(s)]
        if not names and dead:
            opened = f"{count_of(dead[0].opened, 'connection')} of {dead[0].peer.peer} to {dead[0].peer.protocol}"
            but = f", but {opened}, opened since the move, had no answer, as others had before it"
            return Answer("undecided", reach.because + but + why, evidence=evidence + frames_of(dead[0]))
        if not names:
            but = ", and so was every peer, though not in each of its streams" if lost else ""
            but += ": a guest that restarted?" if lost and not why else ""
            return Answer("pass", reach.because + but + why, evidence=evidence)
        peers = len(peers_of(guest))
        whose = "its only peer" if peers == 1 else f"{len(names):,} of its {peers:,} peers"
        is_open = any(s.is_open and moves_again(s) for s in guest.suffered if s.peer.peer in names)
        until = "until the guest moved again" if is_open else "again"
        is_asked = all(s.is_outbound for s in lost if s.peer.peer in names) and not gave_up
        never = (
            f"the guest never got an answer {until} from {whose}"
            if is_asked
            else f"{whose} never got an answer {until}"
        )
        but = f"{reach.because}, but {never}: {', '.join(names[:3])}"
        in_vain = asked_in_vain(guest) & set(names)
        nobody = all((s.is_cut_off and is_long_gone(s)) or gave_up_asking(s) for s in guest.suffered)
        if not lost or not (nobody or (in_vain and not started_anew(guest))):
            return Answer("undecided", but + why, evidence=evidence)
        if not nobody:
            before = "it had answers before" if is_asked else "it was answered before"
            first = next(s for s in lost if s.peer.peer in in_vain)
            has_stopped = first.outage is not None and first.outage.requests_stopped
            but += f"; {before}, and asked on {'long in vain' if has_stopped else 'to the end'}{unsure}"
            outcome, share = "undecided" if unsure else "fail", share_without(guest, names)
            return Answer(outcome, but + why, share, None, "share", evidence + frames_of(first))
        but += f"; no stream of requests to or from it was answered at the end{unsure}"
        return Answer("fail", but + why, evidence=evidence + frames_of(lost[0]))

    return _about_guest(story, ask)


def _lost_later(later: Sequence[Suffered], guest: GuestStory) -> str:
    """Who lost the guest, or one service of it, long after the move, and since when, as the end of a sentence?"""
    gone, peers = sorted({s.peer.peer for s in later}), len(peers_of(guest))
    served = answered_again(guest)
    whose = "its only peer" if peers == 1 else f"{len(gone):,} of its {peers:,} peers"
    names = [f"{s.peer.peer} by {s.peer.protocol}" if s.peer.peer in served else s.peer.peer for s in later]
    first = min(s.later_ns or 0 for s in later) / NS_PER_S
    return (
        f", but {whose} had answers until {first:.1f} s after the switchover only, and none to the end:"
        f" {', '.join(sorted(set(names))[:3])}; whether the move or something later lost it is not known"
    )


def _is_hurt_by_flaps(guest: GuestStory) -> bool:
    """Did the mechanism that carries its network fail by them?"""
    flaps = guest.second_place.because
    return any(m.worked == "no" and flaps in m.because for m in guest.result.mechanisms)


JOINS_SITES: Final = ("otv", "vxlan", "geneve", "evpn", "etherip", "mpls")
"""Mechanisms that carry the guest's network from one site to the other, where they are in view."""


def _went_to_its_old_place(guest: GuestStory) -> str:
    """Where did the requests go instead, as the end of a sentence? To a port that its announcement had passed, too?"""
    figure = guest.result.switchover
    old = figure.stale_tail.to_point
    if not figure.stale_frames or old is None:
        return ""
    words = f"; {count_of(figure.stale_frames, 'packet')} for it still went to {old}, its old place"
    heard = guest.result.announcements.by_point.get(old)
    if heard is None or not heard.seen or not heard.frames or heard.frames[0] > (figure.stale_tail.to_frame or 0):
        return words
    words += f", though its announcement had passed there (frame {heard.frames[0]})"
    if any(one.name in JOINS_SITES and one.worked != "yes" for one in guest.result.mechanisms):
        return f"{words}: whether a switch keeps its MAC, or what joins the sites does not take them on, is not known"
    return (
        f"{words}: something there keeps its MAC,"
        " by a static or sticky entry (port security) or because it does not learn from frames"
    )


def _ends_of_hole(guest: GuestStory) -> tuple[Evidence, ...]:
    """The frames on both sides of the hole that hides most of an outage."""
    hidden = max(guest.suffered, key=lambda s: s.hidden_ms or 0.0)
    return show(hidden.peer.point, hidden.peer.frames)


def switchover(story: Story, profile: Profile) -> Answer:
    """Was the guest away for no longer than the limit: a peer's outage, or else the bracket?"""
    limit = profile.switchover_ms_max

    def ask(guest: GuestStory) -> Answer:
        figure = guest.result.switchover
        lost = surely_longer(limit, guest)
        if lost is not None:
            return lost
        if figure.peer_outage_ms is None and any(s.hidden_ms is not None for s in guest.suffered):
            return Answer("undecided", figure.peer_outage.because, None, limit, "ms", _ends_of_hole(guest))
        unsure = [s for s in guest.suffered if s.at_least_ms is not None or s.is_bypassed]
        if figure.peer_outage_ms is None and unsure:
            evidence = show(unsure[0].peer.point, unsure[0].peer.frames)
            return Answer("undecided", figure.peer_outage.because, None, limit, "ms", evidence)
        value = figure.peer_outage_ms if figure.peer_outage_ms is not None else figure.bracket_ms
        bracket = figure.peer_outage if figure.peer_outage_ms is not None else figure.bracket
        frames = tuple(f for f in (bracket.from_frame, bracket.to_frame) if f is not None)
        evidence = show(bracket.to_point or "", frames if bracket.from_point == bracket.to_point else frames[-1:])
        if value is None:
            return Answer("undecided", bracket.because, None, limit, "ms", evidence)
        what = "peers were cut off for" if figure.peer_outage_ms is not None else "the guest moved within"
        words = f"{what} {three(value, limit)} ms: {bracket.because}"
        if figure.peer_outage_ms is None and any(s.is_dark for s in guest.suffered):
            words += f"; {figure.peer_outage.because}"
        if limit is None:
            return Answer("undecided", f"{words}; profile {profile.name} sets no limit", value, None, "ms", evidence)
        doubt = bracket.uncertainty_ms
        if doubt is None:
            return Answer("undecided", f"{words}; how far it may be wrong is not known", value, limit, "ms", evidence)
        if value + doubt <= limit:
            for but, more in unbounded(limit, guest):
                return Answer("undecided", f"{words}; but {but}", value, limit, "ms", evidence + more)
            return Answer("pass", words, value, limit, "ms", evidence)
        if figure.peer_outage_ms is None:
            because = f"{words}; it is an upper bound: the guest may have had nothing to say for most of it"
            return Answer("undecided", because, value, limit, "ms", evidence)
        if value - doubt > limit:
            return Answer("fail", words, value, limit, "ms", evidence)
        because = f"{words}; it may be {three(doubt)} ms more or less, and the limit lies between"
        return Answer("undecided", because, value, limit, "ms", evidence)

    return _about_guest(story, ask)


def announced_too_early(story: Story, profile: Profile) -> Answer:
    """Was the guest announced at its new place while it still ran at the old one?"""

    def ask(guest: GuestStory) -> Answer:
        early = guest.early
        evidence = show(early.point, early.frames)
        if early.early_ms is None:
            return Answer("undecided", early.because, evidence=evidence)
        outcome: Outcome = "fail" if early.early_ms > 0 else "pass"
        return Answer(outcome, early.because, early.early_ms, 0.0, "ms", evidence)

    return _about_guest(story, ask)


def mac_flap(story: Story, profile: Profile) -> Answer:
    """Did the guest's MAC go on sending at its old place after the switchover?"""
    return _about_guest(story, lambda guest: from_finding(guest.second_place))


def duplicate_address(story: Story, profile: Profile) -> Answer:
    """Does another MAC claim one of the guest's addresses?"""
    return _about_guest(story, lambda guest: from_finding(guest.duplicate_address))


def trombone(story: Story, profile: Profile) -> Answer:
    """Do the guest's packets leave its new site over the link between the sites, to the old site's gateway?"""
    return _about_guest(story, lambda guest: from_finding(guest.trombone))


def gateway_localised(story: Story, profile: Profile) -> Answer:
    """Does the guest use a gateway at its new site (HSRP, VRRP, GLBP)?"""

    def ask(guest: GuestStory) -> Answer:
        found = [m for m in guest.result.mechanisms if m.name in ("hsrp", "vrrp", "glbp")]
        if not found:
            return Answer("undecided", "no hello of HSRP, VRRP or GLBP is in view in the guest's network")
        worst = min(found, key=lambda m: ("no", "undecided", "yes").index(m.worked))
        words: dict[str, Outcome] = {"yes": "pass", "no": "fail", "undecided": "undecided"}
        evidence = tuple(Evidence(point=e.point, frames=e.frames, filter=e.filter) for e in worst.evidence)
        return Answer(words[worst.worked], worst.because, evidence=evidence)

    return _about_guest(story, ask)


def _of_two_points(guest: GuestStory) -> Answer:
    """
    Did the guest come to a VLAN of the same domain, by its tags at two points?

    Two numbers may be one VLAN that is translated on the way, and one number two VLANs: what the domains are to each
    other tells.
    """
    tags, domain = guest.two_tags, guest.result.domain
    if tags is None or not (tags.before or tags.after):
        return Answer("undecided", "the guest's tag before and after is not in view at one point")
    words = (
        f"the guest used {_tag_words(tags.before, tags.kind)} at {tags.before_at} before and"
        f" {_tag_words(tags.after, tags.kind)} at {tags.after_at} after"
    )
    evidence = show(tags.before_at, tags.before_frames) + show(tags.after_at, tags.after_frames)
    if domain.word in ("same", "stretched"):
        return Answer("pass", f"{words}, in one domain: {domain.word_because}", evidence=evidence)
    if domain.word == "different":
        return Answer("fail", f"{words}, which is another domain: {domain.word_because}", evidence=evidence)
    why = "an equivalent domain" if domain.word == "equivalent" else "whether one leads to the other is not known"
    return Answer("undecided", f"{words}: {why}; {domain.word_because}", evidence=evidence)


def _tag_words(tags: Sequence[int], kind: str) -> str:
    return f"{kind} {tags[0]}" if tags else "no tag"


def wrong_vlan(story: Story, profile: Profile) -> Answer:
    """Did the guest keep its VLAN?"""

    def ask(guest: GuestStory) -> Answer:
        if guest.vlans_before is None or guest.vlans_after is None:
            return _of_two_points(guest)
        evidence = show(guest.vlan_point, guest.vlan_frames)
        if guest.vlans_before != guest.vlans_after:
            because = (
                f"at {guest.vlan_point} the guest used VLAN {guest.vlans_before} before and {guest.vlans_after} after"
            )
            return Answer("fail", because, evidence=evidence)
        if not guest.vlans_before and guest.two_tags is not None and guest.two_tags.before != guest.two_tags.after:
            return _of_two_points(guest)
        if not guest.vlans_before:
            because = f"untagged before and after at {guest.vlan_point}: behind an access port the VLAN does not show"
            return Answer("undecided", because)
        return Answer("pass", f"the guest kept its VLAN {guest.vlans_before} at {guest.vlan_point}", evidence=evidence)

    return _about_guest(story, ask)
