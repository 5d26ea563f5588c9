"""What a peer sends the guest without an answer: where it is sent nobody sees whether it arrives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import delivered
from vmpcap.migration.suffered import Suffered, unmeasured
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.units import NS_PER_S, count_of, ms

LEAST_SENT: Final = 10
"""So many packets, and for a second, are sent after the switchover where a place that shows none of them says it."""
LONG_NS: Final = NS_PER_S

BECAUSE: Final = "sent one way, without an answer: whether it reached the guest does not show here"


@dataclass(frozen=True, slots=True)
class Passage:
    """A stream that a peer sends one way, as one point shows it."""

    view: PointView
    stream: PeerStream


def is_sent_in(stream: PeerStream) -> bool:
    """Does a peer send this, and is it never answered?"""
    return stream.manner == "one_way" and stream.requester == "peer"


def without_figure(stream: PeerStream, view: PointView) -> Suffered:
    """What the sender's side shows of it: not 0, but unknown."""
    return unmeasured(stream, view, BECAUSE, [stream.first_frame, stream.last_frame])


def tell_arrival(
    found: Suffered, passed: Sequence[Passage], views: Sequence[PointView], guest: Moved, moment: int
) -> Suffered:
    """
    The same with what the guest's new place shows of it after the switchover.

    Where it arrives there, how long it did not is not measured. Where it does not, though the old place had shown it
    and the new one shows what others send the guest, it is lost from the switchover on, at least until its last packet.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    """
    if found.peer.because != BECAUSE:
        return found
    new = [view for view in views if view.role == "domain:destination"]
    there = next((one for one in passed if one.view in new and one.stream.last_ts > on_point(one.view, moment)), None)
    if there is not None:
        words = f"{BECAUSE}; it arrives at {there.view.name} after the switchover, and how long it did not is not told"
        return replace(found, peer=msgspec.structs.replace(found.peer, because=words))
    was_shown = any(one.view.role == "domain:source" for one in passed)
    sent = next((one for one in passed if one.view.name == found.peer.point), None)
    if sent is None or not was_shown or not new or not all(_shows_all(view, guest, sent, moment) for view in new):
        return found
    ts = sent.stream.asked_ts
    ts = ts[np.searchsorted(ts, on_point(sent.view, moment), side="right") :]
    if len(ts) < LEAST_SENT or ts[-1] - ts[0] < LONG_NS:
        return found
    names = " and ".join(view.name for view in new)
    words = f"{count_of(len(ts), 'packet')} sent one way after the switchover, and none of them came to {names}"
    low = ms(int(ts[-1] - ts[0]))
    peer = msgspec.structs.replace(found.peer, because=words, outage_low_ms=low, lost=len(ts))
    return replace(found, peer=peer, at_least_ms=low)


def _shows_all(view: PointView, guest: Moved, sent: Passage, moment: int) -> bool:
    """Does this point show whatever comes to the guest for as long as the stream is sent after the switchover?"""
    when, last = on_point(view, moment), on_point(view, on_reference(sent.view, sent.stream.last_ts))
    is_whole = view.journal_complete and not view.left_out and hole_in(view.holes, when, last) is None
    is_whole &= not (view.drops or view.missing or view.truncated) and view.first_ts <= when and last <= view.last_ts
    return is_whole and len(delivered(view, guest, when)) > 0
