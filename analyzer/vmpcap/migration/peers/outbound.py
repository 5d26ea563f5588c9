"""What the guest itself asks of others: services that answered it until it moved, and not at its new place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.outages import LEAST_OUTAGE_NS, STOPPED_BEATS, USUAL_TIMES, Outage
from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.packets.guest_requests import (
    NEW,
    OLD,
    Asked,
    Service,
    is_whole,
    name_of,
    services_at,
    with_open_connections,
)
from vmpcap.migration.packets.requests import NUMBERS
from vmpcap.migration.peers.own_parts import lost_part
from vmpcap.migration.peers.partly_lost import tell_part
from vmpcap.migration.results import Peer
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.suffered import AFTER_NS, Part, Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import NS_PER_S, at_least_ms, count_of, iso_utc, ms
from vmpcap.terms.wire import IP_TCP

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

OF_THE_STREAM: Final = ("source", "destination")

LEAST_ASKED: Final = 3
"""So many requests, answered before the move or unanswered after it, are no chance."""
LONG_NS: Final = NS_PER_S
"""What was asked for less than this when the view ended may still have been answered."""
IN_USE_NS: Final = 30 * NS_PER_S
"""An open connection in which the service sent nothing for longer before the move does not show it alive then."""
MOSTLY: Final = 2
"""One of so many requests at least was answered before, else the service often does not answer."""


class Silence(NamedTuple):
    """The requests at the guest's new place that had no answer: since it came there, or later and to the end."""

    asked: Asked
    rows: I64
    back: int | None
    """The row of the first answer after them."""
    last: int | None = None
    """The row of the last answer before them, where some had come since the move."""

    @property
    def length_ns(self) -> int:
        ts = self.asked.view.journal.ts_ns
        return int(ts[self.rows[-1]] - ts[self.rows[0]])

    @property
    def has_stopped(self) -> bool:
        """Did the guest ask no more, for longer than it ever paused here? As of a peer that stops asking."""
        if self.back is not None:
            return False
        view = self.asked.view
        ts = view.journal.ts_ns[self.asked.requests]
        return int(view.last_ts - ts[-1]) > STOPPED_BEATS * int(np.diff(ts).max()) + LEAST_OUTAGE_NS


def with_outbound(
    suffered: Sequence[Suffered], guest: Moved, views: Sequence[PointView], moment: int
) -> list[Suffered]:
    """
    The same, with the services that the guest asked in vain since it moved; each stands for its streams.

    Echo requests, connections that the guest opens, and UDP to a server's port. A service counts that answered the
    guest until it left, where a point at the new place shows that requests go on and that no answer comes; of
    connections, which are opened one by one, any point does that saw the answers before, where none is there.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    """
    views = [v for v in views if v.role not in OF_THE_STREAM and not is_moment_unknown(v, guest, views)]
    at = {view.name: services_at(view, guest) for view in views}
    with_open_connections(at, views, guest)
    found: list[Suffered] = []
    ended: dict[tuple[str, str], int] = {}
    parts: dict[tuple[str, str], Part] = {}
    for service in sorted({key for known in at.values() for key in known}):
        asked = [at[view.name][service] for view in views if service in at[view.name]]
        before = [one for one in asked if _was_answered(one, on_point(one.view, moment), service[2] == IP_TCP)]
        new = [one for one in asked if one.view.role == NEW and len(one.requests)]
        if not new and service[2] == IP_TCP:
            new = [one for one in before if one.view.role != OLD and _asks_since(one, on_point(one.view, moment))]
        silent = [_silence(one, service, on_point(one.view, moment)) for one in new]
        told = [one for one in silent if one is not None]
        part = lost_part(new, before, asked, moment) if before else None
        if part is not None:
            parts[name_of(service)] = part
        if not before or not told or len(told) < len(silent):
            continue
        longest = max(told, key=lambda one: len(one.rows))
        tell = _tell(service, longest, before, asked, views, guest, moment)
        if longest.last is None:
            found.append(tell)
        elif tell.proven_ms is not None and not _is_unknown_later(longest, moment):
            found.append(_lost_since(tell, longest, moment))
            if found[-1].is_cut_off:
                view = longest.asked.view
                ended[_named(tell)] = on_reference(view, int(view.journal.ts_ns[longest.rows[0]]))
    sure = {_named(one) for one in found if one.is_cut_off}
    lost = {_named(one) for one in suffered if one.is_of_guest and one.is_cut_off} - sure
    found = [one for one in found if _named(one) not in lost]
    stands_for = {_named(one) for one in found}
    rest = (one for one in suffered if not one.is_of_guest or _named(one) not in stands_for)
    return _with_parts([*found, *(_until(one, ended.get(_named(one))) for one in rest)], parts)


def _with_parts(suffered: Sequence[Suffered], parts: dict[tuple[str, str], Part]) -> list[Suffered]:
    """The same; the first stream of a service that the guest asked partly in vain tells how often."""
    told = list(suffered)
    for name, part in parts.items():
        its = (n for n, one in enumerate(told) if _named(one) == name and (one.is_of_guest or one.is_outbound))
        place = next(its, None)
        if place is not None and not told[place].is_cut_off:
            told[place] = tell_part(told[place], part, f"the guest asked: {part.words}")
    return told


def _until(one: Suffered, ended: int | None) -> Suffered:
    """The same; what was answered before its service was lost does not show that it is answered on."""
    if ended is None or one.again is None or on_reference(*one.again) >= ended:
        return one
    return replace(one, answered_after=False, again=None)


def _named(one: Suffered) -> tuple[str, str]:
    return one.peer.peer, one.peer.protocol


def _was_answered(one: Asked, when: int, is_tcp: bool) -> bool:
    """Did this point see the service answer the guest until it left, and most of the time?"""
    ts = one.view.journal.ts_ns
    asked, came = ts[one.requests], ts[one.answers]
    asked, came = asked[asked <= when], came[came <= when]
    if len(came) < LEAST_ASKED or len(came) * MOSTLY < len(asked):
        return False
    if len(asked) < LEAST_ASKED:  # of a connection that is open: what it sends in that
        return is_tcp and bool(came[-1] > when - IN_USE_NS)
    return bool(came[-1] > asked[-LEAST_ASKED])


def _asks_since(one: Asked, when: int) -> bool:
    return len(one.requests) > 0 and bool(one.view.journal.ts_ns[one.requests[-1]] > when)


def _silence(one: Asked, service: Service, when: int) -> Silence | None:
    """
    Which requests had no answer since the guest came to this place? None: too few to tell, or not for long.

    Of connections, else, those to the end after others had one: what is asked in one stream its own row tells.
    """
    view = one.view
    ts = view.journal.ts_ns
    asked, came = one.requests[ts[one.requests] > when], one.answers[ts[one.answers] > when]
    if len(asked):
        came = came[ts[came] > ts[asked[0]]]
    if len(came) and service[2] == IP_TCP:
        rows = asked[ts[asked] > ts[came[-1]]]
        silence = Silence(one, rows, None, int(came[-1]))
        if len(rows) > USUAL_TIMES * _most_in_vain(one, when) and _is_silent(silence):
            return silence
    back = int(came[0]) if len(came) else None
    rows = asked if back is None else _before_answered(view.journal, asked[ts[asked] < ts[back]], back)
    silence = Silence(one, rows, back)
    return silence if _is_silent(silence) else None


def _is_silent(silence: Silence) -> bool:
    view, rows = silence.asked.view, silence.rows
    ts = view.journal.ts_ns
    if len(rows) < LEAST_ASKED or not is_whole(view, int(ts[rows[0]]), int(ts[rows[-1]])):
        return False
    return silence.length_ns >= (LONG_NS if silence.back is None else LEAST_OUTAGE_NS)


def _most_in_vain(one: Asked, when: int) -> int:
    """How many requests in a row had no answer at most, before the move or after the first answer since?"""
    ts = one.view.journal.ts_ns
    asked, came = ts[one.requests], ts[one.answers]
    since = came[came > when]
    counted = asked[(asked <= when) | (asked > since[0])] if len(since) else asked[asked <= when]
    between = np.searchsorted(came, counted)
    return int(np.bincount(between[between < len(came)], minlength=1).max()) - 1


def _before_answered(j: JournalColumns, rows: I64, answer: int) -> I64:
    """Which of these requests were sent before the one that this answers? All, where it is not among them."""
    its = (j.src_port[rows] == j.dst_port[answer]) & (j.icmp_id[rows] == j.icmp_id[answer])
    its &= j.icmp_seq[rows] == j.icmp_seq[answer]
    answered = np.flatnonzero(its)
    return rows[: answered[-1]] if len(answered) else rows


def _tell(
    service: Service,
    silence: Silence,
    before: Sequence[Asked],
    asked: Sequence[Asked],
    views: Sequence[PointView],
    guest: Moved,
    moment: int,
) -> Suffered:
    """What is told of a service that did not answer the guest at its new place."""
    view, rows = silence.asked.view, silence.rows
    j = view.journal
    begin, end = on_reference(view, int(j.ts_ns[rows[0]])), on_reference(view, int(j.ts_ns[rows[-1]]))
    passed, missed = _seen_at(silence, asked, before)
    until = end + NS_PER_S if silence.back is None else on_reference(view, int(j.ts_ns[silence.back]))
    answered = [one.view for one in asked if one.view.role != NEW and _came_in(one, silence, begin, until)]
    at_old = [v for v in answered if v.role == OLD]
    besides = [one for one in before if one.view.role != OLD]
    is_shown = any(
        _would_show(one.view, guest, moment, end) or _shows_end(one, silence, begin, until) for one in besides
    )
    is_sure = bool(at_old) or (not answered and is_shown)
    is_sure &= view.role in (NEW, "client") or _sent_again(j, rows) >= LEAST_ASKED
    words = f"the guest asked, {count_of(len(rows), 'request')} at {view.name} from frame {j.frame[rows[0]]} on,"
    last = silence.back if silence.back is not None else int(rows[-1])
    words += f" and {_how_long(silence)}"
    words += f"; its requests passed {', '.join(passed)}"
    words += f" and never {', '.join(missed)}, which they passed before the move" if missed else ""
    if at_old:
        words += f"; answers went to {', '.join(v.name for v in at_old)}, its old place"
    elif answered:
        words += f"; answers passed {', '.join(v.name for v in answered)}, and may come to it by another way"
    low = ms(silence.length_ns)
    is_back = silence.back is not None
    named, protocol = name_of(service)
    frames = [int(j.frame[row]) for row in (rows[0], rows[-1], last)]
    peer = Peer(
        peer=named,
        protocol=protocol,
        point=view.name,
        outage_low_ms=low,
        lost=len(rows),
        survived=True if is_back else (False if is_sure and not silence.has_stopped else None),
        because=words,
        frames=list(dict.fromkeys(frames)),
        from_ts=iso_utc(int(j.ts_ns[rows[0]])),
        to_ts=iso_utc(int(j.ts_ns[last])),
        filter=_filter(service, guest),
    )
    told = Suffered(
        peer,
        is_back,
        int(j.ts_ns[rows[0]]),
        int(j.frame[rows[0]]),
        int(j.ts_ns[last]),
        int(j.frame[last]),
        view=view,
        at_least_ms=low if is_back else None,
        is_outbound=True,
    )
    return replace(told, proven_ms=low) if is_sure else told


def _how_long(silence: Silence) -> str:
    """For how long had the guest no answer?"""
    asked_s = f"{silence.length_ns / NS_PER_S:.1f} s"
    j = silence.asked.view.journal
    if silence.back is not None:
        return f"had no answer before frame {j.frame[silence.back]}: {at_least_ms(silence.length_ns)}"
    if silence.has_stopped:
        return f"had no answer in {asked_s}, after which it asked no more (frame {j.frame[silence.rows[-1]]})"
    return f"had no answer until {silence.asked.view.end_words}, {asked_s}"


def _seen_at(silence: Silence, asked: Sequence[Asked], before: Sequence[Asked]) -> tuple[list[str], list[str]]:
    """Which points did these requests pass, in the order of time, and which no more that they passed before?"""
    keys = packet_keys(silence.asked.view.journal, silence.rows)
    passed: dict[str, int] = {}
    for one in asked:
        j = one.view.journal
        same = one.requests[np.isin(packet_keys(j, one.requests), keys)]
        if len(same):
            passed[one.view.name] = on_reference(one.view, int(j.ts_ns[same[0]]))
    missed = [one.view.name for one in before if one.view.role != OLD and one.view.name not in passed]
    return sorted(passed, key=passed.__getitem__), missed


def _came_in(one: Asked, silence: Silence, begin: int, until: int) -> bool:
    """
    Did answers of the service pass this point between these times of the reference clock, and not the silent one?

    Those that passed that one too came before the silence or ended it.
    """
    j, known = one.view.journal, silence.asked
    ts = j.ts_ns[one.answers]
    rows = one.answers[(ts >= on_point(one.view, begin)) & (ts <= on_point(one.view, until))]
    return not bool(np.isin(packet_keys(j, rows), packet_keys(known.view.journal, known.answers)).all())


def _shows_end(one: Asked, silence: Silence, begin: int, until: int) -> bool:
    """Did the answer that ended the silence pass this point, too, so that one in between would have shown?"""
    j, known, back = one.view.journal, silence.asked.view, silence.back
    if (
        back is None
        or known is one.view
        or not is_whole(one.view, on_point(one.view, begin), on_point(one.view, until))
    ):
        return False
    return bool(np.isin(packet_keys(known.journal, np.array([back])), packet_keys(j, one.answers)).all())


def _sent_again(j: JournalColumns, rows: I64) -> int:
    """How many of these segments are others of them again?"""
    return len(rows) - len(np.unique(np.stack([j.src_port[rows], j.tcp_seq[rows]]), axis=1).T)


def _is_unknown_later(silence: Silence, moment: int) -> bool:
    """Did the guest ask in vain so late that it is not the move's, and then no more? Then nothing shows it lost."""
    view, rows = silence.asked.view, silence.rows
    return silence.has_stopped and int(view.journal.ts_ns[rows[0]]) - on_point(view, moment) > AFTER_NS


def _lost_since(told: Suffered, silence: Silence, moment: int) -> Suffered:
    """The same of a service that was answered since the move; lost later where that was for more than AFTER_NS."""
    view, rows = silence.asked.view, silence.rows
    j, last = view.journal, silence.last
    since = int(j.ts_ns[rows[0]]) - on_point(view, moment)
    words = f"{told.peer.because}; answered until {since / NS_PER_S:.1f} s after the switchover"
    peer = msgspec.structs.replace(told.peer, because=words)
    if since <= AFTER_NS or last is None:
        return replace(told, peer=peer)
    begin, end, first, final = (int(column[row]) for column in (j.ts_ns, j.frame) for row in (rows[0], rows[-1]))
    answer_ts, answer_frame = int(j.ts_ns[last]), int(j.frame[last])
    later = Outage(
        None, None, answer_ts, answer_frame, begin, first, end, final, None, None, None, None, None,
        silence.length_ns, False, len(rows), _sent_again(j, rows),
    )  # fmt: skip
    peer = msgspec.structs.replace(peer, outage_low_ms=None, lost_later_ms=ms(silence.length_ns))
    return Suffered(peer, True, None, None, None, None, view=view, later=later, later_ns=since, is_outbound=True)


def _would_show(view: PointView, guest: Moved, moment: int, end: int) -> bool:
    """Does this point show others ask the guest and be answered past it since it moved, so that answers would show?"""
    frames, ts = frames_of(view, guest), view.journal.ts_ns
    since, until = on_point(view, moment), on_point(view, end)
    both = all(
        ((ts[rows] > since) & (ts[rows] <= until)).sum() >= LEAST_ASKED for rows in (frames.sent_ip, frames.asked)
    )
    return both and is_whole(view, since, until)


def _filter(service: Service, guest: Moved) -> str:
    """A display filter of Wireshark for all that the guest asks of this service."""
    ips = [ip_text(*one) for one in guest.ips]
    peer = ip_text(service[0], service[1])
    field = "ipv6.addr" if ":" in peer else "ip.addr"
    own = [f"{field} == {ip}" for ip in ips if (":" in ip) == (":" in peer)]
    parts = [f"{field} == {peer}", *own[:1]]
    named = next(name for name, number in NUMBERS.items() if number == service[2])
    parts.append(f"{named}.port == {service[3]}" if service[3] else named)
    return " && ".join(parts)
