"""Who goes on to send to a guest's old place alone, while the guest shows itself at its new one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.whose import Address
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.answered_before import Service, answered_to_the_last, services_asked
from vmpcap.migration.packets.exchanges import functional_proof, wants_answer
from vmpcap.migration.packets.not_seen_again import shows_all_since
from vmpcap.migration.packets.one_direction import answers_the_unseen
from vmpcap.migration.packets.own_speech import may_answer
from vmpcap.migration.packets.sent_in_vain import sent_in_vain
from vmpcap.migration.packets.to_the_end import LEAST_NS, asked_to_the_end
from vmpcap.migration.sightings import delivered, frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP, TCP_RST

LEAST_PEERS: Final = 3
"""One or two peers' packets alone may take a link of the new host that has no point."""
LEAST_UNICAST: Final = 3
"""So many unicast packets of a guest are no flood."""

NUMBERS: Final = {"icmp": IP_ICMP, "icmpv6": IP_ICMPV6, "tcp": IP_TCP, "udp": IP_UDP}

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a point at the guest's old place shows that nobody answers on any way."""

    old: PointView
    new: tuple[PointView, ...]
    services: Mapping[Service, I64]
    """Those that had answered until the guest left, with what was asked of each since: rows of the old place."""
    is_shorter: bool = False
    """Does what shows the new place end before what shows the old one?"""

    @property
    def peers(self) -> set[Address]:
        return {service[:2] for service in self.services}

    @property
    def rows(self) -> I64:
        """All that was asked, by time."""
        every: I64 = np.sort(np.concatenate([np.zeros(0, np.int64), *self.services.values()]))
        return every

    def of(self, peer: Address, protocol: str, guest_port: int, is_echo: bool) -> I64:
        """What was asked of this service of the guest by this peer?"""
        return self.services.get((*peer, NUMBERS[protocol], guest_port, is_echo), np.zeros(0, np.int64))

    def of_stream(self, stream: PeerStream) -> I64:
        """What was asked in this stream of a peer, and in others of the same to the same service."""
        return self.of(stream.peer, stream.protocol, stream.guest_port, stream.manner == "echo")

    @property
    def end_words(self) -> str:
        """Until when is that shown?"""
        if self.old.goes_on:
            return self.old.end_words
        return "the end of the shorter capture" if self.is_shorter else "the capture's end"

    @property
    def frames(self) -> tuple[int, ...]:
        """The first two of them and the last."""
        return tuple(self.old.journal.frame[self.rows[[0, 1, -1]]].tolist())

    @property
    def words(self) -> str:
        """What shows that none of it had an answer?"""
        j, rows, new = self.old.journal, self.rows, " and ".join(view.name for view in self.new)
        lasts_s = int(j.ts_ns[rows[-1]] - j.ts_ns[rows[0]]) / NS_PER_S
        return (
            f"at {self.old.name}, its old place, {count_of(len(rows), 'packet')} of {count_of(len(self.peers), 'peer')}"
            f" that the guest had answered there went on for {lasts_s:.1f} s and until {self.end_words}; none of them"
            f" came to {new}, its new place, which shows the guest, and no answer is in view anywhere"
        )


def left_behind(guest: Moved, views: Sequence[PointView], moment: int) -> LeftBehind | None:
    """
    Whose requests arrive at the guest's old place to the end, and at none of its new one, where it is?

    Then they have no answer, whatever way that would take: nobody is where they go. Several links of the new host may
    share what is for the guest, and each show a part: so nothing at all may have come to those that are in view, nor
    may the guest answer there what they do not show. And either nothing of the guest passes its old place any more, so
    that no way leads from there to it, or those who ask are several, and the guest says nothing to them. One request
    that was answered since anywhere shows a way past all of these.
    """
    if guest.mac == NO_MAC:
        return None
    new = tuple(view for view in views if view.role == "domain:destination")
    if not new or not any(_is_on_its_way(view, guest, moment) for view in new):
        return None
    if not all(_hears_nothing(view, guest, moment) for view in new):
        return None
    old = [view for view in views if view.role == "domain:source" and _is_timed(view, new, moment)]
    if not old or any(sent_in_vain(view, guest, moment).is_heard for view in views):
        return None
    if any(_is_answered(view, new, guest, moment) for view in views if view.role != "domain:source"):
        return None
    found = []
    for view in old:
        is_cut = _is_cut(view, guest, moment)
        others = [one for one in views if not is_cut or one.role != "domain:destination"]
        told = {peer for one in others for peer in _spoken_to(one, guest, moment)}
        span = _shown_by_all(view, new, moment)
        one = LeftBehind(view, new, dict(_in_vain(view, guest, span, told)), span[1] < view.last_ts - LEAST_NS)
        if not one.services or (not is_cut and len(one.peers) < LEAST_PEERS):
            continue
        if not any(may_answer(there, view, guest, moment, one.services) for there in new):
            found.append(one)
    return max(found, key=lambda one: len(one.rows), default=None)


def _is_on_its_way(view: PointView, guest: Moved, moment: int) -> bool:
    """Does unicast of the guest pass here at its new place: its own, or the stream that carried it to its new host?"""
    j, sent = view.journal, frames_of(view, guest).sent
    sent = sent[j.ts_ns[sent] >= on_point(view, moment)]
    own = (j.eth_src[sent] == np.uint64(guest.mac)) & ((j.eth_dst[sent] & GROUP_BIT) == 0)
    return bool(len(sent) and view.streams) or int(own.sum()) >= LEAST_UNICAST


def _hears_nothing(view: PointView, guest: Moved, moment: int) -> bool:
    """Did nothing for the guest come to this point since the move, that shows all, nor what it answers without it?"""
    when, asked = on_point(view, moment), frames_of(view, guest).asked
    if not shows_all_since(view, when) or (view.journal.ts_ns[asked] >= when).any():
        return False
    return not answers_the_unseen(view, guest, when)


def _is_answered(view: PointView, new: Sequence[PointView], guest: Moved, moment: int) -> bool:
    """Was a request answered here since the move for sure, however the clocks may stand?"""
    doubts = [clock_doubt(other, on_point(other, moment), view) for other in new]
    known = [doubt for doubt in doubts if doubt is not None]
    return len(known) == len(doubts) and functional_proof(view, guest, moment + max(known)) is not None


def _is_timed(view: PointView, new: Sequence[PointView], moment: int) -> bool:
    """Does this point show all since the move, whose time its clock knows?"""
    when = on_point(view, moment)
    is_known = all(clock_doubt(other, on_point(other, moment), view) is not None for other in new)
    return is_known and shows_all_since(view, when)


def _is_cut(view: PointView, guest: Moved, moment: int) -> bool:
    """Does nothing of the guest pass its old place any more, not even what is sent to everybody?"""
    j, sent = view.journal, frames_of(view, guest).sent
    sent = sent[(j.ts_ns[sent] > on_point(view, moment)) & ((j.tcp_flags[sent] & TCP_RST) == 0)]
    return not len(sent) and guest.series_at(view) is None


def _spoken_to(view: PointView, guest: Moved, moment: int) -> set[Address]:
    """To whom does this point show the guest send since the move? No resets: a firewall sends them in its name."""
    j, rows = view.journal, frames_of(view, guest).sent_ip
    rows = rows[(j.ts_ns[rows] > on_point(view, moment)) & ((j.tcp_flags[rows] & TCP_RST) == 0)]
    return set(zip(j.dst_high[rows].tolist(), j.dst_low[rows].tolist(), strict=True))


def _shown_by_all(view: PointView, new: Sequence[PointView], moment: int) -> tuple[int, int]:
    """From when to when, by this point's clock, do all these points show what passes since the move?"""
    begin = max(on_clock_of(view, other, other.first_ts) for other in new)
    end = min(on_clock_of(view, other, other.last_ts) for other in new)
    return max(on_point(view, moment), begin), min(view.last_ts, end)


def _in_vain(view: PointView, guest: Moved, span: tuple[int, int], told: set[Address]) -> Iterator[tuple[Service, I64]]:
    """Which services that had answered here were asked on to the end of that time, with what was asked in it?"""
    j, (when, end) = view.journal, span
    rows = delivered(view, guest, when + 1)
    rows = rows[j.ts_ns[rows] <= end]
    rows = rows[is_first_copy(j, rows)]
    rows = rows[wants_answer(j, rows)]
    asked: dict[Service, list[int]] = {}
    for service, row in zip(services_asked(j, rows), rows.tolist(), strict=True):
        asked.setdefault(service, []).append(row)
    answered = answered_to_the_last(j, frames_of(view, guest), when) if asked else set()
    for service in answered & set(asked):
        theirs = np.array(asked[service], np.int64)
        if service[:2] not in told and asked_to_the_end(j.ts_ns[theirs], end):
            yield service, theirs
