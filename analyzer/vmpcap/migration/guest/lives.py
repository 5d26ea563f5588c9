"""Did a machine go on, or begin anew? Connections that continue, signs of a start (domain notes 4.16)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import IPV4_MAPPED, ip_text
from vmpcap.terms.arrays import MIXER
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import IP_TCP, IP_UDP, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

DHCP_CLIENT: Final = 68
DHCP_SERVER: Final = 67
PROBE: Final = NUMBER_OF["arp_probe"]
CARD_STARTS: Final = NUMBER_OF["nd_probe"]
LINK_LOCAL6: Final = 0xFE80 >> 6
"""The upper ten bits of fe80::/10 (RFC 4291 2.4)."""
LEAST_PROBES: Final = 2
"""RFC 5227 2.1.1 sends three; one alone may be a scanner's or a duplicate check of a lease."""

FAR_NS: Final = 300 * NS_PER_S
"""So far from the moment a connection is looked for: longer silences are beyond what TCP usually outlives."""
NEAR_BYTES: Final = 1 << 20
"""So near must a sequence number be to be the same connection's: more than a window that was under way is another's."""
MOST_SEGMENTS: Final = 20_000
"""Of each direction, at each point, around a moment."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection of the guest on both sides of a moment: between which frames, and how it went on."""

    peer: str
    peer_port: int
    port: int
    own: tuple[int, int]
    """Its own address there."""
    before: tuple[PointView, int]
    """The guest's last segment before: point, frame."""
    after: tuple[PointView, int]
    is_reset: bool
    """The guest denied it afterwards: its first segment was a reset."""


def connections_across(
    guest: Moved,
    views: Sequence[PointView],
    moment: int,
    most: int | None = None,
    then_at: Sequence[PointView] | None = None,
) -> list[Connected]:
    """
    Which TCP connections did the guest speak of before and after this moment on the reference clock?

    Same addresses, same ports, and the first sequence number after is where the last one before left off: a machine
    that started anew would have to guess it (RFC 6528). One that denies a connection with a reset takes the number from
    the segment that it denies; it is told apart, unless both ends had closed the connection in view: who kept its
    memory denies that, too. Of each side and point at most the `most` segments nearest to the moment are looked at.
    `then_at`: only what came to these points counts as after.
    """
    last: dict[tuple[int, ...], tuple[int, int, PointView, int]] = {}
    first: dict[tuple[int, ...], tuple[int, int, bool, PointView, int]] = {}
    for view in views:
        j, when = view.journal, on_point(view, moment)
        rows = frames_of(view, guest).sent_ip
        rows = rows[(j.ip_protocol[rows] == IP_TCP) & (np.abs(j.ts_ns[rows] - when) <= FAR_NS)]
        early = rows[j.ts_ns[rows] < when][::-1][:most]
        late = rows[j.ts_ns[rows] >= when][: 0 if then_at is not None and view not in then_at else most]
        for row in early[first_of_each(view, early)].tolist():
            flags, key, ts = int(j.tcp_flags[row]), _key(view, row), on_reference(view, int(j.ts_ns[row]))
            end = int(j.tcp_seq[row]) + int(j.payload_bytes[row]) + bool(flags & TCP_SYN) + bool(flags & TCP_FIN)
            if not flags & TCP_RST and (key not in last or last[key][0] < ts):
                last[key] = (ts, end, view, int(j.frame[row]))
        for row in late[first_of_each(view, late)].tolist():
            flags, key, ts = int(j.tcp_flags[row]), _key(view, row), on_reference(view, int(j.ts_ns[row]))
            if not flags & TCP_SYN and (key not in first or first[key][0] > ts):
                first[key] = (ts, int(j.tcp_seq[row]), bool(flags & TCP_RST), view, int(j.frame[row]))
    found = []
    for key in sorted(last.keys() & first.keys()):
        _, end, at, frame = last[key]
        _, seq, is_reset, later_at, later = first[key]
        apart = (seq - end + 2**31) % 2**32 - 2**31
        if abs(apart) <= NEAR_BYTES and not (is_reset and _was_closed(key, guest, views, moment)):
            peer = ip_text(key[0], key[1])
            found.append(Connected(peer, key[3], key[2], (key[4], key[5]), (at, frame), (later_at, later), is_reset))
    return found


def _was_closed(key: tuple[int, ...], guest: Moved, views: Sequence[PointView], moment: int) -> bool:
    """Did both ends end this connection with a FIN, or either with a reset, before that moment, since its last SYN?"""
    high, low, port, peer_port, own_high, own_low = key
    opened, ends, denied = -1, [-1, -1], -1
    for view in views:
        j, when, frames = view.journal, on_point(view, moment), frames_of(view, guest)
        for side, rows in enumerate((frames.sent_ip, frames.asked)):
            own, far = ("src", "dst") if side == 0 else ("dst", "src")
            mine = (j.ip_protocol[rows] == IP_TCP) & (j.ts_ns[rows] < when)
            for name, value in (
                (f"{own}_high", own_high),
                (f"{own}_low", own_low),
                (f"{own}_port", port),
                (f"{far}_high", high),
                (f"{far}_low", low),
                (f"{far}_port", peer_port),
            ):
                mine &= getattr(j, name)[rows] == value
            at = rows[mine]
            flags = j.tcp_flags[at]
            last_syn, last_fin, last_reset = (
                max((on_reference(view, int(ts)) for ts in j.ts_ns[at[(flags & flag) != 0]][-1:]), default=-1)
                for flag in (TCP_SYN, TCP_FIN, TCP_RST)
            )
            opened, denied = max(opened, last_syn), max(denied, last_reset)
            ends[side] = max(ends[side], last_fin)
    return min(ends) > opened or denied > opened


def spoke_tcp(guest: Moved, views: Sequence[PointView], since: int, until: int) -> bool:
    """Did the guest send data by TCP in that time of the reference clock?"""
    for view in views:
        j, rows = view.journal, frames_of(view, guest).sent_ip
        rows = rows[(j.ip_protocol[rows] == IP_TCP) & (j.payload_bytes[rows] > 0)]
        if ((j.ts_ns[rows] >= on_point(view, since)) & (j.ts_ns[rows] < on_point(view, until))).any():
            return True
    return False


def opened_anew(guest: Moved, views: Sequence[PointView], moment: int) -> list[tuple[PointView, int]]:
    """
    Which SYNs after this moment take the place of a connection that nobody had closed, and of which nothing is heard?

    The same two machines, the same service; what stood at one point may be opened anew at another. Whoever opens
    another beside one that stands tells nothing.
    """
    open_ones: set[tuple[int, int, int]] = set()
    closed: set[tuple[int, int, int]] = set()
    alive: set[tuple[int, int, int]] = set()
    calls: list[tuple[tuple[int, int], bool, PointView, int]] = []
    for view in views:
        j, when = view.journal, on_point(view, moment)
        frames = frames_of(view, guest)
        for sent, theirs in ((True, frames.sent_ip), (False, frames.asked)):
            near = (j.ip_protocol[theirs] == IP_TCP) & (np.abs(j.ts_ns[theirs] - when) <= FAR_NS)
            rows = theirs[near][-MOST_SEGMENTS:]
            peer, here, there = (j.dst_low, j.src_port, j.dst_port) if sent else (j.src_low, j.dst_port, j.src_port)
            columns = (peer[rows], here[rows], there[rows], j.tcp_flags[rows], j.payload_bytes[rows], j.ts_ns[rows])
            for who, port, other, flags, size, ts, row in zip(*(c.tolist() for c in (*columns, rows)), strict=True):
                key = (who, port, other)
                if ts < when:
                    open_ones |= {key} if size and sent else set()
                    closed |= {key} if flags & (TCP_FIN | TCP_RST) else set()
                elif flags & (TCP_SYN | TCP_ACK) == TCP_SYN:
                    calls.append(((who, other if sent else port), sent, view, row))
                elif sent and not flags & (TCP_RST | TCP_SYN):
                    alive.add(key)
    gone = open_ones - closed - alive
    served, called = {(who, port) for who, port, _ in gone}, {(who, other) for who, _, other in gone}
    return [
        (view, int(view.journal.frame[row])) for name, sent, view, row in calls if name in (called if sent else served)
    ]


def _key(view: PointView, row: int) -> tuple[int, ...]:
    j = view.journal
    columns = (j.dst_high, j.dst_low, j.src_port, j.dst_port, j.src_high, j.src_low)
    return tuple(int(column[row]) for column in columns)


def first_of_each(view: PointView, rows: I64) -> I64:
    """Where in these rows does each connection stand first?"""
    j = view.journal
    name = np.zeros(len(rows), np.uint64)
    for column in (j.dst_high, j.dst_low, j.src_port, j.dst_port, j.src_low):
        name = (name ^ column[rows].astype(np.uint64)) * MIXER
        name ^= name >> np.uint64(31)
    places: I64 = np.unique(name, return_index=True)[1]
    return places


@dataclass(frozen=True, slots=True)
class Start:
    """Signs that a machine starts: when the first came on the reference clock, what they are, where they stand."""

    ts: int
    dhcp: int
    probes: int
    frames: tuple[tuple[PointView, int], ...]
    cards: int = 0
    """Checks whether a link-local address is free: a network card that starts does this once (RFC 4862 5.4)."""

    @property
    def words(self) -> str:
        """What was seen, in words."""
        dhcp = "DHCP without an address" if self.dhcp else ""
        probes = f"{self.probes} ARP probes" if self.probes else ""
        cards = "a check whether its link-local address is free" if self.cards else ""
        return " and ".join(word for word in (dhcp, probes, cards) if word)


def signs_of_start(mac: int, views: Iterable[PointView], since: int, until: int) -> Start | None:
    """
    Did this machine ask for an address as one does that has none, in that time of the reference clock?

    DHCP from 0.0.0.0 (RFC 2131 4.1: a client that renews has an address), ARP probes (RFC 5227), or a check whether its
    link-local address is free (RFC 4862 5.4; of other addresses some systems take new ones every day). A link that
    comes up again makes some systems do the same: this alone is no proof of a start.
    """
    best: Start | None = None
    for view in views:
        begin, end = on_point(view, since), on_point(view, until)
        asked = dhcp_rows(view, mac)
        asked = asked[(view.journal.ts_ns[asked] >= begin) & (view.journal.ts_ns[asked] <= end)]
        rows = view.arps
        probed = np.flatnonzero((rows.kind == PROBE) & (rows.sender_mac == np.uint64(mac)))
        probed = probed[(rows.ts_ns[probed] >= begin) & (rows.ts_ns[probed] <= end)]
        cards = card_rows(view, mac)
        cards = cards[(rows.ts_ns[cards] >= begin) & (rows.ts_ns[cards] <= end)]
        if not len(asked) and len(probed) < LEAST_PROBES and not len(cards):
            continue
        marks = [(int(view.journal.ts_ns[row]), int(view.journal.frame[row])) for row in asked[:2]]
        marks += [(int(rows.ts_ns[row]), int(rows.frame[row])) for row in probed[:2]]
        marks += [(int(rows.ts_ns[row]), int(rows.frame[row])) for row in cards[:1]]
        frames = tuple((view, frame) for _, frame in sorted(marks))
        found = Start(on_reference(view, min(marks)[0]), len(asked), len(probed), frames, len(cards))
        if best is None or (_kinds_of(found), -found.ts) > (_kinds_of(best), -best.ts):
            best = found
    return best


def _kinds_of(start: Start) -> int:
    return bool(start.dhcp) + bool(start.probes) + bool(start.cards)


def card_rows(view: PointView, mac: int | None) -> I64:
    """Which neighbour discovery asks whether a link-local address is free; of this MAC, or of any?"""
    rows = view.arps
    asks = (rows.kind == CARD_STARTS) & (rows.target_high >> np.uint64(54) == LINK_LOCAL6)
    return np.flatnonzero(asks if mac is None else asks & (rows.eth_src == np.uint64(mac)))


def dhcp_rows(view: PointView, mac: int | None) -> I64:
    """Which rows of the journal are DHCP of a client that has no address; of this MAC, or of any?"""
    if "dhcp_rows" not in view.found:
        j = view.journal
        mask = (j.ip_protocol == IP_UDP) & (j.src_port == DHCP_CLIENT) & (j.dst_port == DHCP_SERVER)
        view.found["dhcp_rows"] = np.flatnonzero(mask & (j.src_high == 0) & (j.src_low == np.uint64(IPV4_MAPPED)))
    rows: I64 = view.found["dhcp_rows"]
    return rows if mac is None else rows[view.journal.eth_src[rows] == np.uint64(mac)]
