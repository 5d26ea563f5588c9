"""What is told of streams whose peer surely has no answer: who sends to the old place alone, or the same again."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import LEAST_OUTAGE_NS
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.left_behind import LeftBehind
from vmpcap.migration.packets.sent_in_vain import sent_in_vain
from vmpcap.migration.peers.joined_places import Key, other_side
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, count_of, iso_utc, ms

I64 = npt.NDArray[np.int64]


def goes_to_nobody(one: Suffered, alone: LeftBehind | None) -> bool:
    """Do the requests of this stream arrive at the guest's old place alone, which it has left?"""
    if alone is None or one.stream is None or one.stream.requester != "peer" or one.peer.point != alone.old.name:
        return False
    return len(alone.of_stream(one.stream)) > 0


def without_answer(key: Key, one: Suffered, alone: LeftBehind | None, keys: set[Key]) -> Suffered:
    """
    The same; one whose peer sends on to the old place alone was never answered again, whatever the guest sends in it.

    Of a talk both ways that is what the peer says in it. Where the peer's own side of it is told, that stands for it.
    Of connections their own numbers tell more.

    Parameters
    ----------
    keys : of all streams that are told
    """
    if alone is None or one.is_cut_off or key[1] == "tcp" or (key[-1] == "guest" and other_side(key) in keys):
        return one
    rows = _sent_in(key, alone)
    ts, numbers = alone.old.journal.ts_ns[rows], alone.old.journal.frame[rows]
    if len(rows) < 2 or ts[-1] - ts[0] < LEAST_OUTAGE_NS:
        return one
    begin, end, first, last = int(ts[0]), int(ts[-1]), int(numbers[0]), int(numbers[-1])
    new = " and ".join(view.name for view in alone.new)
    because = (
        f"{count_of(len(rows), 'packet')} of the peer came to {alone.old.name} after the switchover, up to"
        f" {alone.end_words}, {(end - begin) / NS_PER_S:.1f} s, and none to {new}"
    )
    if key[-1] == "guest":
        because += ": what the guest sends by itself answers nothing of that"
    peer = msgspec.structs.replace(
        one.peer,
        point=alone.old.name,
        outage_ms=None,
        outage_low_ms=ms(end - begin),
        outage_high_ms=None,
        lost=len(rows),
        survived=False,
        because=because,
        frames=[first, last],
        from_ts=iso_utc(begin),
        to_ts=iso_utc(end),
        unasked=False,
    )
    return Suffered(
        peer,
        False,
        begin,
        first,
        end,
        last,
        view=alone.old,
        proven_ms=ms(end - begin),
        answered_before=True,
        earlier=one.earlier,
    )


def without_query(key: Key, one: Suffered, views: Sequence[PointView], guest: Moved, moment: int) -> Suffered:
    """The same; of a client whose queries are all sent again a stream too short to tell by itself had none either."""
    told = (one.peer.survived, one.peer.outage_ms, one.peer.outage_high_ms)
    is_open = all(known is None for known in told) and (one.peer.lost or 0) > 0
    if key[1] != "udp" or key[-1] != "peer" or one.is_cut_off or not is_open:
        return one
    address, _, _, guest_port, *_ = key
    at = next((view for view in views if view.name == one.peer.point), None)
    if at is None or (*address, guest_port) not in sent_in_vain(at, guest, moment).queried:  # type: ignore[misc]
        return one
    return replace(one, peer=msgspec.structs.replace(one.peer, survived=False), ended=False)


def _sent_in(key: Key, alone: LeftBehind) -> I64:
    """What did the peer send in this stream, by the key that it has at every point? Rows of the old place."""
    address, protocol, peer_port, guest_port, icmp_id, _ = key
    rows = alone.of(address, protocol, guest_port, icmp_id is not None)  # type: ignore[arg-type]
    j = alone.old.journal
    kept: I64 = rows
    if icmp_id is not None:
        kept = rows[j.icmp_id[rows] == icmp_id]
    elif peer_port:
        kept = rows[j.src_port[rows] == peer_port]
    return kept
