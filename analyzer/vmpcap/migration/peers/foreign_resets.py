"""Resets in the guest's name that the guest did not send, as a firewall does: they end no outage."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.causes.asked import shows_return
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.marks import RUNS_UNSEEN_NS, Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.suffered import AFTER_NS, Suffered, frames_of_outage, unmeasured
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, at_least_ms, iso_utc, ms
from vmpcap.terms.wire import IP_TCP, TCP_RST

Bools = npt.NDArray[np.bool_]


def ran_since(guest: Moved, signs: Sequence[Mark], at: PointView) -> int | None:
    """
    Since when may a host of its new place have run the guest, by this point's clock?

    None where nothing shows that: no sign of its new place shows its return, or the clock of one there is not known
    here. A reset far from that place is no sign: it is what is asked about.
    """
    signs = [one for one in signs if one.view.role == "domain:destination" or not _is_reset(one)]
    known = [(one, clock_doubt(one.view, one.ts, at)) for one in signs]
    if any(doubt is None and one.view.role == "domain:destination" for one, doubt in known):
        return None
    if not any(shows_return(one, guest) for one, doubt in known if doubt is not None):
        return None
    first = min(on_clock_of(at, one.view, one.ts) - doubt for one, doubt in known if doubt is not None)
    return first - RUNS_UNSEEN_NS


def _is_reset(sign: Mark) -> bool:
    j = sign.view.journal
    return bool(((j.frame == sign.frame) & (j.ts_ns == sign.ts) & ((j.tcp_flags & TCP_RST) != 0)).any())


def why_foreign(stream: PeerStream, view: PointView, left: int | None, when: int, ran: int | None = None) -> str:
    """
    What shows that the guest did not send the reset by which this connection ended? Empty: nothing, or its peer did.

    It came while no host ran the guest, or with a TTL that nothing else has which the guest sends by TCP. Where it sent
    nothing else since it moved there may be other hops now: then only another first value tells.

    Parameters
    ----------
    left : when it left its old place for good, by the clock of the point; None where that is not known
    when : its announcement
    ran : since when a host of its new place may have run it; None where that is not known
    """
    j = view.journal
    if stream.manner != "connection" or stream.reset_ts is None:
        return ""
    is_reset = _from_guest(stream, view) & (j.ts_ns == stream.reset_ts) & ((j.tcp_flags & TCP_RST) != 0)
    if not is_reset.any():
        return ""
    if left is not None and ran is not None and left < stream.reset_ts < ran:
        return "while no host ran the guest"
    return why_not_of(view, stream.guest, int(np.flatnonzero(is_reset)[0]), when)


def why_not_of(view: PointView, address: tuple[int, int], row: int, when: int) -> str:
    """
    What does the TTL of a reset, a row of the journal, say against its being of the machine whose address it bears?

    Empty: nothing. `when` that machine moved, by the clock of the point: if all that it sent by TCP is older, its way
    may have another length now.
    """
    j, ttl = view.journal, int(view.journal.ttl[row])
    own = (j.src_high == np.uint64(address[0])) & (j.src_low == np.uint64(address[1]))
    own &= (j.ip_protocol == IP_TCP) & ((j.tcp_flags & TCP_RST) == 0)
    others, since = np.unique(j.ttl[own]).tolist(), bool((j.ts_ns[own] > when).any())
    if not others or ttl in others or not (since or _first_ttl(ttl) not in map(_first_ttl, others)):
        return ""
    return f"with a TTL of {ttl}, where the guest's own segments had {' and '.join(map(str, others))}"


def _first_ttl(ttl: int) -> int:
    """With which TTL did it probably leave its sender, however many hops there are?"""
    return ttl + hops_from_ttl(ttl)


def is_ended_by(outage: Outage | None, stream: PeerStream, view: PointView, when: int) -> bool:
    """
    Was the reset the only answer that ended this outage, or the wait that was too short to be one?

    Without an outage it hides what the peer met only where the guest sent nothing in this connection since it was
    announced, at when: a peer that was answered across the switchover met it before a reset that came later.
    """
    if outage is not None:
        return outage.ended and outage.first_answer_frame == stream.reset_frame
    j, own = view.journal, _from_guest(stream, view)
    since = own & (j.ts_ns > when) & (j.ts_ns < (stream.reset_ts or when)) & ((j.tcp_flags & TCP_RST) == 0)
    return not since.any()


def _from_guest(stream: PeerStream, view: PointView) -> Bools:
    """Which rows of the journal did the guest send in this connection, or somebody in its name?"""
    j = view.journal
    told: Bools = (j.src_high == np.uint64(stream.guest[0])) & (j.src_low == np.uint64(stream.guest[1]))
    told &= (j.dst_high == np.uint64(stream.peer[0])) & (j.dst_low == np.uint64(stream.peer[1]))
    told &= (j.src_port == stream.guest_port) & (j.dst_port == stream.peer_port)
    told &= j.ip_protocol == IP_TCP
    return told


def has_outlived(stream: PeerStream, when: int) -> bool:
    """Did the connection go on after the switchover for so long that the move is no cause of this reset?"""
    return stream.reset_ts is not None and stream.reset_ts - when > AFTER_NS


def words_of_reset(stream: PeerStream, when: int, why: str) -> str:
    """When did another than the guest end a connection that had been answered since the switchover?"""
    since = ((stream.reset_ts or when) - when) / NS_PER_S
    at = f"{abs(since):.1f} s {'after' if since >= 0 else 'before'} the switchover"
    return f"the reset in frame {stream.reset_frame} ended the connection {at} {why}: it is not the guest's"


def reset_by_another(stream: PeerStream, view: PointView, outage: Outage | None, why: str) -> Suffered:
    """How long the peer was cut off is not known: its connection was ended before the guest answered."""
    seen = 0 if outage is None else outage.seen_ns
    least = f"cut off for {at_least_ms(seen)}: " if outage is not None else ""
    because = (
        f"{least}the reset in frame {stream.reset_frame} ended the connection {why}: it is not the guest's, and when"
        " that would have answered is not known"
    )
    frames = [*frames_of_outage(outage), stream.reset_frame or 0]
    one = replace(unmeasured(stream, view, because, frames, survived=False), ended_by_another=True)
    if outage is None:
        return one
    bounds = {"outage_low_ms": ms(seen), "lost": outage.lost, "from_ts": iso_utc(outage.first_unanswered_ts)}
    return replace(one, peer=msgspec.structs.replace(one.peer, **bounds), at_least_ms=ms(seen))
