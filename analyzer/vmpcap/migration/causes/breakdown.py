"""What a peer's outage was spent on: each of its requests by where it went, in the order of time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.whose import FRESH_TTLS
from vmpcap.migration.announced.vlans import Retagged
from vmpcap.migration.causes.asides import words_of_answered, words_of_later, words_of_unsure
from vmpcap.migration.causes.asked import (
    Asked,
    Evidence,
    Scene,
    back_of,
    late_by,
    return_of,
    since_answered,
    unplaced_return,
)
from vmpcap.migration.causes.at_return import (
    Slice,
    cut_at_return,
    stunned_until,
    until_back,
    until_return,
    until_within_reach,
    with_short_stun,
)
from vmpcap.migration.causes.fates import explain
from vmpcap.migration.causes.inside import inside_of
from vmpcap.migration.causes.taken_apart import which_apart
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.guest.silences import Silence
from vmpcap.migration.listed import is_one_request
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packets.closed_ways import ClosedWay
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.former_macs import sent_before
from vmpcap.migration.packets.requests import Sighting, places, to_guest
from vmpcap.migration.results import OutageCause, OutagePart
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.suffered import Suffered, frames_of_outage
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.digits import outward
from vmpcap.terms.units import NS_PER_MS, iso_utc, ms

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

SPENT_ON: Final[dict[OutageCause, str]] = {
    "stun": "no host ran the guest",
    "announcement": "the guest was back and nobody had announced it",
    "relearning": "switches had not learnt the guest's new place",
    "gateway_arp": "the gateway asked for the guest's MAC in vain",
    "wrong_vlan": "the guest was in another VLAN or VNI than before",
    "closed_way": "all that the guest sent from its new place died on one segment",
    "routing": "traffic still went to the guest's old site, or nowhere",
    "mtu": "segments of full size got no answer, and smaller ones did",
    "tcp_back_off": "TCP waited for its timer though the way was free again",
    "guest": "requests reached the guest, which did not answer",
    "answers": "the guest answered, and its answers were lost",
    "unexplained": "nothing in view explains",
}
"""What a part of an outage says in a sentence."""


Said = tuple[OutagePart, str]
"""A part, and how it is told in a sentence."""


def break_down(
    suffered: Sequence[Suffered],
    guest: Moved,
    views: Sequence[PointView],
    quiet: dict[str, Silence],
    drawn: tuple[Mark, Mark] | None = None,
    flaps: Conflict | None = None,
    known_as: Mapping[str, Moved] | None = None,
    astray: Retagged | None = None,
    streamed_until: int | None = None,
    unproven: Mark | None = None,
    closed: ClosedWay | None = None,
) -> list[Suffered]:
    """What was each peer's outage spent on, and how long after the guest's return was it answered?"""
    ends = tuple(
        Mark(s.view, s.outage.first_answered_ts, s.outage.first_answered_frame)
        for s in suffered
        if s.view is not None
        and s.outage is not None
        and s.outage.first_answered_ts is not None
        and s.outage.first_answered_frame is not None
    )
    old_macs, apart = _old_macs(guest, views, quiet), _are_apart(guest, views)
    known = known_as or {}
    scene = Scene(
        guest, views, quiet, old_macs, apart, ends, drawn, flaps, known, streamed_until, astray, unproven, closed
    )
    apart_of = which_apart(suffered)
    return [_told(one, scene, number in apart_of) for number, one in enumerate(suffered)]


def _told(one: Suffered, scene: Scene, whole: bool) -> Suffered:
    if one.stream is None or one.view is None:
        return one
    asked = _asked(one, one.stream, one.view, scene) if whole else None
    found = _parts_of(one, asked, scene) if asked is not None else []
    since = late_by(one.stream, one.outage, one.view, scene) if found and whole else None
    if since is not None and one.outage is not None and _is_hang(one, one.outage, one.view, found, scene):
        return _told_without(one, one.outage, since, asked, scene)
    unknown = unplaced_return(scene, one.view)
    parts = _seen_of_requests(found, unknown) if unknown else [part for part, _ in found]
    peer = msgspec.structs.replace(
        one.peer,
        answered_after_ms=_answered_after(one.stream, one.view, scene),
        begun_after_ms=ms(since),
        because=one.peer.because if since is None or one.ended else f"{one.peer.because}; {words_of_answered(since)}",
        breakdown=parts,
        breakdown_because=_unplaced(found, one, unknown) if unknown else _sentence(found, one),
    )
    return replace(one, peer=peer, is_taken_apart=whole or one.outage is None)


def _is_hang(one: Suffered, outage: Outage, view: PointView, found: Sequence[Said], scene: Scene) -> bool:
    """
    Did all of it pass while requests reached a guest that did not answer, and did it answer again?

    Not while the stream runs: what a guest that is copied afterwards waits for then is its memory.
    """
    until = scene.streamed_until
    if until is not None and outage.first_unanswered_ts <= on_point(view, until):
        return False
    return one.ended and one.asked_by is not None and all(part.part == "guest" for part, _ in found)


def _told_without(one: Suffered, late: Outage, since: int, asked: Asked | None, scene: Scene) -> Suffered:
    """
    What is told of this stream but for an outage that the guest itself made long after it was back; that one beside it.

    Where no point behind another shows that its requests came to the guest, its host may have lost them: unsure.
    """
    assert one.stream is not None
    assert one.asked_by is not None
    rest = replace(one.stream, outages=tuple(outage for outage in one.stream.outages if outage is not late))
    told = _told(replace(one.asked_by(rest), asked_by=one.asked_by), scene, True)
    is_sure = asked is not None and inside_of(asked, scene) is not None
    words = words_of_later(late, since) if is_sure else words_of_unsure(late, since)
    frames = list(dict.fromkeys((*told.peer.frames, *frames_of_outage(late))))
    length, begun = ms(late.seen_ns) or 0.0, iso_utc(late.first_unanswered_ts)
    if (told.peer.later_outage_ms or 0.0) > length:
        length, begun = told.peer.later_outage_ms or 0.0, told.peer.later_from_ts
    peer = msgspec.structs.replace(
        told.peer,
        because=f"{told.peer.because}; {words}",
        frames=frames,
        later_outage_ms=length,
        later_from_ts=begun,
        later_by_guest=True if is_sure and told.later_unsure_ms is None else None,
    )
    unsure = told.later_unsure_ms if is_sure else max(ms(late.seen_ns) or 0.0, told.later_unsure_ms or 0.0)
    return replace(told, peer=peer, later_unsure_ms=unsure)


def _seen_of_requests(found: Sequence[Said], unknown: str) -> list[OutagePart]:
    """
    The parts where nobody knows when the guest was back: only if points with compared clocks show of all requests what
    became of them. How much of that time it was away itself is open, so none says how far it may be off.
    """
    if any(part.part in ("stun", "announcement", "unexplained") for part, _ in found):
        return []
    return [
        msgspec.structs.replace(part, uncertainty_ms=None, because=f"{part.because}; {unknown}") for part, _ in found
    ]


def _answered_after(stream: PeerStream, view: PointView, scene: Scene) -> float | None:
    """How long after its first sign at the new place did the guest first answer this peer? None: never, or unknown."""
    sign = return_of(scene, view)
    if sign is None or stream.manner == "one_way":
        return None
    back = on_clock_of(view, sign.view, sign.ts)
    later = stream.asked_ts[np.searchsorted(stream.asked_ts, back) :]
    until = int(later[0]) if len(later) else back
    for outage in stream.outages:
        if outage.first_unanswered_ts <= until and (outage.first_answer_ts is None or outage.first_answer_ts >= back):
            return ms(None if outage.first_answer_ts is None else outage.first_answer_ts - back)
    return ms(until - back + (stream.answer_ns or 0)) if len(later) else None


def _parts_of(one: Suffered, asked: Asked, scene: Scene) -> list[Said]:
    evidence = explain(asked, scene)
    cause = np.full(len(asked.ts), len(evidence))
    for number, found in reversed(list(enumerate(evidence))):
        cause[found.which] = number
    slices = [
        (int(asked.edges[i]), int(asked.edges[i + 1]), i, evidence[c] if c < len(evidence) else None)
        for i, c in enumerate(cause.tolist())
    ]
    if one.joined is not None:
        slices = [piece for given in slices for piece in until_back(given, asked, scene)]
        if one.within_reach is not None:
            slices = [piece for given in slices for piece in until_within_reach(given, *one.within_reach)]
    elif asked.stream.manner == "connection":
        slices = _with_back_off(slices, asked, scene, one.ended)
    elif is_one_request(one.peer):
        slices = [piece for given in slices for piece in until_return(given, asked, scene)]
    else:
        slices = with_short_stun(slices, back_of(asked, scene), lambda found: _doubt_of(found, one, asked, scene))
    return _as_parts(slices, asked, one, scene)


def _asked(one: Suffered, stream: PeerStream, view: PointView, scene: Scene) -> Asked | None:
    """The requests of the outage; each stands for the time until the next."""
    outage = one.outage or one.joined
    if outage is None or (stream.manner == "echo" and not stream.answers):
        return None  # no answer ever passes that point: what is missing there is none
    begin = outage.first_unanswered_ts
    end = begin + outage.seen_ns
    own = to_guest(view, scene.guest_at(view), stream, view)
    others = [own, *(to_guest(v, scene.guest_at(v), stream, view) for v in scene.views if v.name != view.name)]
    j = view.journal
    if stream.requester == "peer":
        ts, frames = own.ts, j.frame[own.rows]
        inside = (ts >= begin) & (ts <= outage.last_unanswered_ts) & np.isin(ts, stream.asked_ts)
        requests = Sighting(view, own.rows[inside], ts[inside], own.eth_dst[inside], own.key[inside])
        ts, frames = ts[inside], frames[inside]
        place = tuple(places(requests, seen, outage.first_answered_ts) for seen in others)
    else:
        ts = stream.asked_ts[(stream.asked_ts >= begin) & (stream.asked_ts <= outage.last_unanswered_ts)]
        sent = frames_of(view, scene.guest_at(view)).sent_ip
        frames = j.frame[sent[np.minimum(np.searchsorted(j.ts_ns[sent], ts), len(sent) - 1)]]
        place = tuple(np.searchsorted(ts, seen.ts, side="right") - 1 for seen in others)
    if not len(ts) or ts[0] >= max(end, begin + 1):  # none in view, or times that no clock told
        ts, frames = np.array([begin]), np.array([outage.first_unanswered_frame])
        place = tuple(np.full(len(seen.ts), -1) for seen in others)
    keep = np.concatenate(([True], np.diff(ts) > 0)) & (ts < max(end, begin + 1))
    rank = np.cumsum(keep) - 1
    place = tuple(np.where(p >= 0, rank[np.maximum(p, 0)], -1) for p in place)
    ts, frames = ts[keep], frames[keep]
    edges = np.concatenate((ts, [max(end, int(ts[-1]))]))
    edges[0] = begin
    since = since_answered(stream, outage, view, scene)
    return Asked(view, stream, ts, frames, edges, tuple(others), place, outage.first_answered_ts, since)


def _with_back_off(slices: list[Slice], asked: Asked, scene: Scene, ended: bool) -> list[Slice]:
    """
    TCP sends again ever less often: where the way is known to be free before it does, the rest of the wait is its own.

    Free from the guest's return on where the first segment after it was answered; else from when another peer at this
    point was answered.
    """
    sign = return_of(scene, asked.view)
    marks = [(m, "another peer was answered again") for m in scene.answered if m.view.name == asked.view.name]
    back = on_clock_of(asked.view, sign.view, sign.ts) if sign is not None else None
    marks = [(m, why) for m, why in marks if back is None or m.ts >= back]
    retried = asked.ts[asked.ts < (asked.answered_ts or 0)]
    if sign is not None and back is not None and ended and not (retried > back).any():
        marks.append((sign, "the guest was back, and the first segment after that was answered"))
    closed = scene.closed
    if closed is not None and closed.opened is not None and is_compared(closed.here, asked.view):
        marks.append((closed.opened, "the way to the guest was open again"))
    if back is not None:
        slices = [piece for n, one in enumerate(slices) for piece in cut_at_return(one, slices[n + 1 :], back)]
    if not marks:
        return slices
    mark, why = min(marks, key=lambda pair: on_clock_of(asked.view, pair[0].view, pair[0].ts))
    free, by_guest = on_clock_of(asked.view, mark.view, mark.ts), mark is sign
    told = f"{why}: {mark.view.name} frame {mark.frame}"
    shows = Evidence("tcp_back_off", np.zeros(0, np.bool_), told, exact=by_guest)
    cut: list[Slice] = []
    for begin, end, number, found in slices:
        if begin <= free < end and asked.ts[number] < free:
            cut += [(begin, free, number, found), (free, end, number, shows)]
        else:
            cut.append((begin, end, number, found))
    return stunned_until(cut, free) if by_guest else cut


def _as_parts(slices: list[Slice], asked: Asked, one: Suffered, scene: Scene) -> list[Said]:
    """Slices of one cause that follow each other as one part."""
    slices = [piece for piece in slices if piece[1] > piece[0]]
    if not slices:
        return []  # one request, unanswered: it has no length in view
    groups = _resolved(slices, lambda found: _doubt_of(found, one, asked, scene))
    last = one.outage.first_answered_frame if one.outage is not None else None  # of a joined one: another point's
    is_shared = asked.stream.manner == "connection" or one.joined is not None or is_one_request(one.peer)
    ends = [*(int(asked.frame[group[0][2]]) for group in groups[1:]), last]
    parts = []
    for group, to_frame in zip(groups, ends, strict=True):
        begin, end, found = group[0][0], group[-1][1], group[0][3]
        shows = dict.fromkeys(piece[3].shows if piece[3] is not None else "" for piece in group)
        part = OutagePart(
            part=_cause(found),
            ms=(end - begin) / NS_PER_MS,
            requests=len({n for start, _, n, _ in group if is_shared or start <= asked.ts[n]}),
            from_point=asked.view.name,
            from_frame=int(asked.frame[group[0][2]]),
            from_ts=iso_utc(begin) or "",
            to_point=asked.view.name,
            to_frame=to_frame,
            to_ts=iso_utc(end) or "",
            uncertainty_ms=_doubt_of(found, one, asked, scene),
            because="; ".join(text or _last_seen(group, asked) for text in shows),
        )
        parts.append((part, (found.says if found is not None else "") or SPENT_ON[part.part]))
    return parts


def _resolved(slices: Sequence[Slice], doubt_of: Callable[[Evidence | None], float | None]) -> list[list[Slice]]:
    """Slices by cause; a part that is shorter than what it may be wrong by goes to the longer of its neighbours."""
    while True:
        groups = [list(group) for _, group in groupby(slices, key=lambda piece: _cause(piece[3]))]
        lengths = [(group[-1][1] - group[0][0]) / NS_PER_MS for group in groups]
        short = [n for n, group in enumerate(groups) if lengths[n] < (doubt_of(group[0][3]) or 0.0)]
        if len(groups) < 2 or not short:
            return groups
        least = min(short, key=lambda n: lengths[n])
        beside = max((n for n in (least - 1, least + 1) if 0 <= n < len(groups)), key=lambda n: lengths[n])
        groups[least] = [(*piece[:3], groups[beside][0][3]) for piece in groups[least]]
        slices = [piece for group in groups for piece in group]


def _cause(found: Evidence | None) -> OutageCause:
    return found.part if found is not None else "unexplained"


def _doubt_of(found: Evidence | None, one: Suffered, asked: Asked, scene: Scene) -> float | None:
    """The wait between requests, and for a stun or an announcement what the clocks leave open."""
    sign = return_of(scene, asked.view)
    clocks: int | None = 0
    exact = found is not None and found.exact
    if (exact or _cause(found) in ("stun", "announcement")) and sign is not None:
        clocks = clock_doubt(sign.view, sign.ts, asked.view)
    if exact:
        return None if clocks is None else clocks / NS_PER_MS
    return None if clocks is None or one.resolution_ms is None else one.resolution_ms + clocks / NS_PER_MS


def _last_seen(group: list[Slice], asked: Asked) -> str:
    """Where were requests seen that nothing explains?"""
    numbers = np.array([s[2] for s in group])
    names = [
        seen.view.name
        for seen, place in zip(asked.seen, asked.place, strict=True)
        if np.isin(place, numbers).any() and seen.view.role not in ("source", "destination")
    ]
    return (
        f"no point shows what became of these requests; seen at {', '.join(dict.fromkeys((asked.view.name, *names)))}"
    )


def _sentence(found: Sequence[Said], one: Suffered) -> str:
    """Which cause took longest? Of one request alone: what it met."""
    if found and is_one_request(one.peer):
        most = f"{outward((one.peer.outage_high_ms or 0.0) / 1000, 2, 'most'):.2f} s"
        return f"outage at most {most}: its only lost request was sent while {found[0][1]}"
    return f"{_outage(found, one)}: {_longest(found, one)[1]}" if found else ""


def _unplaced(found: Sequence[Said], one: Suffered, unknown: str) -> str:
    """
    What is told of an outage of which nobody knows what was the guest's own absence?

    What points with compared clocks show of its requests: it is no cause until the guest is back.
    """
    if not found:
        return ""
    says, told = _longest(found, one)
    seen = ", nor what it was spent on" if says in (SPENT_ON["unexplained"], SPENT_ON["stun"]) else f"; {told}"
    return f"{_outage(found, one)}: {unknown}{seen}"


def _outage(found: Sequence[Said], one: Suffered) -> str:
    if one.within_reach is not None:
        return f"unanswered for {_long(_whole(found, one))}"
    is_known = one.ended and one.joined is None
    return f"outage {_long(_whole(found, one)) if is_known else _at_least(_whole(found, one))}"


def _whole(found: Sequence[Said], one: Suffered) -> float:
    """How long was it? The time of requests that may still be answered is none of it for sure."""
    whole = sum(part.ms for part, _ in found)
    if one.joined is not None and one.within_reach is None:
        return min(whole, one.peer.outage_low_ms or 0.0)
    return whole if one.ended or one.at_least_ms is None else min(whole, one.at_least_ms)


def _longest(found: Sequence[Said], one: Suffered) -> tuple[str, str]:
    """What took longest, and a clause that says how much of it all."""
    spent: dict[str, float] = {}
    for part, says in found:
        spent[says] = spent.get(says, 0.0) + part.ms
    longest = max(spent, key=lambda says: spent[says])
    share = "all" if spent[longest] >= _whole(found, one) else _long(spent[longest])
    return longest, f"{share} of it {longest if longest == SPENT_ON['unexplained'] else f'while {longest}'}"


def _long(length_ms: float) -> str:
    return f"{length_ms / 1000:.2f} s" if length_ms >= 1000 else f"{length_ms:.0f} ms"


def _at_least(length_ms: float) -> str:
    if length_ms >= 1000:
        return f"at least {outward(length_ms / 1000, 2, 'least'):.2f} s"
    return f"at least {outward(length_ms, 0, 'least'):.0f} ms"


def _old_macs(guest: Moved, views: Sequence[PointView], quiet: dict[str, Silence]) -> frozenset[int]:
    """From which other MACs did the guest's addresses send at the old place, not through a router?"""
    if guest.mac == NO_MAC:
        return frozenset()
    found: set[int] = set()
    for view in views:
        silence = quiet.get(view.name)
        if view.role != "domain:source" or silence is None:
            continue
        j, rows = view.journal, frames_of(view, guest).sent_ip
        until = silence.before.ts if silence.before is not None else view.first_ts
        rows = rows[(j.ts_ns[rows] <= until) & np.isin(j.ttl[rows], FRESH_TTLS)]
        found |= {int(mac) for mac in np.unique(j.eth_src[rows])}
    first = guest.first_heard
    if first is not None:
        when = on_reference(first[0], first[1].first_ts)
        found |= sent_before(guest, guest.ips, views, when, ("gateway",))
    return frozenset(found - {guest.mac, NO_MAC})


def _are_apart(guest: Moved, views: Sequence[PointView]) -> bool:
    """Was an announcement heard at the new place, and by no point at the old one that was there to hear it?"""
    heard = {view.name for view, _ in guest.heard}
    new = [v for v in views if v.role == "domain:destination" and v.name in heard]
    old = [v for v in views if v.role == "domain:source"]
    first = guest.first_heard
    if not new or not old or first is None:
        return False
    when = on_reference(first[0], first[1].first_ts)
    alive = [v for v in old if on_reference(v, v.first_ts) < when < on_reference(v, v.last_ts)]
    return bool(alive) and not any(v.name in heard for v in old)
