"""Was the guest announced at its new place while it still ran at its old one?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.series import Series, split_events
from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.clocks import elapsed_between, on_clock_of, order_not_known
from vmpcap.migration.guest.probes import is_from_return, probed_from
from vmpcap.migration.marks import RUNS_UNSEEN_NS, Mark
from vmpcap.migration.moved import BADLY_KNOWN_NS, Moved, announced_at, on_point, on_reference
from vmpcap.migration.packets.conflicts import SAME_FRAME_NS, may_lack, ran_there, strays_at, words_of_held_up
from vmpcap.migration.packets.crossings import names_of
from vmpcap.migration.sightings import delivered, frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.points.timeline import Elapsed
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of, ms
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, TCP_ACK

I64 = npt.NDArray[np.int64]

USUAL_NS: Final = 2 * NS_PER_S
"""By what the guest sent in this time before its last frame it is told how often it usually sends."""
LEAST_SENT: Final = 10
SILENT_TIMES: Final = 5
LEAST_SILENT_NS: Final = 20 * NS_PER_MS
"""Silent for so many times as long as nine of ten of its gaps, and longer than in any of them, it was stopped."""
LEAST_IGNORED: Final = 3
"""So many requests that came to it and that it never answered say the same, however long it was silent before."""

RARP_NAME: Final = "rarp_announce"
RARP: Final = NUMBER_OF[RARP_NAME]
"""What a host sends for its guest; other announcements are the guest's own."""

SLACK_NS: Final = 20 * NS_PER_MS
"""So much sooner may an event begin by another point's clock: less than any schedule's gap."""

LATEST_NS: Final = 60 * NS_PER_S
"""What the guest's MAC sends at the old place later than this is a second place, not an early announcement."""


@dataclass(frozen=True, slots=True)
class Early:
    """How early the announcement was, or why nobody can say: early_ms is None then, negative where it was not early."""

    early_ms: float | None
    because: str
    point: str = ""
    frames: tuple[int, ...] = ()
    drawn: tuple[Mark, Mark] | None = None
    """
    From its first announcement to the guest's last frame at its old place, or to the stream's last data, where it drew
    requests to a place at which nobody was.
    """
    until: Mark | None = None
    """Until when what was announced says nothing of the guest: it was not at its new place, or not surely so."""
    unproven: Mark | None = None
    """Its first announcement, where nothing shows whether the guest ran at its new place between that and `until`."""


def find_early_announcement(
    guest: Moved, views: Sequence[PointView], stream: tuple[PointView, int] | None = None, qemu: bool = False
) -> Early:
    """
    The same as _judge, and where that leaves it open also until when nothing shows that the guest ran at its new place.

    An announcement is its host's word. Where requests came there and none was answered before the guest spoke itself,
    it may have run, or not yet: the end of a stream whose clock was compared tells, and nothing else does.
    """
    early, first = _judge(guest, views, stream, qemu), guest.first_heard
    if first is None or early.early_ms is not None or early.until is not None:
        return early
    if stream is not None and elapsed_between(first[0], first[1].first_ts, *stream) is not None:
        return early
    spoken = next((s for v in views if v.role == "domain:destination" and (s := _ignored_until(guest, first, v))), None)
    if spoken is None:
        return early
    return replace(early, until=spoken, unproven=Mark(first[0], first[1].first_ts, first[1].frames[0]))


def _ignored_until(guest: Moved, first: tuple[PointView, Series], new: PointView) -> Mark | None:
    """
    Which is the guest's own first frame at its new place, where several requests came there before and had no answer?

    None where its host's announcement was not the first of it, or no clock tells.
    """
    if guest.mac == NO_MAC or _are_apart(first[0], new) or first[1].kinds[0][0] != RARP_NAME:
        return None
    announced = on_point(new, on_reference(first[0], first[1].first_ts))
    spoken = _own_words(new, guest, announced)
    if spoken is None or spoken - announced < RUNS_UNSEEN_NS:
        return None
    drawn = delivered(new, guest, announced)
    lost = [row for row in drawn[new.journal.ts_ns[drawn] < spoken].tolist() if _is_lost(new, guest, row)]
    at = np.flatnonzero(new.journal.ts_ns == spoken)
    return Mark(new, spoken, int(new.journal.frame[at[0]]) if len(at) else 0) if len(lost) >= LEAST_IGNORED else None


def _judge(
    guest: Moved, views: Sequence[PointView], stream: tuple[PointView, int] | None = None, qemu: bool = False
) -> Early:
    """
    How long did the guest go on sending at its old place after its first announcement?

    Parameters
    ----------
    stream : where the stream's last data was seen, and when, on that point's clock
    qemu : whether the stream is QEMU's, which runs a guest once all of its memory is there, or else lets it speak
        while the rest comes

    Notes
    -----
    It takes a point in each domain on clocks that can be compared: in a stretched domain the guest's frames from its
    new place pass the old one too, and are told by their identification. Where the clocks do not tell the order of the
    two frames, nobody knows. A guest that is silent until its stun is caught where its announcement drew requests to
    the new place while its memory was still on the way, and nobody answered them: the figure leans low. An announcement
    while the stream still ran is no pass without that either: some hypervisors run a guest before the rest of its
    memory has come.
    """
    first, announced = guest.first_heard, announced_at(guest)
    old = next((v for v in views if v.role == "domain:source"), None)
    new = next((v for v in views if v.role == "domain:destination"), None)
    if first is None or announced is None:
        return Early(None, "no announcement was seen")
    if old is None or new is None or guest.mac == NO_MAC:
        return Early(None, "it takes a point in each of the two domains to see the guest at its old place still")
    if new.drops or new.missing or new.truncated or not new.journal_complete:
        return Early(None, f"{new.name} does not show every frame of the guest")
    untimed = _why_untimed(first, old, on_point(old, announced))
    if untimed:
        return Early(None, untimed)
    j = old.journal
    latest = on_point(old, announced) + LATEST_NS
    ran = ran_there(new, old, guest, announced)
    latest = latest if ran is None else min(latest, on_clock_of(old, new, ran))
    late = [row for row in strays_at(old, new, guest, announced) if j.ts_ns[row] <= latest]
    lacking = may_lack(old, new, guest, late)
    if lacking:
        return Early(None, lacking)
    if late:
        after = _since(first, old, int(j.ts_ns[late[-1]]))
        if after is None or not after.is_later:
            return Early(None, _open_order(first[0], old, after))
        early = ms(after.ns)
        because = f"the guest still sent at {old.name} {early:.1f} ms after it was announced at its new place"
        frames = int(j.frame[late[0]]), int(j.frame[late[-1]])
        begin = Mark(first[0], first[1].first_ts, first[1].frames[0])
        end = Mark(old, int(j.ts_ns[late[-1]]), frames[1])
        return Early(early, because, old.name, frames, (begin, end), end)
    sent = frames_of(old, guest).sent
    before = sent[j.ts_ns[sent] <= on_point(old, announced)]
    before = before[np.argsort(j.ts_ns[before], kind="stable")]
    before = before[~is_from_return(old, guest, before, probed_from(guest.mac, views, announced))]
    while len(before) and _came_from(new, guest, old, int(before[-1])):
        before = before[:-1]
    if not len(before):
        return Early(None, f"the guest sent nothing at {old.name} before it was announced")
    last = int(before[-1])
    after = _since(first, old, int(j.ts_ns[last]))
    if after is None or after.is_later is not False:
        return Early(None, _open_order(first[0], old, after))
    unknown = "" if _was_deaf(guest, first, old, last) else _why_unsilenced(first, stream, old, sent, last)
    if unknown:
        return Early(None, unknown, old.name, (int(j.frame[last]),))
    ahead = _while_it_ran(first, stream)
    if ahead is not None:
        spoken = _spoken_after(guest, first, new, stream)
        until = Mark(*stream, 0) if stream is not None and spoken is not None and qemu else None
        return _drawn_too_early(guest, first, new, stream, ahead) or Early(
            None, _may_be_post_copy(ahead), first[0].name, (first[1].frames[0],), until=until
        )
    is_known = after.uncertainty_ns <= BADLY_KNOWN_NS
    waited = ms(-after.ns if is_known else -after.high_ns)
    least = "" if is_known else "at least "
    because = f"the announcement came {least}{waited:.1f} ms after the guest's last frame at {old.name}"
    return Early(-waited if waited is not None else None, because, old.name, (int(j.frame[last]),))


def _came_from(new: PointView, guest: Moved, old: PointView, row: int) -> bool:
    """Was this frame of the guest at its new place first, for sure, and passed its old one on the way?"""
    ts = int(old.journal.ts_ns[row])
    rows, when = frames_of(new, guest).sent, on_clock_of(new, old, ts)
    near = rows[np.abs(new.journal.ts_ns[rows] - when) <= SAME_FRAME_NS]
    same = near[names_of(new)[near] == names_of(old)[row]]
    passed = (elapsed_between(new, int(new.journal.ts_ns[one]), old, ts) for one in same)
    return any(after is not None and after.is_later is True for after in passed)


def _why_untimed(first: tuple[PointView, Series], old: PointView, announced: int) -> str:
    """Why does the old place not tell what the guest sent about then, by its own clock? Empty: it does."""
    if _since(first, old, announced) is None:
        return _open_order(first[0], old, None)
    if any(one.may_hide(announced, announced) for one in old.line.sets):
        return f"{words_of_held_up(old)} as the guest was announced: when it sent there is not known"
    return ""


def _open_order(heard: PointView, old: PointView, apart: Elapsed | None) -> str:
    """Why does nobody know whether the announcement or the guest's frame was first?"""
    if apart is not None:
        return order_not_known(apart)
    return (
        f"the clocks of {heard.name} and {old.name} were not compared: whether the announcement or what the guest sent"
        " last at its old place was first is not known"
    )


def _since(first: tuple[PointView, Series], view: PointView, ts: int) -> Elapsed | None:
    """How long after the first announcement was that? None where the clocks were not compared."""
    return elapsed_between(first[0], first[1].first_ts, view, ts)


def _while_it_ran(first: tuple[PointView, Series], stream: tuple[PointView, int] | None) -> int | None:
    """How long before the stream's last data did the first announcement come, ns? None where it did not for sure."""
    if stream is None:
        return None
    view, last_ts = stream
    left = elapsed_between(first[0], first[1].first_ts, view, last_ts)
    return left.ns if left is not None and left.ns > 0 and left.is_later is True else None


def _why_unsilenced(
    first: tuple[PointView, Series], stream: tuple[PointView, int] | None, old: PointView, sent: I64, last: int
) -> str:
    """
    Why may the announcement have come while the guest's memory was on the way, though it sent nothing at its old place
    after it? Empty where the clocks tell, or where it had fallen silent before.

    An announcement that draws the requests to the new place lets a guest fall silent that only answers: then its last
    frame is as near before the announcement as it usually sends. One that was stopped first is silent for longer.
    """
    if stream is None or elapsed_between(first[0], first[1].first_ts, *stream) is not None:
        return ""
    j = old.journal
    ended = int(j.ts_ns[last])
    near = np.sort(j.ts_ns[sent[(j.ts_ns[sent] <= ended) & (j.ts_ns[sent] > ended - USUAL_NS)]])
    waited = on_point(old, on_reference(first[0], first[1].first_ts)) - ended
    if len(near) >= LEAST_SENT and waited >= LEAST_SILENT_NS:
        gaps = np.diff(near)
        if waited > int(gaps.max()) and waited >= SILENT_TIMES * float(np.percentile(gaps, 90)):
            return ""
    return (
        f"the clocks of {first[0].name} and {stream[0].name} were not compared: whether the announcement came while the"
        " stream still ran is not known"
    )


def _was_deaf(guest: Moved, first: tuple[PointView, Series], old: PointView, last: int) -> bool:
    """
    Did it leave requests at its old place without an answer for good, before it was announced for sure?

    One that was only slow answers them late, there, and its announcement draws none of them away.
    """
    ended = int(old.journal.ts_ns[last])
    asked = delivered(old, guest, ended + 1)
    asked = asked[is_first_copy(old.journal, asked)]
    if old.drops or old.missing or old.truncated or not old.journal_complete or len(asked) < LEAST_IGNORED:
        return False
    enough = int(old.journal.ts_ns[asked[LEAST_IGNORED - 1]])
    before = _since(first, old, enough)
    if before is None or before.is_later is not False or hole_in(old.holes, ended, enough) is not None:
        return False
    return all(_is_lost(old, guest, row) for row in asked[:LEAST_IGNORED].tolist())


def _may_be_post_copy(ahead: int) -> str:
    return (
        f"the first announcement came {ahead / NS_PER_MS:.0f} ms before the stream's last data, and the guest sent"
        " nothing at its old place after it: too early, unless the hypervisor runs it before all of its memory has come"
        " (post-copy)"
    )


def _drawn_too_early(
    guest: Moved, first: tuple[PointView, Series], new: PointView, stream: tuple[PointView, int] | None, ahead: int
) -> Early | None:
    """
    Did the announcement draw requests to the new place before the guest could be reached there?

    A guest that runs while its memory comes (post-copy) says something before the stream ends; one that says nothing
    until then did not run, and what was sent to it and never answered was lost by the announcement.
    """
    spoken = _spoken_after(guest, first, new, stream)
    if stream is None or spoken is None:
        return None
    announced = on_point(new, on_reference(first[0], first[1].first_ts))
    ended = on_point(new, on_reference(*stream))
    drawn = delivered(new, guest, announced)
    drawn = drawn[new.journal.ts_ns[drawn] < ended]
    lost = [row for row in drawn.tolist() if _is_lost(new, guest, row)]
    if not lost:
        return None
    because = (
        f"the first announcement came {ahead / NS_PER_MS:.1f} ms before the stream's last data, and drew"
        f" {count_of(len(lost), 'request')} to {new.name} before that, which nobody answered: the guest was there only"
        f" from {(spoken - announced) / NS_PER_MS:.1f} ms after it on"
    )
    frames = [int(new.journal.frame[row]) for row in (lost[0], lost[-1])]
    begin, end = Mark(first[0], first[1].first_ts, first[1].frames[0]), Mark(*stream, 0)
    return Early(ms(ahead), because, new.name, tuple(dict.fromkeys(frames)), (begin, end), end)


def _spoken_after(
    guest: Moved, first: tuple[PointView, Series], new: PointView, stream: tuple[PointView, int] | None
) -> int | None:
    """When did the guest first say something at its new place? None where that is not after the stream's last data."""
    if stream is None or _are_apart(first[0], new):
        return None
    spoken = _own_words(new, guest, on_point(new, on_reference(first[0], first[1].first_ts)))
    return spoken if spoken is not None and spoken > on_point(new, on_reference(*stream)) else None


def without_early(guest: Moved, early: Early) -> Moved:
    """
    The same guest, of which only what was announced since it can have been at its new place is taken for a sign of it.

    A host that announces too early repeats it by the clock, whether the guest runs by then or not: nothing of that
    event says when it moved. An event that begins later does, and so does what the guest says itself.
    """
    first = guest.first_heard
    if early.until is None or first is None:
        return guest
    ended = on_reference(early.until.view, early.until.ts)
    begun = _begun_since(first[1], on_point(first[0], ended))
    since = None if begun is None else on_reference(first[0], begun) - SLACK_NS
    heard, unmeant = [], []
    for view, series in guest.heard:
        from_here = None if since is None else max(on_point(view, since), on_point(view, ended))
        kept = [
            n
            for n, (ts, kind) in enumerate(zip(series.times, series.frame_kinds, strict=True))
            if ts >= on_point(view, ended) and (kind != RARP_NAME or (from_here is not None and ts >= from_here))
        ]
        left = _only(series, kept)
        heard += [] if left is None else [(view, left)]
        left_out = enumerate(zip(series.times, series.frame_kinds, strict=True))
        unmeant += [(view.name, ts) for n, (ts, kind) in left_out if n not in kept and kind == RARP_NAME]
    told_by = None if heard else early.until.view
    return replace(guest, heard=tuple(heard), unmeant=tuple(unmeant), told_by=told_by)


def moment_after(early: Early, there: Moved) -> int | None:
    """Since when can one be at its new place that was announced too early? None where later announcements tell."""
    return None if there.heard or early.until is None else on_reference(early.until.view, early.until.ts)


def _begun_since(series: Series, ended: int) -> int | None:
    """When did the first event begin whose RARPs were all sent since that time? None: none did."""
    times = np.array(series.times, np.int64)
    by_host = np.array([kind == RARP_NAME for kind in series.frame_kinds], np.bool_)
    events = split_events(times, by_host)
    begins = [int(times[rows[by_host[rows]]].min()) for rows in events if by_host[rows].any()]
    return min((begin for begin in begins if begin >= ended), default=None)


def _only(series: Series, kept: Sequence[int]) -> Series | None:
    """These announcements of the event; None: there are none."""
    if not kept:
        return None
    kinds = [series.frame_kinds[n] for n in kept]
    return replace(
        series,
        frames=tuple(series.frames[n] for n in kept),
        times=tuple(series.times[n] for n in kept),
        frame_kinds=tuple(kinds),
        kinds=tuple((kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)),
        claims=tuple(series.claims[n] for n in kept) if series.claims else (),
    )


def _are_apart(view: PointView, other: PointView) -> bool:
    """Did nobody compare the clocks of these two points?"""
    return view.name != other.name and (view.offset is None or other.offset is None)


def _own_words(view: PointView, guest: Moved, since: int) -> int | None:
    """When did the guest itself first say something here, not its host for it (RARP)? On the point's clock."""
    j, rows = view.journal, frames_of(view, guest).sent_ip
    own = j.ts_ns[rows[(j.eth_src[rows] == np.uint64(guest.mac)) & (j.ts_ns[rows] >= since)]]
    said = view.arps
    told = said.ts_ns[(said.sender_mac == np.uint64(guest.mac)) & (said.kind != RARP) & (said.ts_ns >= since)]
    return min((int(ts) for times in (own, told) if len(times) for ts in (times.min(),)), default=None)


def _is_lost(view: PointView, guest: Moved, row: int) -> bool:
    """
    Was this request never answered: an echo without its reply, a segment that had to be sent again?

    What waited in the host's queue for the guest is answered late, and is no sign of an early announcement.
    """
    j, frames = view.journal, frames_of(view, guest)
    if j.ip_protocol[row] in (IP_ICMP, IP_ICMPV6):
        back = frames.sent_ip
        same = (j.icmp_id[back] == j.icmp_id[row]) & (j.icmp_seq[back] == j.icmp_seq[row])
        same &= (j.dst_high[back] == j.src_high[row]) & (j.dst_low[back] == j.src_low[row])
        return not bool((same & (j.ts_ns[back] > j.ts_ns[row])).any())
    if j.ip_protocol[row] == IP_TCP and j.payload_bytes[row] > 0:
        again = frames.asked[is_first_copy(j, frames.asked)]
        same = (j.tcp_seq[again] == j.tcp_seq[row]) & (j.src_port[again] == j.src_port[row])
        same &= (j.src_low[again] == j.src_low[row]) & (j.dst_port[again] == j.dst_port[row])
        later = j.ts_ns[again[same & (j.ts_ns[again] > j.ts_ns[row])]]
        return bool(len(later)) and not _is_acknowledged(j, frames.sent_ip, row, int(later.min()))
    return False


def _is_acknowledged(j: JournalColumns, sent: I64, row: int, until: int) -> bool:
    """Did the guest acknowledge this segment before that time? Numbers may wrap (RFC 9293 section 3.4)."""
    back = sent[(j.ip_protocol[sent] == IP_TCP) & (j.ts_ns[sent] > j.ts_ns[row]) & (j.ts_ns[sent] < until)]
    back = back[(j.dst_low[back] == j.src_low[row]) & (j.dst_port[back] == j.src_port[row])]
    back = back[(j.src_port[back] == j.dst_port[row]) & ((j.tcp_flags[back] & TCP_ACK) != 0)]
    past = (j.tcp_ack[back].astype(np.int64) - int(j.tcp_seq[row])) % (1 << 32)
    return bool(((past > 0) & (past < 1 << 31)).any())
