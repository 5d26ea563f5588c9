"""Machines that were started elsewhere, not moved live: HA restarts, cold migrations (domain notes 4.16)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.whose import addresses_of
from vmpcap.migration.guest.cold_moves import carried, readdressed
from vmpcap.migration.guest.denials import announcements, denied_by, start_by_denial
from vmpcap.migration.guest.lives import (
    LINK_LOCAL6,
    PROBE,
    Start,
    card_rows,
    connections_across,
    dhcp_rows,
    opened_anew,
    signs_of_start,
)
from vmpcap.migration.guest.restart_places import (
    moved_site,
    one_place_shows_it,
    place_since,
    sites_of,
    stayed,
    talked_at,
)
from vmpcap.migration.moved import Moved, guest_name, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, IPV4_MAPPED
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_TCP, TCP_RST

I64 = npt.NDArray[np.int64]

SILENT_NS: Final = 2 * NS_PER_S
"""A machine that starts has been silent for longer than a live move lasts."""
STARTING_NS: Final = 120 * NS_PER_S
"""A host announces a machine when it switches it on: so long may it take to boot until it asks for its address."""
LATE_NS: Final = 5 * NS_PER_S
"""One so long after the first sign is its own, too: the first may be out of view, or wait for the host's next tick."""
DYING_NS: Final = NS_PER_S
"""Packets that its host sent before it died may be seen this long after the stream's last."""
USUAL_TIMES: Final = 2
"""A silence so many times the longest of its own before is none of its habits."""
LEAST_DHCP: Final = 2
"""A machine without a lease discovers, and requests what it is offered."""
LEAST_ASKED: Final = 3
MOST_MACHINES: Final = 16
"""More machines that start are not looked at: a whole host that comes up tells by a few."""

NOWHERE: Final = np.uint64(IPV4_MAPPED)
REACHED: Final = {
    "yes": "others reach it again",
    "no": "nobody reaches it since",
    "undecided": "nobody is seen to ask it since",
}
"""What became of a machine that was started anew."""

NOT_PROVEN: Final = "; nothing shows that it lost its memory: its link may have been down as well"
ONE_PLACE: Final = "; one place shows it before and since: whether another host started it is not in view"
NOT_THE_SAME: Final = "; its MAC is in view nowhere before: what had its address then may have been another machine"


@dataclass(frozen=True, slots=True)
class Restart:
    """A machine that was started anew where no migration stream carried it."""

    name: Literal["ha", "cold_migration"]
    mac: int
    answer: Literal["yes", "no", "undecided"]
    because: str
    frames: tuple[tuple[PointView, int], ...]
    short: str
    """Who, and what became of it, for a headline."""
    latency_ns: int | None = None
    """From its first sign of the start to the first answer to somebody; None without one."""

    @property
    def sentence(self) -> str:
        """All of it, with where to look."""
        places: dict[str, list[int]] = {}
        for view, frame in self.frames:
            places.setdefault(view.name, []).append(frame)
        where = "; ".join(
            f"{name}: frame.number in {{{', '.join(map(str, sorted(set(numbers))))}}}"
            for name, numbers in places.items()
        )
        return f"{self.name} (worked: {self.answer}): {self.because} ({where})"


def find_restarts(views: Sequence[PointView], moved: Collection[int]) -> list[Restart]:
    """
    Which machines fell silent, and were started again by a host, without a migration stream?

    Only those that lived before in view, and whose start a hypervisor announced or that came up in the other site's
    domain: a machine that starts again where it stood is an ordinary reboot, by its talk in one domain alone.

    Parameters
    ----------
    moved : MACs of the guests that migrations carried
    """
    asking = {int(mac) for view in views for mac in np.unique(view.journal.eth_src[dhcp_rows(view, None)])}
    for view in views:
        probing = view.arps.kind == PROBE
        asking |= {int(mac) for mac in np.unique(view.arps.sender_mac[probing])}
        asking |= {int(mac) for mac in np.unique(view.arps.eth_src[card_rows(view, None)])}
    switched_on = {s.mac for v in views for s in v.series if s.boot != "answered" and s.count_of("rarp_announce")}
    two_sites = {"domain:source", "domain:destination"} <= {view.role for view in views}
    asking |= {mac for view in views for mac in denied_by(view)} & switched_on
    candidates = sorted(mac for mac in asking - set(moved) if two_sites or mac in switched_on)[:MOST_MACHINES]
    found = [_restart_of(mac, views) for mac in candidates]
    known = {restart.mac for restart in found if restart is not None}
    quiet = sorted(switched_on - set(moved) - known)[:MOST_MACHINES] if two_sites else []
    found += [_came_back_elsewhere(mac, views) for mac in quiet]
    return [restart for restart in found if restart is not None]


def _came_back_elsewhere(mac: int, views: Sequence[PointView]) -> Restart | None:
    """
    Did a machine that asks nobody for its address fall silent at one site, and take up new connections at the other?

    Announced there by its host after a silence longer than any of its own before and than a live move, with none of its
    connections going on. It denied none, so that nothing shows that it lost its memory: never more than undecided.
    """
    life = _life(mac, views)
    for ts, view, frame in announcements(mac, views):
        before, after = [one for one in life if one[0] < ts], [one for one in life if one[0] >= ts]
        if not before or not after:
            continue
        last, silent = before[-1], ts - before[-1][0]
        usual = max((b[0] - a[0] for a, b in pairwise(before)), default=0)
        old, new = (talked_at(mac, views, ts, late) for late in (False, True))
        if silent <= max(SILENT_NS, USUAL_TIMES * usual) or len(old) != 1 or len(new) != 1 or old == new:
            continue
        ips = sorted(_addresses(mac, views, ts, False) | _addresses(mac, views, ts, True))
        guest = Moved(mac, tuple(ips), (), "high", "")
        anew = opened_anew(guest, views, ts)
        if not anew or connections_across(guest, views, ts):
            continue
        who = guest_name(guest)
        head = "seems to have been started anew"
        _, why, more, reached = _answers(mac, views, ts, last[0], set(ips), "its host announced it")
        words = (
            f"{who} {head}: silent for {silent / NS_PER_S:.1f} s after its last frame, then its host's RARP at "
            f"{view.name}, and from then on it talked at the other site alone; others opened anew what they had with "
            f"it, and no connection of before goes on; {why}; it denied none of these and asked for no address: "
            "nothing shows that it lost its memory, and it may have been moved while it was quiet"
        )
        seen = (last[1:], (view, frame), anew[0], *more)
        latency = None if reached is None else reached - ts
        return Restart("ha", mac, "undecided", words, seen, f"{who} {head} (ha), or was moved while quiet", latency)
    return None


def _restart_of(mac: int, views: Sequence[PointView]) -> Restart | None:
    start = _start_after_silence(mac, views, _life(mac, views)) or _start_by_denial(mac, views)
    is_same = start is not None
    start = start or _start_of_its_address(mac, views)
    if start is None:
        return None
    begun, last, signs = start
    by_host = not signs.words
    announced = _announced(mac, views, begun, last[0])
    lived = last[0] + 1
    if not announced and sites_of(mac, views, lived, late=False) & sites_of(mac, views, lived, late=True):
        return None
    old, new = (_addresses(mac, views, begun, late) for late in (False, True))
    if stayed(mac, views, lived) or (not announced and not moved_site(mac, views, lived)):
        return None
    guest = Moved(mac, tuple(sorted(old | new)), (), "high", "")
    across = connections_across(guest, views, begun)
    if any(not one.is_reset for one in across):
        return None  # it went on: whatever it was, it was no start
    is_readdressed = bool(old and new) and not old & new
    disk = carried(views, last[0], begun)
    name: Literal["ha", "cold_migration"] = "cold_migration" if disk or is_readdressed else "ha"
    anew = opened_anew(guest, views, begun)
    asked_as_new = signs.dhcp >= LEAST_DHCP or signs.probes  # a link that came up asks once for the lease that it has
    is_proven = bool(disk or is_readdressed or across or (anew and asked_as_new) or moved_site(mac, views, lived))
    is_proven &= is_same
    said = signs.words or "its host's RARP"
    if not is_proven and not signs.dhcp:
        return None  # a link that came up makes a machine probe for its address, too
    head = "was not moved live but started anew" if is_proven else "seems to have been started anew"
    who = guest_name(Moved(mac, tuple(sorted(old if is_same else new)), (), "high", ""))
    whose = "its" if is_same else "its address's"
    words = [f"{who} {head}: silent for {(begun - last[0]) / NS_PER_S:.1f} s after {whose} last frame, then {said}"]
    seen = [last[1:], *signs.frames, *announced[:2]]
    words += ["announced by its host's RARP"] if announced and not by_host else []
    moved = readdressed(mac, views, begun, old, new) if is_readdressed else ""
    did = [
        disk,
        (moved, None) if moved else None,
        place_since(mac, views, lived),
        (f"it denied {count_of(len(across), 'connection')} of before with a reset", across[0].after)
        if across
        else None,
        ("others opened anew what they had with it", anew[0]) if anew else None,
    ]
    words += [told[0] for told in did if told is not None]
    seen += [told[1] for told in did if told is not None and told[1] is not None]
    begin = "its host announced it" if by_host else "it began to start"
    answer, why, more, reached = _answers(mac, views, begun, last[0], new, begin)
    became = REACHED[answer]
    if not is_proven:
        answer = "undecided"
        why += NOT_PROVEN if is_same else NOT_THE_SAME
    elif not disk and not is_readdressed and one_place_shows_it(mac, views, lived):
        why += ONE_PLACE
    short = f"{who} {head} ({name}), and {became}"
    latency = None if reached is None else reached - begun
    return Restart(name, mac, answer, "; ".join([*words, why]), (*seen, *more), short, latency)


def _start_after_silence(
    mac: int, views: Sequence[PointView], life: Sequence[tuple[int, PointView, int]]
) -> tuple[int, tuple[int, PointView, int], Start] | None:
    """When did it start after a silence that followed a life in view: time, last sign of life, signs of the start."""
    if not life or not any(_talked(mac, view) for view in views):
        return None
    times = np.array([one[0] for one in life])
    gaps = np.append(np.diff(times), max(on_reference(v, v.last_ts) for v in views) - times[-1])
    for place in np.flatnonzero(gaps >= SILENT_NS).tolist():
        since = int(times[place]) + 1
        until = min(int(times[place] + gaps[place]) + 1, since + int(gaps[place])) + LATE_NS
        signs = signs_of_start(mac, views, since, until)
        if signs is not None and signs.ts - since >= SILENT_NS:
            return signs.ts, life[place], signs
    return None


def _start_of_its_address(mac: int, views: Sequence[PointView]) -> tuple[int, tuple[int, PointView, int], Start] | None:
    """
    The same where no point shows its MAC before: by the life of its address, as routers passed it on.

    Only where a point that heard its host announce it was there all the time, and had nothing of it while it lived.
    """
    own, ips = _life(mac, views), tuple(sorted(_addresses(mac, views, 0, True)))
    life, passed_on = list(own), Moved(mac, ips, (), "high", "")
    for view in views:
        j, rows = view.journal, frames_of(view, passed_on).sent_ip
        rows = rows[j.eth_src[rows] != np.uint64(mac)]
        rows = rows[_ends_of_seconds(j.ts_ns[rows])]
        life += [(on_reference(view, int(j.ts_ns[row])), view, int(j.frame[row])) for row in rows.tolist()]
    start = _start_after_silence(mac, views, sorted(life, key=lambda one: one[0]))
    if start is None or any(one[0] < start[0] for one in own):
        return None
    hearing = [view for view, _ in _announced(mac, views, start[0], start[1][0])]
    return start if any(on_reference(view, view.first_ts) < start[1][0] for view in hearing) else None


def _announced(mac: int, views: Sequence[PointView], begun: int, last: int) -> list[tuple[PointView, int]]:
    """Where, and in which frame, did its host announce it for this start, while it was silent?"""
    return [
        (view, s.frames[0])
        for view in views
        for s in view.series
        if s.mac == mac
        and s.count_of("rarp_announce")
        and max(last, begun - STARTING_NS) < on_reference(view, s.first_ts) <= begun + LATE_NS
    ]


def _start_by_denial(mac: int, views: Sequence[PointView]) -> tuple[int, tuple[int, PointView, int], Start] | None:
    """The same of a machine that asks nobody for its address: by what it denies after its host announced it."""
    if not any(_talked(mac, view) for view in views):
        return None
    ips = {one for late in (False, True) for one in _addresses(mac, views, 0, late)}
    start = start_by_denial(Moved(mac, tuple(sorted(ips)), (), "high", ""), views, _life(mac, views))
    return None if start is None else (start[0].ts, start[1], start[0])


def _life(mac: int, views: Sequence[PointView]) -> list[tuple[int, PointView, int]]:
    """
    Its frames with an address of its own, by time: time on the reference clock, point, frame.

    The first and the last of each second at each point: enough to see every silence of seconds, from its last frame on.
    """
    found: list[tuple[int, PointView, int]] = []
    for view in views:
        j, rows = view.journal, view.arps
        mine = np.flatnonzero(_of(j, mac) & ((j.src_high != 0) | (j.src_low != NOWHERE)))
        mine = mine[_ends_of_seconds(j.ts_ns[mine])]
        found += [(on_reference(view, int(j.ts_ns[r])), view, int(j.frame[r])) for r in mine.tolist()]
        told = (rows.sender_mac == np.uint64(mac)) & (rows.sender_low != NOWHERE) & (rows.sender_low != 0)
        at = np.flatnonzero(told)
        at = at[_ends_of_seconds(rows.ts_ns[at])]
        found += [(on_reference(view, int(rows.ts_ns[r])), view, int(rows.frame[r])) for r in at.tolist()]
    return sorted(found, key=lambda one: one[0])


def _ends_of_seconds(ts: I64) -> npt.NDArray[np.bool_]:
    """Which of these times, in the order of capture, begin or end a second?"""
    if not len(ts):
        return np.zeros(0, np.bool_)
    turns = np.diff(ts // NS_PER_S) != 0
    ends: npt.NDArray[np.bool_] = np.append(True, turns) | np.append(turns, True)
    return ends


def _talked(mac: int, view: PointView) -> bool:
    """Did it ever send unicast IP? What only broadcasts has no life that could be lost."""
    j = view.journal
    return bool((_of(j, mac) & ((j.eth_dst & GROUP_BIT) == 0)).any())


def _of(j: JournalColumns, mac: int) -> npt.NDArray[np.bool_]:
    mine: npt.NDArray[np.bool_] = (j.eth_src == np.uint64(mac)) & (j.ip_version != 0)
    return mine


def _addresses(mac: int, views: Sequence[PointView], begun: int, late: bool) -> set[tuple[int, int]]:
    """Which addresses did it use before that time, or from then on?"""
    found: set[tuple[int, int]] = set()
    for view in views:
        j, rows, when = view.journal, view.arps, on_point(view, begun)
        found |= addresses_of(j.take((j.eth_src == np.uint64(mac)) & ((j.ts_ns >= when) == late)), [mac])
        told = (rows.sender_mac == np.uint64(mac)) & ((rows.ts_ns >= when) == late) & (rows.sender_low != 0)
        for row in np.flatnonzero(told & (rows.sender_low != NOWHERE) & (rows.kind != PROBE)).tolist():
            found.add((int(rows.sender_high[row]), int(rows.sender_low[row])))
    return {one for one in found if not _is_link_local(one)}


def _is_link_local(address: tuple[int, int]) -> bool:
    """169.254/16 or fe80::/10: every machine has one of these beside its own."""
    high, low = address
    return high >> 54 == LINK_LOCAL6 or (high == 0 and low >> 16 == (IPV4_MAPPED | 0xA9FE0000) >> 16)


def _answers(
    mac: int, views: Sequence[PointView], begun: int, last: int, addresses: set[tuple[int, int]], begin: str
) -> tuple[Literal["yes", "no", "undecided"], str, list[tuple[PointView, int]], int | None]:
    """
    Do others reach it since it started, by its MAC or, behind routers, by the addresses that it has now?

    With words, frames, and when on the reference clock the first of them was answered.
    """
    asked_in_vain: list[tuple[PointView, int, int]] = []
    for view in views:
        j, when = view.journal, on_point(view, begun)
        later = (j.ts_ns >= when) & (j.ip_version != 0)
        called, spoke = j.eth_dst == np.uint64(mac), _of(j, mac)
        for high, low in addresses:
            called = called | ((j.dst_high == np.uint64(high)) & (j.dst_low == np.uint64(low)))
            spoke = spoke | ((j.src_high == np.uint64(high)) & (j.src_low == np.uint64(low)))
        to_it = np.flatnonzero(later & called & ~spoke & ((j.eth_src & GROUP_BIT) == 0))
        from_it = np.flatnonzero(later & spoke & ((j.eth_dst & GROUP_BIT) == 0))
        for row in to_it.tolist()[:1000]:
            back = from_it[(j.ts_ns[from_it] >= j.ts_ns[row]) & (j.dst_low[from_it] == j.src_low[row])]
            back = back[(j.src_low[back] == j.dst_low[row]) & (j.tcp_flags[back] & TCP_RST == 0)]
            if len(back):
                ts = on_reference(view, int(j.ts_ns[back[0]]))
                since, whole = (ts - begun) / NS_PER_S, (ts - last) / NS_PER_S
                words = f"others reach it again since {since:.1f} s after {begin}"
                words += f" ({whole:.1f} s after its last frame before), at {view.name}"
                return "yes", words, [(view, int(j.frame[row])), (view, int(j.frame[back[0]]))], ts
        if len(to_it) >= LEAST_ASKED and j.ts_ns[to_it[-1]] - j.ts_ns[to_it[0]] >= NS_PER_S:
            asked_in_vain.append((view, int(j.frame[to_it[-1]]), len(to_it)))
    if asked_in_vain:
        view, frame, count = asked_in_vain[0]
        return (
            "no",
            f"{count_of(count, 'packet')} for it since stayed without an answer at {view.name}",
            [(view, frame)],
            None,
        )
    return "undecided", "nobody is seen to ask it since", [], None


@dataclass(frozen=True, slots=True)
class Began:
    """A guest of a migration that began anew after it."""

    signs: Start
    silent_ns: int
    denied: int
    frames: tuple[tuple[PointView, int], ...]


def began_anew(guest: Moved, views: Sequence[PointView], since: int, end: int, is_closed: bool = True) -> Began | None:
    """
    Did a guest that a stream was to carry, from one time on the reference clock to another, start instead of going on?

    Signs of a start alone may be a link that came up: it takes connections that the guest denies, or that were opened
    anew after it had been silent for longer than a live move lasts. A guest that talked after it had moved, or had been
    left where it was, and starts then, was rebooted: that is no part of the move. Where nobody ever closed the stream
    (`is_closed`), a guest that asks for an address after such a silence was not carried by it.
    """
    heard = min((on_reference(view, series.first_ts) for view, series in guest.heard), default=end)
    signs = signs_of_start(guest.mac, views, since, max(heard, end) + STARTING_NS)
    if signs is None or _talked_between(guest, views, heard if heard > end else end + DYING_NS, signs.ts):
        return None
    across = connections_across(guest, views, signs.ts)
    if any(not one.is_reset for one in across):
        return None
    life = [one for one in _life(guest.mac, views) if one[0] < signs.ts]
    silent = signs.ts - life[-1][0] if life else 0
    denied = [one.after for one in across if one.is_reset]
    anew = opened_anew(guest, views, signs.ts)
    if not denied and (silent < SILENT_NS or not (anew or (signs.dhcp and not is_closed))):
        return None
    return Began(signs, silent, len(denied), (*signs.frames, *denied[:2], *anew[:1]))


def _talked_between(guest: Moved, views: Sequence[PointView], since: int, until: int) -> bool:
    """
    Did the guest send packets of its own to somebody in that time of the reference clock?

    Not resets, which a firewall sends in its name, and nothing of its link-local address, which a machine has before it
    asks for another.
    """
    for view in views:
        j, rows = view.journal, frames_of(view, guest).sent_ip
        rows = rows[(j.ts_ns[rows] > on_point(view, since)) & (j.ts_ns[rows] < on_point(view, until))]
        talk = ((j.eth_dst[rows] & GROUP_BIT) == 0) & (j.src_high[rows] >> np.uint64(54) != LINK_LOCAL6)
        talk &= (j.ip_protocol[rows] != IP_TCP) | (j.tcp_flags[rows] & TCP_RST == 0)
        if talk.any():
            return True
    return False
