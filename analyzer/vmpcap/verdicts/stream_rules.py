"""What is asked of the stream: did it end, was it fast and near enough, and what held it back?"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Final

from vmpcap.measures.results import Counted, LimitClass, Rtt, Throughput
from vmpcap.migration.stories import Story
from vmpcap.migration.stream.figures import MOST_UNCAPTURED, StreamFigures
from vmpcap.migration.stream.segments import say_where
from vmpcap.terms.digits import digits_of
from vmpcap.terms.units import NS_PER_MS, at_most_ms, count_of
from vmpcap.verdicts.answers import Answer, from_finding, show, three
from vmpcap.verdicts.findings import Outcome
from vmpcap.verdicts.profile import Profile


def completed(story: Story, profile: Profile) -> Answer:
    """Did the migration come to its end?"""
    outcomes: dict[str, Outcome] = {"completed": "pass", "aborted": "fail"}
    end = story.outcome
    word = outcomes.get(end.outcome, "undecided")
    whole = story.stream_filter if end.point == story.point and not end.frames else ""
    return Answer(word, end.because, evidence=show(end.point, end.frames, whole))


LEAST_BUSY_SHARE: Final = 0.98
"""Of the whole's rate: a path that carried less than this while it was busy was not what limited the whole."""


LEAST_SUSTAINED_NS: Final = 100 * NS_PER_MS
LEAST_SUSTAINED_BYTES: Final = 8_000_000
"""
Bursts between pauses that are shorter, and carry less, do not show what a link sustains: a shaper's bucket of some
megabytes, refilled in each pause, lets them through at whatever rate the interface has. A choice: 100 ms are 8 MB at
622 Mbps; a link of 10 Gbit/s carries those sooner, and no bucket holds ten times as much.
"""


DELIVERED: Final[Mapping[Counted, str]] = {
    "acknowledged": "were delivered",
    "received": "came to the destination",
    "sent": "were sent",
}


def throughput(story: Story, profile: Profile) -> Answer:
    """Did the link deliver the goodput asked for?"""
    given = _throughput_of(story, profile)  # what was only sent may have been lost
    if given.outcome != "pass" or story.figures.throughput.counted != "sent":
        return given
    because = f"{given.because}; whether they were delivered is not in view: no acknowledgement of them is"
    return replace(given, outcome="undecided", because=because)


def _throughput_of(story: Story, profile: Profile) -> Answer:
    """Was the goodput enough, or was something other than the network in the way?"""
    limit, figures = profile.throughput_mbps_min, story.figures.throughput
    rate, best = figures.bulk_mbps, figures.best_1s_mbps
    evidence = show(story.point, (), story.stream_filter)
    if limit is None:
        return Answer("undecided", f"profile {profile.name} sets no throughput", rate, None, "Mbps", evidence)
    if figures.unknown_because:
        because = f"{figures.unknown_because}: in which time it came is not known"
        return Answer("undecided", because, None, limit, "Mbps", evidence)
    whole, came = figures.mean_mbps, DELIVERED[figures.counted]
    if rate is None and whole is not None and whole >= limit:
        because = f"{three(whole, limit)} Mbps {came} from the first data to the last, pauses included"
        return Answer("pass", because, whole, limit, "Mbps", evidence)
    if rate is None and whole is not None:
        because = f"the capture missed too much of the stream to tell more than {three(whole, limit)} Mbps"
        because += ", pauses included"
        return Answer("undecided", because, None, limit, "Mbps", evidence)
    if rate is None:
        because = figures.limit_because if story.figures.bytes.unique else "no data was seen to flow"
        return Answer("undecided", because, None, limit, "Mbps", evidence)
    told = three(rate, limit)
    if rate >= limit:
        bursts = _only_bursts(story.figures, limit)
        word: Outcome = "undecided" if bursts else "pass"
        return Answer(word, f"{told} Mbps {came} while data flowed{bursts}", rate, limit, "Mbps", evidence)
    doubt = _ceiling_doubt(figures, rate, limit) if figures.limit == "network" else ""
    if doubt:
        return Answer("undecided", f"{told} Mbps over the whole, {doubt}", rate, limit, "Mbps", evidence)
    if figures.limit == "network":
        because = f"{told} Mbps, and the network was the bottleneck: {figures.limit_because}"
        return Answer("fail", because, rate, limit, "Mbps", evidence)
    if best is not None and best >= limit and figures.limit in ("sender", "application"):
        because = f"the best second reached {three(best, limit)} Mbps; over the whole, {figures.limit_because}"
        return Answer("pass", because, rate, limit, "Mbps", evidence)
    because = f"{told} Mbps do not show what the link can carry: {figures.limit_because}"
    return Answer("undecided", because, rate, limit, "Mbps", evidence)


def _only_bursts(figures: StreamFigures, limit: float) -> str:
    """Did data flow in short bursts alone, and too seldom to reach the limit? As a sentence's end; empty: no."""
    longest = max((part.carried_ns for part in figures.activities), default=LEAST_SUSTAINED_NS)
    most = max((part.new_bytes for part in figures.activities), default=0)
    whole = figures.throughput.mean_mbps
    is_sustained = longest >= LEAST_SUSTAINED_NS or most >= LEAST_SUSTAINED_BYTES
    if is_sustained or whole is None or whole >= limit:
        return ""
    told = f"in bursts of {at_most_ms(longest)}, {three(whole, limit)} Mbps with the pauses between them"
    return f", {told}: a shaper's bucket lets such bursts through faster than the link carries for long"


def _ceiling_doubt(figures: Throughput, rate: float, limit: float) -> str:
    """
    Why need a queue on the path not have kept the stream below the limit? Empty where it did, or where loss did.

    A queue comes and goes where a sender runs in bursts: only what the path carried while it was full is its ceiling.
    """
    busy, full = figures.busy_mbps, figures.full_mbps
    if busy is None or not _queue_was_chief(figures.limit_shares):
        return ""
    best = max(busy, full or 0.0)
    if best >= limit:
        return f"but the path carried {three(best, limit)} Mbps while it was full: that did not keep it below"
    if busy < rate * LEAST_BUSY_SHARE:
        return f"and only {three(busy, limit)} Mbps while a queue stood: not its ceiling"
    return "" if full is not None else "and no queue stood for long enough to show what the path can carry"


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
    told = three(value, limit)
    if not is_idle and value > limit:
        because = f"{told} ms with data in flight: a queue may be in it, no sample of the idle path is in view"
        return Answer("undecided", f"{because} ({figures.coverage_because})", value, limit, "ms", evidence)
    state = _of_which_path(value, figures)
    what = f"{told} ms {state} ({figures.coverage_because})"
    if figures.coverage == "full" and value <= limit < value + (figures.unproven_half_ms or 0.0):
        because = f"{what}: if that is a part of the path, it takes more than the limit"
        return Answer("undecided", because, value, limit, "ms", evidence)
    doubt = _idle_doubt(figures, limit) if figures.coverage == "full" and value > limit else ""
    if doubt:
        return Answer("undecided", f"{what}, {doubt}", value, limit, "ms", evidence)
    if figures.coverage == "full":
        return Answer("pass" if value <= limit else "fail", what, value, limit, "ms", evidence)
    if value > limit:
        because = f"{told} ms {state}, and that is one half of the path: {figures.coverage_because}"
        return Answer("fail", because, value, limit, "ms", evidence)
    because = f"{told} ms is a lower bound: {figures.coverage_because}"
    return Answer("undecided", because, value, limit, "ms", evidence)


IDLE_SLACK: Final = (0.5, 0.1)
"""Milliseconds, and share: what is told of the idle path may be so much more than the shortest with data in flight."""


def _idle_doubt(figures: Rtt, limit: float) -> str:
    """
    Why need what exceeds the limit not be the path's? Empty where it is.

    A host that was slow to answer the handshake leaves only what may hold the stream's own queue; a handshake within
    the limit leaves it open whether the path became longer, or only the receiver's answers.
    """
    shake, idle, least = figures.handshake_ms, figures.idle_ms, figures.min_ms
    if shake is not None and shake <= limit:
        return f"but the handshake took {three(shake, limit)} ms: the rest may be waits of the receiver"
    if idle is None or least is None or idle <= least + max(IDLE_SLACK[0], IDLE_SLACK[1] * least):
        return ""
    return f"but data took {three(least, limit)} ms at least: a host was slow, and what is left may hold a queue"


def _of_which_path(value: float, figures: Rtt) -> str:
    """What is the figure of? The idle path has one figure; where all samples go lower, theirs is told by its name."""
    if figures.idle_ms is None:
        return "even with data in flight"
    if value == figures.idle_ms:
        return "on the idle path"
    return f"at the 5th percentile of all round trips, where the idle path shows {three(figures.idle_ms, value)}"


def for_the_whole_path(ask: Callable[[Story, Profile], Answer], *held: Outcome) -> Callable[[Story, Profile], Answer]:
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


@wraps(throughput)
def throughput_on_the_wan(story: Story, profile: Profile) -> Answer:
    """As throughput; of a split stream the part that crosses the WAN, for what a proxy takes before it is no link's."""
    if not story.split.found or story.wan_figures is None:
        return for_the_whole_path(throughput)(story, profile)
    given = throughput(replace(story, figures=story.wan_figures, point=story.wan_point), profile)
    return replace(given, because=f"{given.because}; measured on the WAN side of a proxy, at {story.wan_point}")


@wraps(rtt)
def rtt_of_all_parts(story: Story, profile: Profile) -> Answer:
    """As rtt; where a proxy joins connections, each of them is a lower bound of the whole."""
    given = for_the_whole_path(rtt, "fail")(story, profile)
    longest, limit = story.longest_part_ms, profile.rtt_ms_max
    if story.split.found and longest is not None and limit is not None and longest > limit and given.outcome != "fail":
        because = f"{three(longest, limit)} ms on one part of the path already: {story.split.because}"
        return replace(given, outcome="fail", because=because, measured=longest)
    return given


def rtt_under_load(story: Story, profile: Profile) -> Answer:
    """Did the round trip stay within the limit while the stream ran (95th percentile)?"""
    figures, limit = story.figures.rtt, profile.rtt_ms_max
    evidence = show(story.point, (), f"{story.stream_filter} && tcp.analysis.ack_rtt")
    value = figures.p95_ms
    if value is None or limit is None:
        return Answer("undecided", "no loaded round trip or no limit to hold it against", value, limit, "ms", evidence)
    if value > limit:
        lowest = ("the idle path", figures.idle_ms) if figures.idle_ms is not None else ("the minimum", figures.min_ms)
        because = f"the 95th percentile is {three(value, limit)} ms"
        because += "" if lowest[1] is None else f", {lowest[0]} {three(lowest[1], limit)} ms"
        because += ": queueing" if figures.idle_ms is not None and figures.idle_ms <= limit else ""
        return Answer("fail", because, value, limit, "ms", evidence)
    if figures.coverage != "full" or figures.measured_by == "handshake":
        return Answer("undecided", f"a lower bound: {figures.coverage_because}", value, limit, "ms", evidence)
    if value + (figures.unproven_half_ms or 0.0) > limit:
        because = f"the 95th percentile is {three(value, limit)} ms ({figures.coverage_because})"
        because += ": if that is a part of the path, it takes more than the limit"
        return Answer("undecided", because, value, limit, "ms", evidence)
    return Answer("pass", f"the 95th percentile stays at {three(value, limit)} ms", value, limit, "ms", evidence)


RETRANSMITTED_SHARE_MAX: Final = 0.001
"""More than this costs noticeable throughput over metro distances (Mathis at 5 ms)."""


def retransmissions(story: Story, profile: Profile) -> Answer:
    """Was more of the payload resent than a metro distance bears?"""
    beside = story.sender_loss
    loss, point = (story.figures.loss, story.point) if beside is None else (beside.loss, beside.point)
    share = loss.retransmitted_share
    evidence = show(point, (), f"{story.stream_filter} && tcp.analysis.retransmission")
    lossy = [s for s in story.segments if s.frames]
    evidence += tuple(e for s in lossy for e in show(s.from_point, s.frames))
    if share is None:
        return Answer("undecided", "no payload was seen", None, RETRANSMITTED_SHARE_MAX, "share", evidence)
    because = (
        f"{count_of(loss.retransmissions or 0, 'segment')} carried bytes seen before, {_percent(share)} of the payload"
    )
    because += f", as {point} shows" if beside is not None else ""
    if loss.lost_before_point:
        because += f"; {count_of(loss.lost_before_point, 'more segment')} lost before this point and sent again"
    where = say_where(story.segments)
    because += f"; {where}" if where else ""
    outcome: Outcome = "fail" if share > RETRANSMITTED_SHARE_MAX else "pass"
    if outcome == "pass" and not story.at_sender and beside is None:
        outcome, because = "undecided", f"{because}; what was lost before this point shows here only in part"
    missed = story.figures.missed_bytes
    if outcome == "pass" and missed > MOST_UNCAPTURED * (story.figures.bytes.unique or 0):
        lacks = f"the capture lacks {count_of(missed, 'byte')} of the stream"
        outcome, because = "undecided", f"{because}; {lacks}, and what was resent of these does not show"
    not_in_view = _not_in_view(story)
    if outcome == "pass" and not_in_view:
        outcome, because = "undecided", f"{because}; {not_in_view}, and what was sent again of that does not show"
    return Answer(outcome, because, share, RETRANSMITTED_SHARE_MAX, "share", evidence)


def _not_in_view(story: Story) -> str:
    """Which end of the stream lies outside its capture? Empty where none is known to."""
    links = [link for link in story.move.best.transfer.links if link.data.payload_bytes]
    if any(link.data.syn_frame is None and link.back.syn_frame is None for link in links):
        return f"the stream had begun before the capture at {story.point} did"
    return f"the capture at {story.point} ends before the stream" if story.outcome.outcome == "truncated" else ""


def _percent(share: float) -> str:
    """A share of resent payload: three digits behind the point, and more where its limit or 0 would be written else."""
    return f"{share * 100:.{max(3, digits_of(share * 100, RETRANSMITTED_SHARE_MAX * 100))}f} %"


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
    filled = figures.throughput.limit_shares.get("receiver_window", 0.0)
    but = f", but for {filled * 100:.{digits_of(filled * 100, 0.0)}f} % of the time" if filled else ""
    return Answer("pass", f"the receive window left room{but}", evidence=evidence)


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


def tcp_split(story: Story, profile: Profile) -> Answer:
    """Is one TCP connection of the stream two, joined by a proxy?"""
    return from_finding(story.split)


def capture_quality(story: Story, profile: Profile) -> Answer:
    """Is there anything about the captures themselves that may touch a finding?"""
    if story.capture_faults:
        return Answer("fail", "; ".join(story.capture_faults))
    return Answer("pass", "no dropped packets are reported, no file is cut, no clock was set back")
