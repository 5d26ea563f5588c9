"""Who was not answered, when and how long, where no migration is in view: machines that said nothing though asked."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.measures.whose import Address
from vmpcap.migration.moved import on_reference
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.roles import OUTAGE_FIGURES, rank
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, ip_text
from vmpcap.terms.arrays import MIXER
from vmpcap.terms.units import NO_TIME, NS_PER_MS, NS_PER_S, count_of, iso_utc

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

# The next are choices, none a standard's.
LEAST_NS: Final = NS_PER_S
"""Shorter silences are common: what relearns, or restarts a link, is often done by then."""
GONE_NS: Final = 3 * NS_PER_S
LEAST_GONE_NS: Final = 200 * NS_PER_MS
"""Who is not heard again for so long need have been asked no longer than this: requests go where it went."""
LEAST_ASKED: Final = 3
"""So many questions in a silence are no single packet that was lost."""
LEAST_STREAMS: Final = 2
"""Streams that have no answer at once: one alone may be its service's own matter."""
LEAST_PINGS: Final = 5
"""... but no monitor's, of which so many in a row were lost."""
LEAST_WORDS: Final = 10
"""A machine that said less by then is not known to answer."""
TOGETHER_NS: Final = 2 * NS_PER_S
"""Machines whose silences begin and end so near to each other had one reason."""
MOST_TRIED: Final = 16
MOST_TOLD: Final = 4
MOST_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Unanswered:
    """In a few words for the head of the report, and in a sentence with its frames."""

    short: str
    sentence: str


class Silence(NamedTuple):
    """A time in which a machine was asked at a point and said nothing: by that point's clock."""

    machine: Address
    last: int
    """Its last word before, a row of the journal."""
    next: int | None
    """Its next word; None where there is none."""
    asked: I64
    """Rows of the questions, by time."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A silence with the streams that met it."""

    view: PointView
    silence: Silence
    streams: tuple[PeerStream, ...]
    resets: int
    """How many of their connections were reset when it spoke again."""
    begin_ns: int
    """When the first question was asked."""
    end_ns: int
    """When it spoke again; where it did not, the last question."""

    @property
    def lasted_ns(self) -> int:
        """From the first question to its next word, or to the last question."""
        return self.end_ns - self.begin_ns

    @property
    def is_over(self) -> bool:
        """Did it speak again?"""
        return self.silence.next is not None


def find_unanswered(views: Sequence[PointView], left_aside: Collection[Address] = ()) -> list[Unanswered]:
    """
    Which machines that had answered said nothing for long though several streams asked them? The longest first.

    That a migration was the reason is not known: a machine that restarts, a switch that relearns, a link that is down
    looks the same.
    """
    found: list[list[_Told]] = []
    for view in sorted(views, key=lambda view: rank(view.role, OUTAGE_FIGURES)):
        if view.journal_complete and not view.left_out:
            silent = (silence for silence in silences_at(view) if silence.machine not in left_aside)
            told = [one for silence in silent if (one := _met_by(view, silence)) is not None]
            found += [group for group in _together(told) if not any(_is_same(group[0], one[0]) for one in found)]
    found.sort(key=lambda group: -group[0].lasted_ns)
    return [_say(group) for group in found[:MOST_TOLD]]


def silences_at(view: PointView) -> Iterator[Silence]:
    """Each silence, of LEAST_NS or more, of a machine that was asked meanwhile; those that were asked most."""
    j = view.journal
    to_one = ((j.eth_dst & GROUP_BIT) == 0) | (j.eth_dst == np.uint64(NO_MAC))
    rows = np.flatnonzero((j.ip_version != 0) & to_one & (j.ts_ns != NO_TIME))
    rows = rows[np.argsort(j.ts_ns[rows], kind="stable")]
    if not len(rows):
        return
    sender, target = _keys(j.src_high, j.src_low, rows), _keys(j.dst_high, j.dst_low, rows)
    asks = wants_answer(j, rows)
    order = np.argsort(sender, kind="stable")
    begins = np.flatnonzero(np.append(True, sender[order][1:] != sender[order][:-1]))
    by_target = np.argsort(target[asks], kind="stable")
    asked, asked_of = rows[asks][by_target], target[asks][by_target]
    candidates = []
    for begin, end in zip(begins, np.append(begins[1:], len(order)), strict=True):
        if end - begin < LEAST_WORDS:
            continue
        words, key = rows[order[begin:end]], sender[order[begin]]
        mine = asked[np.searchsorted(asked_of, key, "left") : np.searchsorted(asked_of, key, "right")]
        if len(mine) >= LEAST_ASKED:
            candidates += list(_silences(view, words, mine))
    yield from sorted(candidates, key=lambda one: -len(one.asked))[:MOST_TRIED]


def _silences(view: PointView, words: I64, asked: I64) -> Iterator[Silence]:
    """The silences of one machine, by what it said and what it was asked."""
    j = view.journal
    ts, asked_ts = j.ts_ns[words], j.ts_ns[asked]
    until = np.append(ts[1:], view.last_ts)
    low, high = np.searchsorted(asked_ts, ts, "right"), np.searchsorted(asked_ts, until, "right")
    is_long = (until - ts >= LEAST_NS) & (high - low >= LEAST_ASKED)
    is_long[: LEAST_WORDS - 1] = False
    for at in np.flatnonzero(is_long).tolist():
        is_over = at + 1 < len(words)
        begin, end = int(asked_ts[low[at]]), int(until[at] if is_over else asked_ts[high[at] - 1])
        is_gone = not is_over and view.last_ts - int(ts[at]) >= GONE_NS
        if end - begin >= (LEAST_GONE_NS if is_gone else LEAST_NS):
            machine = int(j.src_high[words[0]]), int(j.src_low[words[0]])
            after = int(words[at + 1]) if is_over else None
            yield Silence(machine, int(words[at]), after, asked[low[at] : high[at]])


def _keys(high: U64, low: U64, rows: I64) -> U64:
    """One number for each address; two that share one by chance make a machine that is never silent."""
    keys: U64 = (high[rows] * MIXER) ^ low[rows]
    return keys


def _met_by(view: PointView, silence: Silence) -> _Told | None:
    """The same with what met it: None where too little did, or none of that had been answered before."""
    j = view.journal
    begin = int(j.ts_ns[silence.asked[0]])
    end = int(j.ts_ns[silence.asked[-1] if silence.next is None else silence.next])
    streams = [
        stream
        for stream in find_peer_streams(j, guest_ips=[silence.machine], end_ns=view.last_ts)
        if stream.requester == "peer" and stream.manner != "one_way"
        if any(begin <= one.first_unanswered_ts <= end for one in stream.outages)
    ]
    had_answers = [one for one in streams if any(outage.last_answer_ts is not None for outage in one.outages)]
    names = {(one.peer, one.protocol, one.guest_port) for one in streams}
    is_pinged = any(one.manner == "echo" and max(o.lost for o in one.outages) >= LEAST_PINGS for one in had_answers)
    if not had_answers or (len(names) < LEAST_STREAMS and not is_pinged):
        return None
    resets = sum(one.reset_ts is not None and one.reset_ts >= begin for one in streams)
    return _Told(view, silence, tuple(streams), resets, begin, end)


def _together(told: Sequence[_Told]) -> list[list[_Told]]:
    """The same by what began and ended together, the longest first in each."""
    groups: list[list[_Told]] = []
    for one in sorted(told, key=lambda one: -one.lasted_ns):
        home = next((group for group in groups if _is_one_event(group[0], one)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    return groups


def _is_one_event(one: _Told, other: _Told) -> bool:
    """Did two silences at one point begin together, and end together?"""
    near = abs(one.begin_ns - other.begin_ns), abs(one.end_ns - other.end_ns)
    return one.is_over == other.is_over and max(near) <= TOGETHER_NS


def _is_same(one: _Told, other: _Told) -> bool:
    """Are these one silence of one machine, as two points saw it?"""
    begins = [on_reference(told.view, told.begin_ns) for told in (one, other)]
    is_near = is_compared(one.view, other.view) and abs(begins[0] - begins[1]) <= TOGETHER_NS
    return one.silence.machine == other.silence.machine and is_near


def _say(group: Sequence[_Told]) -> Unanswered:
    """What is told of machines that were silent together at one point?"""
    chief = group[0]
    point, j = chief.view.name, chief.view.journal
    machines = list(dict.fromkeys(ip_text(*one.silence.machine) for one in group))
    who = ", ".join(machines[:MOST_NAMED])
    who += f" and {len(machines) - MOST_NAMED} more" if len(machines) > MOST_NAMED else ""
    since, lasted = clock_text(chief.begin_ns), f"{chief.lasted_ns / NS_PER_S:.1f} s"
    left_ns = chief.view.last_ts - chief.end_ns
    left = f", and then was not heard again, {left_ns / NS_PER_S:.1f} s to the end of the capture"
    end = "" if chief.is_over else left if left_ns > TOGETHER_NS else ", to the end of the capture"
    short = f"{who} did not answer for {lasted}, from {since} on ({point}){end}"
    asked, peers = sum(len(one.silence.asked) for one in group), {s.peer for one in group for s in one.streams}
    last = int(j.frame[chief.silence.asked[-1] if chief.silence.next is None else chief.silence.next])
    sentence = (
        f"at {point}, {who} said nothing for {lasted} from {since} on, though asked in {count_of(asked, 'packet')} of"
        f" {count_of(len(peers), 'peer')} ({_services(group)}; frames {j.frame[chief.silence.asked[0]]} to {last}){end}"
    )
    resets = sum(one.resets for one in group)
    if resets:
        sentence += f"; {count_of(resets, 'connection')} that waited {'was' if resets == 1 else 'were'} reset"
    if len(machines) > 1:
        return Unanswered(short, f"{sentence}: together, so it may be the way to all of them")
    why = "whether it moved is not in view: a restart, a switch that relearns, a link that is down look the same"
    return Unanswered(short, f"{sentence}; {why} (--guest {machines[0]} tells what each peer met)")


def clock_text(ts: int) -> str:
    """A time as people read it, to the millisecond."""
    text = iso_utc(ts)
    return "a time that is not known" if text is None else f"{text[:10]} {text[11:23]} UTC"


def _services(group: Sequence[_Told]) -> str:
    """What was asked, the most first?"""
    counts: dict[str, int] = {}
    for stream in (stream for one in group for stream in one.streams):
        name = f"{stream.protocol}/{stream.guest_port}" if stream.guest_port else stream.protocol
        counts[name] = counts.get(name, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"
