"""The RULES: what is asked of every migration, which answers decide, and the words of each answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Final

from vmpcap.measures.results import LimitClass
from vmpcap.migration.conflicts import Conflict
from vmpcap.migration.detours import Detour
from vmpcap.migration.reachable import LEAST_ASKED
from vmpcap.migration.segments import say_where
from vmpcap.migration.story import GuestStory, Story
from vmpcap.migration.suffering import Suffered
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.verdicts.findings import Check, Evidence, Outcome
from vmpcap.verdicts.profile import Profile


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule's answer before it is given its id."""

    outcome: Outcome
    because: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    evidence: tuple[Evidence, ...] = ()


def show(point: str, frames: tuple[int, ...] | list[int], display_filter: str = "") -> tuple[Evidence, ...]:
    """Evidence at one point; the filter that shows just these frames where no better one is given."""
    if not point:
        return ()
    numbers = sorted(set(frames))
    if not display_filter and numbers:
        display_filter = "frame.number in {" + ", ".join(map(str, numbers)) + "}"
    return (Evidence(point=point, frames=numbers, filter=display_filter),)


def completed(story: Story, profile: Profile) -> Answer:
    """Did the migration come to its end?"""
    outcomes: dict[str, Outcome] = {"completed": "pass", "aborted": "fail"}
    end = story.outcome
    word = outcomes.get(end.outcome, "undecided")
    return Answer(word, end.because, evidence=show(end.point, end.frames))


LEAST_BUSY_SHARE: Final = 0.98
"""Of the whole's rate: a path that carried less than this while it was busy was not what limited the whole."""


def throughput(story: Story, profile: Profile) -> Answer:
    """Did the link deliver the goodput asked for, or was something other than the network in the way?"""
    limit, figures = profile.throughput_mbps_min, story.figures.throughput
    rate, best = figures.bulk_mbps, figures.best_1s_mbps
    evidence = show(story.point, (), story.stream_filter)
    if limit is None:
        return Answer("undecided", f"profile {profile.name} sets no throughput", rate, None, "Mbps", evidence)
    whole = figures.mean_mbps
    if rate is None and whole is not None and whole >= limit:
        because = f"{whole:.0f} Mbps were delivered from the first data to the last, pauses included"
        return Answer("pass", because, whole, limit, "Mbps", evidence)
    if rate is None and whole is not None:
        because = f"the capture missed too much of the stream to tell more than {whole:.0f} Mbps, pauses included"
        return Answer("undecided", because, None, limit, "Mbps", evidence)
    if rate is None:
        return Answer("undecided", "no bulk phase was seen", None, limit, "Mbps", evidence)
    if rate >= limit:
        return Answer("pass", f"{rate:.0f} Mbps were delivered over the bulk phases", rate, limit, "Mbps", evidence)
    busy = figures.busy_mbps if _queue_was_chief(figures.limit_shares) else None
    if figures.limit == "network" and busy is not None and busy >= limit:
        because = f"{rate:.0f} Mbps over the whole, but the path carried {busy:.0f} Mbps while it was busy"
        return Answer("undecided", because, rate, limit, "Mbps", evidence)
    if figures.limit == "network" and busy is not None and busy < rate * LEAST_BUSY_SHARE:
        because = f"{rate:.0f} Mbps over the whole, and only {busy:.0f} Mbps while a queue stood: not its ceiling"
        return Answer("undecided", because, rate, limit, "Mbps", evidence)
    if figures.limit == "network":
        because = f"{rate:.0f} Mbps, and the network was the bottleneck: {figures.limit_because}"
        return Answer("fail", because, rate, limit, "Mbps", evidence)
    if best is not None and best >= limit and figures.limit in ("sender", "application"):
        because = f"the best second reached {best:.0f} Mbps; over the whole, {figures.limit_because}"
        return Answer("pass", because, rate, limit, "Mbps", evidence)
    because = f"{rate:.0f} Mbps do not show what the link can carry: {figures.limit_because}"
    return Answer("undecided", because, rate, limit, "Mbps", evidence)


def _queue_was_chief(shares: Mapping[LimitClass, float]) -> bool:
    """Did a full path hold the stream back for longer than loss did? What it carried while full is its ceiling then."""
    return shares.get("network_loss", 0.0) <= shares.get("network_queueing", 0.0) + shares.get("network_plateau", 0.0)


def rtt(story: Story, profile: Profile) -> Answer:
    """Are the hosts near enough: is the round trip of the idle path within the limit?"""
    limit, figures = profile.rtt_ms_max, story.figures.rtt
    evidence = show(story.point, (), f"{story.stream_filter} && tcp.analysis.ack_rtt")
    if limit is None:
        return Answer("undecided", f"profile {profile.name} sets no RTT", figures.p5_ms, None, "ms", evidence)
    is_idle = figures.idle_ms is not None
    value = figures.p5_ms if figures.idle_ms is None else min(figures.idle_ms, figures.p5_ms or figures.idle_ms)
    if value is None:
        return Answer(
            "undecided", figures.coverage_because or "no round trip was measured", None, limit, "ms", evidence
        )
    if not is_idle and value > limit:
        because = f"{value:.2f} ms with data in flight: a queue may be in it, and no sample of the idle path is in view"
        return Answer("undecided", f"{because} ({figures.coverage_because})", value, limit, "ms", evidence)
    state = "on the idle path" if is_idle else "even with data in flight"
    what = f"{value:.2f} ms {state} ({figures.coverage_because})"
    if figures.coverage == "full":
        return Answer("pass" if value <= limit else "fail", what, value, limit, "ms", evidence)
    if value > limit:
        because = f"{value:.2f} ms already on one half of the idle path: {figures.coverage_because}"
        return Answer("fail", because, value, limit, "ms", evidence)
    because = f"{value:.2f} ms is a lower bound: {figures.coverage_because}"
    return Answer("undecided", because, value, limit, "ms", evidence)


def _for_the_whole_path(ask: Callable[[Story, Profile], Answer], *held: Outcome) -> Callable[[Story, Profile], Answer]:
    """
    The same question where a proxy may end TCP on the way: then the figures are those of the part up to it.

    Parameters
    ----------
    held : which answers a part alone can give for the whole
    """

    @wraps(ask)
    def asked(story: Story, profile: Profile) -> Answer:
        given = ask(story, profile)
        if given.outcome in ("undecided", *held) or not story.split.found:
            return given
        because = f"{given.because}, but only up to a proxy: {story.split.because}"
        return replace(given, outcome="undecided", because=because)

    return asked


@wraps(rtt)
def rtt_of_all_parts(story: Story, profile: Profile) -> Answer:
    """As rtt; where a proxy joins connections, each of them is a lower bound of the whole."""
    given = _for_the_whole_path(rtt, "fail")(story, profile)
    longest, limit = story.longest_part_ms, profile.rtt_ms_max
    if story.split.found and longest is not None and limit is not None and longest > limit and given.outcome != "fail":
        because = f"{longest:.2f} ms on one part of the path already: {story.split.because}"
        return replace(given, outcome="fail", because=because, measured=longest)
    return given


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


LONG_GONE_NS: Final = NS_PER_S
"""Requests that went unanswered for less than this when the capture ended may still have been answered."""


def _is_long_gone(lost: Suffered) -> bool:
    """Did this peer ask often and long enough before the capture ended?"""
    if lost.from_ts is None or lost.to_ts is None:
        return False
    return (lost.peer.lost or 0) >= LEAST_ASKED and lost.to_ts - lost.from_ts >= LONG_GONE_NS


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
        if _may_be_a_stranger(guest):
            return Answer("undecided", f"{domain.because}; {_stranger(guest)}", evidence=evidence)
        return Answer(outcome, domain.because, evidence=evidence)

    return _about_guest(story, ask)


def guest_reachable_after(story: Story, profile: Profile) -> Answer:
    """Did somebody else's unicast reach the guest at its new place, and did the guest answer?"""

    def ask(guest: GuestStory) -> Answer:
        reach = guest.reachability
        evidence = show(reach.point, reach.frames)
        why = _failing_mechanisms(guest)
        if _may_be_a_stranger(guest):
            return Answer("undecided", f"{reach.because}; {_stranger(guest)}", evidence=evidence)
        outcome: Outcome = {"yes": "pass", "no": "fail"}.get(reach.answer, "undecided")  # type: ignore[assignment]
        lost = [s for s in guest.suffered if s.is_cut_off]
        if outcome != "pass" or not lost:
            return Answer(outcome, reach.because + (why if outcome == "fail" else ""), evidence=evidence)
        answered = {s.peer.peer for s in guest.suffered if not s.is_cut_off and (s.ended or s.peer.survived)}
        if all(s.peer.peer in answered for s in lost):
            but = f"{reach.because}, and so was every peer, though not in each of its streams: a guest that restarted?"
            return Answer("pass", but, evidence=evidence)
        names = sorted({s.peer.peer for s in lost})
        but = f"{reach.because}, but {len(names)} of its peers never got an answer again: {', '.join(names[:3])}"
        if len(lost) < len(guest.suffered) or not all(_is_long_gone(s) for s in lost):
            return Answer("undecided", but + why, evidence=evidence)
        but += "; no stream of requests to or from it was answered at the end"
        return Answer("fail", but + why, evidence=evidence + show(lost[0].peer.point, lost[0].peer.frames))

    return _about_guest(story, ask)


def _failing_mechanisms(guest: GuestStory) -> str:
    """What did not do its part, as the end of a sentence; of a state that is the failure itself nothing is repeated."""
    failed = [m for m in guest.result.mechanisms if m.worked == "no" and guest.reachability.because not in m.because]
    return "".join(f"; {m.name}: {m.because}" for m in failed)


def switchover(story: Story, profile: Profile) -> Answer:
    """Was the guest away for no longer than the limit: a peer's outage, or else the bracket?"""
    limit = profile.switchover_ms_max

    def ask(guest: GuestStory) -> Answer:
        figure = guest.result.switchover
        gone = [s for s in guest.suffered if s.is_cut_off]
        if gone:
            share = f"{len(gone)} of {count_of(len(guest.suffered), 'stream')} of requests"
            words = f"{share} were never answered again: {gone[0].peer.because}"
            evidence = show(gone[0].peer.point, gone[0].peer.frames)
            return Answer("undecided" if limit is None else "fail", words, None, limit, "ms", evidence)
        value = figure.peer_outage_ms if figure.peer_outage_ms is not None else figure.bracket_ms
        bracket = figure.peer_outage if figure.peer_outage_ms is not None else figure.bracket
        frames = tuple(f for f in (bracket.from_frame, bracket.to_frame) if f is not None)
        evidence = show(bracket.to_point or "", frames if bracket.from_point == bracket.to_point else frames[-1:])
        if value is None:
            return Answer("undecided", bracket.because, None, limit, "ms", evidence)
        words = f"{value:.0f} ms: {bracket.because}"
        if limit is None:
            return Answer("undecided", f"{words}; profile {profile.name} sets no limit", value, None, "ms", evidence)
        doubt = bracket.uncertainty_ms
        if doubt is None:
            return Answer("undecided", f"{words}; how far it may be wrong is not known", value, limit, "ms", evidence)
        if value + doubt <= limit:
            return Answer("pass", words, value, limit, "ms", evidence)
        if figure.peer_outage_ms is None:
            because = f"{words}; it is an upper bound: the guest may have had nothing to say for most of it"
            return Answer("undecided", because, value, limit, "ms", evidence)
        if value - doubt > limit:
            return Answer("fail", words, value, limit, "ms", evidence)
        because = f"{words}; it may be {doubt:.0f} ms more or less, and the limit lies between"
        return Answer("undecided", because, value, limit, "ms", evidence)

    return _about_guest(story, ask)


def rtt_under_load(story: Story, profile: Profile) -> Answer:
    """Did the round trip stay within the limit while the stream ran (95th percentile)?"""
    figures, limit = story.figures.rtt, profile.rtt_ms_max
    evidence = show(story.point, (), f"{story.stream_filter} && tcp.analysis.ack_rtt")
    value = figures.p95_ms
    if value is None or limit is None:
        return Answer("undecided", "no loaded round trip or no limit to hold it against", value, limit, "ms", evidence)
    if value > limit:
        lowest = ("the idle path", figures.idle_ms) if figures.idle_ms is not None else ("the minimum", figures.min_ms)
        because = f"the 95th percentile is {value:.2f} ms"
        because += "" if lowest[1] is None else f", {lowest[0]} {lowest[1]:.2f} ms"
        because += ": queueing" if figures.idle_ms is not None and figures.idle_ms <= limit else ""
        return Answer("fail", because, value, limit, "ms", evidence)
    if figures.coverage != "full":
        return Answer("undecided", f"a lower bound: {figures.coverage_because}", value, limit, "ms", evidence)
    return Answer("pass", f"the 95th percentile stays at {value:.2f} ms", value, limit, "ms", evidence)


RETRANSMITTED_SHARE_MAX: Final = 0.001
"""More than this costs noticeable throughput over metro distances (Mathis at 5 ms)."""


def retransmissions(story: Story, profile: Profile) -> Answer:
    """Was more of the payload resent than a metro distance bears?"""
    loss = story.figures.loss
    share = loss.retransmitted_share
    evidence = show(story.point, (), f"{story.stream_filter} && tcp.analysis.retransmission")
    lossy = [s for s in story.segments if s.frames]
    evidence += tuple(e for s in lossy for e in show(s.from_point, s.frames))
    if share is None:
        return Answer("undecided", "no payload was seen", None, RETRANSMITTED_SHARE_MAX, "share", evidence)
    because = f"{count_of(loss.retransmissions or 0, 'segment')} carried bytes seen before, {share:.3%} of the payload"
    if loss.lost_before_point:
        because += f"; {count_of(loss.lost_before_point, 'more segment')} lost before this point and sent again"
    where = say_where(story.segments)
    because += f"; {where}" if where else ""
    outcome: Outcome = "fail" if share > RETRANSMITTED_SHARE_MAX else "pass"
    if outcome == "pass" and not story.at_sender:
        outcome, because = "undecided", f"{because}; what was lost before this point shows here only in part"
    return Answer(outcome, because, share, RETRANSMITTED_SHARE_MAX, "share", evidence)


def window_limited(story: Story, profile: Profile) -> Answer:
    """Did the destination's receive window hold the stream back?"""
    figures = story.figures
    zero = figures.loss.zero_windows
    evidence = show(story.point, (), f"{story.stream_filter} && (tcp.analysis.zero_window || tcp.analysis.window_full)")
    if figures.throughput.limit == "receiver_window":
        return Answer("fail", figures.throughput.limit_because, evidence=evidence)
    if zero:
        return Answer(
            "fail",
            f"the destination closed its window {count_of(zero, 'time')}",
            float(zero),
            0.0,
            "segments",
            evidence,
        )
    if figures.throughput.limit == "unknown":
        return Answer("undecided", figures.throughput.limit_because, evidence=evidence)
    if any(link.data.payload_bytes and link.back.max_window_bytes is None for link in story.move.best.transfer.links):
        because = "the size of the receive window is not known: its scale is told in the handshake only"
        return Answer("undecided", because, evidence=evidence)
    return Answer("pass", "the receive window left room", evidence=evidence)


TOO_BIG: Final = ((3, 4), (2, 0))
"""Type and code of the ICMP and ICMPv6 errors that say so (RFC 1191 4, RFC 4443 3.2)."""


def _how_dropped(story: Story) -> str:
    """Does anybody say by ICMP that packets were too big? Else they vanish silently, as far as the captures show."""
    return "" if any((u.kind, u.code) in TOO_BIG for u in story.path.unreachables) else "silently "


def _told_mtu(story: Story) -> str:
    """Who said by ICMP how large packets may be?"""
    told = [u for u in story.path.unreachables if (u.kind, u.code) in TOO_BIG]
    sizes = [f"{u.sender} said by ICMP that {f'{u.mtu} bytes' if u.mtu else 'less'} would pass" for u in told[:2]]
    return f"; {'; '.join(sizes)}" if sizes else ""


def _where_stuck(story: Story, size: int) -> str:
    """At which points are segments of that size seen, and at which only smaller ones?"""
    largest = {
        s.view.name: max((k.data.max_payload_bytes for k in s.transfer.links), default=0) for s in story.move.sightings
    }
    seen = [name for name, most in largest.items() if most >= size]
    missing = [name for name, most in largest.items() if 0 < most < size]
    return f"; they are seen at {', '.join(seen)}, not at {', '.join(missing)}" if seen and missing else ""


def mtu(story: Story, profile: Profile) -> Answer:
    """Do full-sized segments get through, or does the path drop them silently?"""
    stuck = story.stuck_segment
    evidence = show(story.point, (), f"{story.stream_filter} && tcp.analysis.retransmission")
    if stuck is not None:
        because = (
            f"segments of {stuck} bytes were resent without ever being acknowledged while smaller ones passed: "
            f"a path that {_how_dropped(story)}drops large packets{_where_stuck(story, stuck)}"
        )
        evidence += tuple(
            e for u in story.path.unreachables if (u.kind, u.code) in TOO_BIG for e in show(u.point, u.frames)
        )
        return Answer("fail", because + _told_mtu(story), float(stuck), None, "bytes", evidence)
    if story.path.mss is None:
        return Answer("undecided", "the handshake is not in view", evidence=evidence)
    if not story.large_segments_acked:
        return Answer(
            "undecided",
            "no full-sized segment is known to have been acknowledged: none was sent, some were resent, "
            "or the host's card cut larger ones behind the capture point",
            float(story.path.mss),
            None,
            "bytes",
            evidence,
        )
    return Answer(
        "pass",
        f"full-sized segments (MSS {story.path.mss}) were acknowledged{_told_mtu(story)}",
        float(story.path.mss),
        None,
        "bytes",
    )


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


def _from_finding(finding: Conflict | Detour) -> Answer:
    """A finding that applies fails as advice; one that could not be examined is undecided."""
    outcome: Outcome = "undecided" if finding.found is None else "fail" if finding.found else "pass"
    return Answer(outcome, finding.because, evidence=show(finding.point, finding.frames))


def mac_flap(story: Story, profile: Profile) -> Answer:
    """Did the guest's MAC go on sending at its old place after the switchover?"""
    return _about_guest(story, lambda guest: _from_finding(guest.second_place))


def duplicate_address(story: Story, profile: Profile) -> Answer:
    """Does another MAC claim one of the guest's addresses?"""
    return _about_guest(story, lambda guest: _from_finding(guest.duplicate_address))


def trombone(story: Story, profile: Profile) -> Answer:
    """Do the guest's packets cross the link between the sites twice?"""
    return _about_guest(story, lambda guest: _from_finding(guest.trombone))


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


def tcp_split(story: Story, profile: Profile) -> Answer:
    """Is one TCP connection of the stream two, joined by a proxy?"""
    return _from_finding(story.split)


def wrong_vlan(story: Story, profile: Profile) -> Answer:
    """Did the guest keep its VLAN?"""

    def ask(guest: GuestStory) -> Answer:
        if guest.vlans_before is None or guest.vlans_after is None:
            return Answer("undecided", "the guest's tag before and after is not in view at one point")
        if guest.vlans_before != guest.vlans_after:
            because = (
                f"at {guest.vlan_point} the guest used VLAN {guest.vlans_before} before and {guest.vlans_after} after"
            )
            return Answer("fail", because)
        if not guest.vlans_before:
            because = f"untagged before and after at {guest.vlan_point}: behind an access port the VLAN does not show"
            return Answer("undecided", because)
        return Answer("pass", f"the guest kept its VLAN {guest.vlans_before} at {guest.vlan_point}")

    return _about_guest(story, ask)


def capture_quality(story: Story, profile: Profile) -> Answer:
    """Is there anything about the captures themselves that may touch a finding?"""
    if story.capture_faults:
        return Answer("fail", "; ".join(story.capture_faults))
    return Answer("pass", "no dropped packets are reported, no file is cut, no clock was set back")


@dataclass(frozen=True, slots=True)
class Rule:
    """One question. It decides always, or where the profile sets a limit, or never."""

    id: str
    ask: Callable[[Story, Profile], Answer]
    decides: Callable[[Profile], bool]


def _always(profile: Profile) -> bool:
    return True


def _never(profile: Profile) -> bool:
    return False


def _with_a_limit(profile: Profile) -> bool:
    return profile.switchover_ms_max is not None


RULES: Final = (
    Rule("completed", completed, _always),
    Rule("throughput", _for_the_whole_path(throughput), lambda p: p.throughput_mbps_min is not None),
    Rule("rtt", rtt_of_all_parts, lambda p: p.rtt_ms_max is not None),
    Rule("announcement_reached_destination", announcement_reached_destination, _always),
    Rule("guest_reachable_after", guest_reachable_after, _always),
    Rule("switchover", switchover, _with_a_limit),
    Rule("rtt_under_load", _for_the_whole_path(rtt_under_load, "fail"), _never),
    Rule("retransmissions", _for_the_whole_path(retransmissions, "fail"), _never),
    Rule("window_limited", _for_the_whole_path(window_limited, "fail"), _never),
    Rule("mtu", _for_the_whole_path(mtu, "fail"), _never),
    Rule("mac_flap", mac_flap, _never),
    Rule("duplicate_address", duplicate_address, _never),
    Rule("announced_too_early", announced_too_early, _never),
    Rule("wrong_vlan", wrong_vlan, _never),
    Rule("trombone", trombone, _never),
    Rule("gateway_localised", gateway_localised, _never),
    Rule("tcp_split", tcp_split, _never),
    Rule("capture_quality", capture_quality, _never),
)
"""Every rule, deciding ones first, in the order of the report."""


def answer(rule: Rule, story: Story, profile: Profile) -> Check:
    """What does this rule say of this migration?"""
    given = rule.ask(story, profile)
    return Check(
        id=rule.id,
        outcome=given.outcome,
        decides=rule.decides(profile),
        measured=given.measured,
        limit=given.limit,
        unit=given.unit,
        because=given.because,
        evidence=list(given.evidence),
    )
