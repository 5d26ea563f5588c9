"""Machines that stopped with an announced guest, and that nobody announced: guests of the same move?"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.whose import is_one_of
from vmpcap.migration.moved import Moved, announced_at, on_point
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, distinct_addresses, ip_text
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of
from vmpcap.terms.wire import IP_UDP

BESIDE_NS: Final = 2 * NS_PER_S
"""Guests that move together stop within so long before the first of them is announced."""
LEAST_ASKED: Final = 3
LEAST_NS: Final = 200 * NS_PER_MS
"""So often, and over so long, it was asked in vain: a machine that merely thinks answers sooner."""
LONGER: Final = 5
"""... and for so many times as long as it usually takes to say the next."""

Address = tuple[int, int]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A machine that fell silent, as one point shows it."""

    mac: int
    address: Address
    came_back: bool
    missed: int
    """Requests of others that had no answer meanwhile."""
    because: str


def stopped_beside(guests: Sequence[Moved], others: Collection[Moved], views: Sequence[PointView]) -> list[Moved]:
    """
    Who else answered until this guest stopped, and then had no answer for others, though nobody announced it?

    Only a machine whose own MAC is in view, that no point shows going on, and of which nothing says that it moved with
    another stream. What the guests themselves ask for in vain tells of their own way. It is named, and nothing more
    than that is sure: it may have stopped by itself.

    Parameters
    ----------
    others : guests of other moves, which need no second explanation
    """
    moments = [at for guest in guests if (at := announced_at(guest)) is not None]
    if not moments:
        return []
    moment, places = min(moments), [view for guest in guests for view, _ in guest.heard]
    near = [view for view in views if any(is_compared(view, place) for place in places)]
    known = {address for guest in (*guests, *others) for address in guest.ips}
    announced = {series.mac for view in views for series in view.series} | {guest.mac for guest in (*guests, *others)}
    found: dict[int, list[_Stopped]] = {}
    for one in (one for view in near for one in _stopped_at(view, on_point(view, moment), known)):
        if one.mac not in announced and not any(_goes_on(v, one.address, on_point(v, moment)) for v in near):
            found.setdefault(one.mac, []).append(one)
    told = []
    for mac, of_it in sorted(found.items()):
        addresses = tuple(sorted({one.address for one in of_it}))
        best = max(of_it, key=lambda one: (one.came_back, one.missed))
        told.append(Moved(mac, addresses, (), "low", best.because, is_beside=True))
    return told


def _stopped_at(view: PointView, when: int, known: Collection[Address]) -> Iterator[_Stopped]:
    """Which machines beside this point answered before that time, and were then asked in vain? With what shows it."""
    j = view.journal
    rows = np.flatnonzero((np.abs(j.ts_ns - when) <= BESIDE_NS) & (j.ip_version != 0))
    rows = rows[~is_one_of(j.src_high[rows], j.src_low[rows], known)]
    asked = rows[(j.eth_dst[rows] & GROUP_BIT) == 0]
    asked = asked[wants_answer(j, asked) & (j.ip_protocol[asked] != IP_UDP)]
    for high, low in zip(*distinct_addresses(j.dst_high[asked], j.dst_low[asked])[:2], strict=True):
        address = (int(high), int(low))
        sent = np.flatnonzero((j.src_high == high) & (j.src_low == low) & (j.ip_version != 0))
        times = np.sort(j.ts_ns[sent])
        before = times[times <= when]
        if address in known or len(before) < LEAST_ASKED or before[-1] < when - BESIDE_NS:
            continue
        spoke = int(before[-1])
        until = int(times[len(before)]) if len(before) < len(times) else view.last_ts
        usual = int(np.median(np.diff(before)))
        macs = np.unique(j.eth_src[sent])
        if len(macs) != 1 or int(macs[0]) == NO_MAC or hops_from_ttl(int(j.ttl[sent].max())):
            continue
        came_back = len(before) < len(times)
        missed = _missed(view, address, spoke, until, known)
        missed = missed[:-1] if came_back else missed  # the last is what it answered when it came back
        if len(missed) < LEAST_ASKED or until - spoke < max(LONGER * usual, LEAST_NS):
            continue
        lost = f"{count_of(len(missed), 'request')} to it had no answer"
        how_long = f"for {(until - spoke) / NS_PER_MS:,.0f} ms" if came_back else "to the capture's end"
        because = (
            f"nobody announced it, but {ip_text(*address)} fell silent when the announced guest did: at {view.name} "
            f"{lost} {how_long}, from frame {int(j.frame[missed[0]])} on; it may have moved in the same stream"
        )
        yield _Stopped(int(macs[0]), address, came_back, len(missed), because)


def _missed(view: PointView, address: Address, since: int, until: int, known: Collection[Address]) -> I64:
    """Which requests of others than the guests did this address owe an answer between these times? Rows."""
    j = view.journal
    rows = np.flatnonzero((j.dst_high == np.uint64(address[0])) & (j.dst_low == np.uint64(address[1])))
    rows = rows[(j.ts_ns[rows] > since) & (j.ts_ns[rows] < until) & (j.ip_version[rows] != 0)]
    rows = rows[wants_answer(j, rows) & (j.ip_protocol[rows] != IP_UDP)]
    missed: I64 = rows[~is_one_of(j.src_high[rows], j.src_low[rows], known)]
    return missed


def _goes_on(view: PointView, address: Address, when: int) -> bool:
    """Does this point show the address speak on over that time, no slower than before?"""
    j = view.journal
    times = np.sort(j.ts_ns[(j.src_high == address[0]) & (j.src_low == address[1]) & (j.ip_version != 0)])
    after = int(np.searchsorted(times, when, side="right"))
    usual = np.median(np.diff(times[:after])) if after > 1 else 0
    return bool(0 < after < len(times) and times[after] - times[after - 1] < max(LONGER * usual, LEAST_NS))
