"""Who fell silent while the stream ended: guests that nobody announced, or that were announced long after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.guest.lives import connections_across
from vmpcap.migration.marks import RUNS_UNSEEN_NS
from vmpcap.migration.moved import Confidence, Moved, on_point, on_reference
from vmpcap.migration.packets.by_address import rows_of_each
from vmpcap.migration.packets.exchanges import LEAST_FREE_PORT, wants_answer
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, distinct_addresses
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of
from vmpcap.terms.wire import ECHOES, IP_TCP, IP_UDP, TCP_ACK, TCP_SYN

I64 = npt.NDArray[np.int64]

LEAST_ASKED: Final = 3
LEAST_MISSED_NS: Final = NS_PER_S
LEAST_PEERS: Final = 2
"""Who is asked in vain so often, for so long, by so many does not merely think before it speaks."""


def by_silence(move: Move, views: Sequence[PointView]) -> list[Moved]:
    """
    Without an announcement: whose traffic fell silent when the stream ended, though it was asked?

    Only an address that answered before, was asked during the stream's last second and is the only such one. Where no
    such address is in view, one that is asked more seldom, answered all the same, and then again and again in vain. A
    peer that paused meanwhile and then asked for it while it was still silent is not. Where several fell silent, one
    that another point shows going on is none: who spoke with the guest is no longer heard at its old place either.
    Where several are left, as of every crowd some pause just then, the only one that several peers ask in vain is
    taken. One that was asked in vain already before the stream began did not stop with it.
    """
    first, last = move.best.transfer.first_data_ts, move.best.transfer.last_data_ts
    if first is None or last is None:
        return []
    begin, moment = on_reference(move.best.view, first), on_reference(move.best.view, last)
    asked_often, asked_seldom = (partial(_fell_silent_at, views, moment, begin, is_seldom=n) for n in (False, True))
    often = asked_often()
    found = often or asked_seldom()
    early = {one.address for one in found if one.was_gone}
    silent: dict[tuple[int, int], set[int]] = {}
    for one in (one for one in found if one.address not in early):
        silent.setdefault(one.address, set()).update({one.mac} - {NO_MAC})
    because = (
        "no announcement was seen; this is the only address that had answered and fell silent when the stream ended"
    )
    if not _is_one_machine(silent):
        went_on = _went_on(list(silent), views, moment)
        silent = {address: macs for address, macs in silent.items() if address not in went_on}
    if not _is_one_machine(silent):
        silent = _missed(silent, found)
        because = (
            "no announcement was seen; of those that had answered and fell silent when the stream ended this is the"
            " only one that several peers then asked in vain"
        )
    if not _is_one_machine(silent):
        return []
    macs = {mac for seen in silent.values() for mac in seen}
    is_missed = bool(_missed(silent, found))
    because += " and did not answer what several peers asked then" if is_missed and "in vain" not in because else ""
    confidence: Confidence = "medium" if is_missed else "low"
    by_one = not often and not is_missed
    return [Moved(min(macs, default=NO_MAC), tuple(sorted(silent)), (), confidence, because, by_one_seldom=by_one)]


def _missed(silent: Mapping[tuple[int, int], set[int]], found: Sequence["_Silent"]) -> dict[tuple[int, int], set[int]]:
    """Which of these addresses are of a machine that several peers asked in vain?"""
    sought = {one.address for one in found if one.in_vain} & set(silent)
    macs = {mac for address in sought for mac in silent[address]}
    return {address: seen for address, seen in silent.items() if address in sought or seen & macs}


def _is_one_machine(silent: dict[tuple[int, int], set[int]]) -> bool:
    """Are these addresses one machine's, by their MACs?"""
    macs = {mac for seen in silent.values() for mac in seen}
    return (len(silent) == 1 or (all(silent.values()) and len(macs) == 1)) and len(macs) <= 1


def _went_on(addresses: Sequence[tuple[int, int]], views: Sequence[PointView], moment: int) -> set[tuple[int, int]]:
    """Of which of these addresses does some point show that they spoke on over that moment, no slower than before?"""
    high, low = np.array(addresses, np.uint64).reshape(-1, 2).T
    found = set()
    for view in views:
        j, when = view.journal, on_point(view, moment)
        for address, rows in zip(addresses, rows_of_each(j.src_high, j.src_low, high, low), strict=True):
            times = np.sort(j.ts_ns[rows[j.ip_version[rows] != 0]])
            after = int(np.searchsorted(times, when, side="right"))
            usual = np.median(np.diff(times[:after])) if after > 2 else 0
            beside = np.diff(times[max(0, after - 1) : after + 2])  # the gap over the moment and the one after it
            if 0 < after < len(times) and beside.max() <= max(SILENT_NS, 2 * usual):
                found.add(address)
    return found


SILENT_NS: Final = 50 * NS_PER_MS
SELDOM_NS: Final = 5 * NS_PER_S
"""Whom others ask once in so long at least is asked often enough to tell when it fell silent."""
MOST_GUESTS: Final = 64
"""Guests that one move can have carried at once: more within a second are made up."""


BESIDE_NS: Final = 2 * NS_PER_S
"""A guest is stopped no longer before the stream's last data than what is left of it takes."""
NEARLY_NS: Final = 20 * NS_PER_MS
"""... and not after it, but for what a queue still held."""
USUAL_NS: Final = 10 * NS_PER_S
"""How it talks in the time before tells what is a pause of it."""
LONGER: Final = 1.5
"""... and what is none: one that is hardly longer than others."""
LEAST_LONG_NS: Final = 250 * NS_PER_MS
"""... by so much at least: who speaks every few ms is late by more now and then."""
TIMES_USUAL: Final = 5
"""... or so many times as long as most."""
LEAST_PAUSES: Final = 2
"""Of fewer nothing is usual."""


def stood_still(guest: Moved, move: Move, views: Sequence[PointView], announced: int) -> str:
    """
    What shows that this machine stopped with the stream, was silent until it was announced, and then went on?

    A machine that starts has no connection that goes on, and one that merely pauses does not do so just when a stream
    ends. Empty where it is not so, or not in view by clocks that were compared with the stream's.

    Parameters
    ----------
    announced : when its announcement was heard first, on the reference clock
    """
    last = move.best.transfer.last_data_ts
    if last is None:
        return ""
    moment, near = on_reference(move.best.view, last), [v for v in views if is_compared(move.best.view, v)]
    spoke = [v.line.all_on_reference(v.journal.ts_ns[frames_of(v, guest).sent_ip]) for v in near]
    times = np.sort(np.concatenate([*spoke, np.zeros(0, np.int64)]))
    times = times[times < announced - RUNS_UNSEEN_NS]
    if not len(times) or not moment - BESIDE_NS <= (stopped := int(times[-1])) <= moment + NEARLY_NS:
        return ""
    pauses = np.diff(times[times > stopped - USUAL_NS])
    if not len(pauses) or announced - stopped <= LONGER * pauses.max():
        return ""
    kept = [one for one in connections_across(guest, near, stopped + 1) if not one.is_reset]
    if not kept:
        return ""
    return (
        f"but it said nothing from {abs(stopped - moment) / NS_PER_MS:.0f} ms "
        f"{'after' if stopped > moment else 'before'} that data until then, and {count_of(len(kept), 'connection')} "
        "of it went on where it had left off: it stopped with the stream"
    )


@dataclass(frozen=True, slots=True)
class _Silent:
    """An address that said nothing for a while."""

    mac: int
    """NO_MAC where a router stands between: the TTL was lowered, and the MAC is the router's."""
    address: tuple[int, int]
    until: int
    """When it spoke again, or the view ended, by the clock of the point."""
    spoke_to: frozenset[tuple[int, int]]
    """Whom it addressed then."""
    in_vain: bool
    """Did several peers ask for it meanwhile, and longer than any that thinks before it speaks?"""
    was_gone: bool
    """Was it asked in vain already before the stream began?"""


def _fell_silent_at(views: Sequence[PointView], moment: int, begin: int, *, is_seldom: bool) -> list[_Silent]:
    """The same of all these points; the times are on the reference clock."""
    return [one for v in views for one in _fell_silent(v, on_point(v, moment), on_point(v, begin), is_seldom=is_seldom)]


def _fell_silent(view: PointView, moment: int, begin: int, *, is_seldom: bool) -> list[_Silent]:
    """
    Which addresses answered before the moment, were asked around it, and said nothing for a while?

    How often each of them usually speaks is taken from before: what the capture shows later must not change whose
    silence this is. Who owed nobody an answer meanwhile only paused, as whoever asks does between two questions.

    Parameters
    ----------
    is_seldom : whether those are meant that were hardly asked around it, and in vain again and again after it
    """
    j = view.journal
    found = []
    for address, sent, to in _candidates(view, moment, is_seldom=is_seldom):
        is_before = j.ts_ns[sent] < moment
        if not is_before.any():
            continue
        times = np.sort(j.ts_ns[sent])
        gaps = np.diff(np.append(times, view.last_ts))
        spans = (times <= moment + 20 * NS_PER_MS) & (times + gaps >= moment - 20 * NS_PER_MS) & (gaps >= SILENT_NS)
        lived = times[times < moment]
        asked = to[_is_around(view, to, moment, SELDOM_NS if is_seldom else NS_PER_S)]
        questions = np.sort(j.ts_ns[asked[wants_answer(j, asked)]])
        owes = np.searchsorted(questions, times, side="right") < np.searchsorted(questions, times + gaps)
        long = np.flatnonzero(spans & owes & (gaps >= _least_silence(lived, moment)))
        if len(long):
            last, macs = long[np.argmax((times + gaps)[long])], np.unique(j.eth_src[sent[is_before]])
            since, until = int(times[last]), int(times[last] + gaps[last])
            meant = _questions(view, to)
            meant = meant[_is_anew(view, meant)] if is_seldom else meant
            if is_seldom and not _is_asked_in_vain(view, meant, (since, until), moment):
                continue
            then = sent[j.ts_ns[sent] == until]
            spoke_to = frozenset(zip(j.dst_high[then].tolist(), j.dst_low[then].tolist(), strict=True))
            told = (until, spoke_to, _is_missed(view, meant, since, until), _is_missed(view, meant, since, begin))
            if hops_from_ttl(int(j.ttl[sent[is_before]].max())):
                found.append(_Silent(NO_MAC, address, *told))
            elif len(macs) == 1 and int(macs[0]) != NO_MAC:
                found.append(_Silent(int(macs[0]), address, *told))
    last_heard = {one.address: one.until for one in found}
    # one whose first words after it were meant for another that was still silent only paused
    return [one for one in found if all(last_heard.get(other, 0) <= one.until for other in one.spoke_to)]


def _candidates(view: PointView, moment: int, *, is_seldom: bool) -> Iterator[tuple[tuple[int, int], I64, I64]]:
    """Each address that was asked often around it, or seldom: with the rows that it sent and those that went to it."""
    j, every = view.journal, np.arange(len(view.journal.ts_ns))
    around = every[_is_around(view, every, moment, SELDOM_NS if is_seldom else NS_PER_S)]
    if is_seldom:
        around = _questions(view, around)
    high, low, _ = distinct_addresses(j.dst_high[around], j.dst_low[around])
    near = every[_is_around(view, every, moment, NS_PER_S)]
    counts = np.array([len(rows) for rows in rows_of_each(j.dst_high[near], j.dst_low[near], high, low)], np.int64)
    wanted = (counts < LEAST_ASKED) == is_seldom
    heard = _heard_since(view, moment) if is_seldom else set()
    if heard:
        wanted &= np.array([one not in heard for one in zip(high.tolist(), low.tolist(), strict=True)], np.bool_)
    high, low = high[wanted], low[wanted]
    sent, to = (rows_of_each(*one, high, low) for one in ((j.src_high, j.src_low), (j.dst_high, j.dst_low)))
    yield from zip(zip(high.tolist(), low.tolist(), strict=True), sent, to, strict=True)


def _is_around(view: PointView, rows: I64, moment: int, wide: int) -> npt.NDArray[np.bool_]:
    """Which of these packets passed so near to the moment?"""
    ts: I64 = view.journal.ts_ns[rows]
    near: npt.NDArray[np.bool_] = (ts >= moment - wide) & (ts <= moment + wide) & (view.journal.ip_version[rows] != 0)
    return near


def _heard_since(view: PointView, moment: int) -> set[tuple[int, int]]:
    """Who said anything in the second after that moment? Of a great many who are asked once nearly all."""
    j = view.journal
    soon = (j.ts_ns > moment + NEARLY_NS) & (j.ts_ns <= moment + NS_PER_S) & (j.ip_version != 0)
    high, low, _ = distinct_addresses(j.src_high[soon], j.src_low[soon])
    return set(zip(high.tolist(), low.tolist(), strict=True))


def _least_silence(spoke: npt.NDArray[np.int64], moment: int) -> float:
    """How long is a silence of who spoke then that is none of its pauses? By what is usual, or its longest."""
    pauses = np.diff(spoke)
    if len(pauses) < LEAST_PAUSES:
        return 0
    recent = pauses[spoke[1:] > moment - USUAL_NS]
    longest = max(LONGER * float(recent.max()), LEAST_LONG_NS) if len(recent) >= LEAST_PAUSES else np.inf
    return min(TIMES_USUAL * float(np.median(pauses)), longest)


def _is_missed(view: PointView, questions: I64, since: int, until: int) -> bool:
    """
    Did several peers ask something of an address between these times, again and again for a second?

    One peer alone may be a machine's that asks for another, long gone.
    """
    j = view.journal
    rows = questions[(j.ts_ns[questions] > since) & (j.ts_ns[questions] < until)]
    if len(rows) < LEAST_ASKED or np.ptp(j.ts_ns[rows]) < LEAST_MISSED_NS:
        return False
    return len(set(zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True))) >= LEAST_PEERS


def _questions(view: PointView, to: I64) -> I64:
    """Which of these packets wanted an answer? Of TCP and ICMP: much of UDP wants none. Rows by time."""
    j = view.journal
    rows = to[(j.ip_version[to] != 0) & (j.ip_protocol[to] != IP_UDP) & ((j.eth_dst[to] & GROUP_BIT) == 0)]
    rows = rows[wants_answer(j, rows)]
    by_time: I64 = rows[np.argsort(j.ts_ns[rows], kind="stable")]
    return by_time


def _is_anew(view: PointView, rows: I64) -> npt.NDArray[np.bool_]:
    """
    Which of these questions to one address did somebody ask of his own accord, and for the first time?

    A server sends one segment to a client that left again and again, and a router looks for it three times: that asks
    for whoever was there. An echo is asked anew each time; of TCP what goes to a port that others open connections to,
    each byte once.
    """
    j = view.journal
    is_tcp = j.ip_protocol[rows] == IP_TCP
    is_echo = np.zeros(len(rows), np.bool_)
    for protocol, request, _ in ECHOES:
        is_echo |= (j.ip_protocol[rows] == protocol) & (j.icmp_type[rows] == request)
    if not is_tcp.any():
        return is_echo
    opens = is_tcp & ((j.tcp_flags[rows] & (TCP_SYN | TCP_ACK)) == TCP_SYN)
    is_served = np.isin(j.dst_port[rows], j.dst_port[rows[opens]])
    is_served |= (j.dst_port[rows] < LEAST_FREE_PORT) & (j.src_port[rows] >= LEAST_FREE_PORT)
    names = ("src_high", "src_low", "src_port", "dst_port", "tcp_seq")
    asked = np.stack([getattr(j, name)[rows].astype(np.uint64) for name in names], axis=1)
    is_first = np.zeros(len(rows), np.bool_)
    is_first[np.unique(asked, axis=0, return_index=True)[1]] = True
    anew: npt.NDArray[np.bool_] = is_echo | (is_tcp & is_served & is_first)
    return anew


def _is_asked_in_vain(view: PointView, questions: I64, silent: tuple[int, int], moment: int) -> bool:
    """
    Was it asked again and again while it was silent, from when the stream ended on and not long before?

    A guest runs up to its last memory: who asked it before that had an answer.
    """
    since, until = silent
    ts = view.journal.ts_ns[questions]
    ts = ts[(ts > since) & (ts < until)]
    if len(ts) < LEAST_ASKED or ts[-1] - ts[0] < LEAST_MISSED_NS:
        return False
    return bool(since >= moment - SELDOM_NS and moment - BESIDE_NS <= ts[0] <= moment + SELDOM_NS)
