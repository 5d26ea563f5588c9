"""What is asked of the guest: was it announced where it had to be, was it reachable, how long was it gone?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from vmpcap.migration.announced.unlearned import passed_instead
from vmpcap.migration.stories import GuestStory, Story
from vmpcap.migration.views import PointView
from vmpcap.verdicts.answers import Answer, from_finding, show, three
from vmpcap.verdicts.explained import may_be_a_stranger, why_a_stranger
from vmpcap.verdicts.findings import Evidence, Outcome
from vmpcap.verdicts.interruption import surely_longer, unbounded
from vmpcap.verdicts.profile import Profile
from vmpcap.verdicts.reachable_after import is_reachable

ROUTES_BY_ADDRESS: Final = frozenset({"rip", "ospf", "eigrp", "bgp", "isis", "lisp"})
"""Mechanisms that carry a guest's one address into another broadcast domain, which is then no mistake."""

NOT_COMPLETED: Final = "the migration was not completed: no guest had to be announced"


def _about_guest(story: Story, ask: Callable[[GuestStory], Answer]) -> Answer:
    """The worst answer of the migration's guests; undecided where none is known."""
    if not story.guests:
        if story.outcome.outcome == "aborted":
            return Answer("undecided", NOT_COMPLETED)
        return Answer("undecided", "no announcement and no guest's traffic can be joined to this migration")
    answers = [_answer_of(guest, ask) if _moment_is_known(story, guest) else _not_over(story) for guest in story.guests]
    return min(answers, key=lambda a: ("fail", "undecided", "pass").index(a.outcome))


def _answer_of(guest: GuestStory, ask: Callable[[GuestStory], Answer]) -> Answer:
    """
    What is known of this guest? Nothing that fails the migration where it may not have moved at all.

    Nor anything that passes it where it is the migration's only guest by one peer's few requests.
    """
    answer = ask(guest)
    is_doubted = guest.moved.by_one_seldom or (guest.moved.is_beside and answer.outcome == "fail")
    if not is_doubted or answer.outcome == "undecided":
        return answer
    return replace(answer, outcome="undecided", because=f"{answer.because}; {why_a_stranger(guest)}")


def _moment_is_known(story: Story, guest: GuestStory) -> bool:
    """Is there a moment at which the guest moved? Not where the view ends in mid-stream, and nobody announced."""
    return story.outcome.outcome != "truncated" or bool(guest.moved.heard)


def _not_over(story: Story) -> Answer:
    return Answer("undecided", f"{story.outcome.because}: nobody knows when the guest moved, or whether it did")


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
    if _stayed(story):
        return Answer("undecided", NOT_COMPLETED)

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
        if may_be_a_stranger(guest):
            return Answer("undecided", f"{domain.because}; {why_a_stranger(guest)}", evidence=evidence)
        return Answer(outcome, domain.because, evidence=evidence)

    return _about_guest(story, ask)


def guest_reachable_after(story: Story, profile: Profile) -> Answer:
    """Did somebody else's unicast reach the guest at its new place, and did the guest answer?"""
    answer = _about_guest(story, is_reachable)
    return Answer("undecided", NOT_COMPLETED) if answer.outcome == "undecided" and _stayed(story) else answer


def _stayed(story: Story) -> bool:
    """Was the migration given up, and was its guest, where one is known, announced at no other place?"""
    return story.outcome.outcome == "aborted" and not any(guest.moved.heard for guest in story.guests)


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
    routed = [m.name for m in guest.result.mechanisms if m.name in ROUTES_BY_ADDRESS]
    if domain.word == "different" and routed and tags.before == tags.after:
        because = f"{words}: two domains, between which {' and '.join(routed)} carries its address"
        return Answer("undecided", f"{because}; {domain.word_because}", evidence=evidence)
    if domain.word == "different" and tags.before == tags.after:
        kept = (
            f"the guest kept {_tag_words(tags.before, tags.kind)}, at {tags.before_at} before and {tags.after_at} after"
        )
        reach = guest.reachability
        if reach.answer == "yes" and is_reachable(guest).outcome != "fail":
            because = f"{kept}, in two domains, and {reach.because}: its address may be routed by what is not in view"
            evidence += show(reach.point, reach.frames)
            return Answer("undecided", f"{because}; {domain.word_because}", evidence=evidence)
        lacks = f"the port or link behind {tags.after_at} does not carry it, or carries another network by that number"
        return Answer("fail", f"{kept}, but {lacks}: {domain.word_because}", evidence=evidence)
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
