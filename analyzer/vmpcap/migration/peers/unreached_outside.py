"""A guest that is known by another address beyond a translator: did what was sent to that stay without an answer?"""

from collections.abc import Mapping, Sequence
from typing import Final

from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.packets.reachable import LEAST_ASKED, LEAST_SILENT_NS, Reachability
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import NS_PER_S, count_of

SETTLED_NS: Final = NS_PER_S
"""What was asked before the guest moved may be answered so long after."""
TELLING: Final = ("gateway", "client")
"""At a place that was not named, or on the way, the answers may pass elsewhere."""


def with_outside(
    inside: Reachability, suffered: Sequence[Suffered], outside: Mapping[str, Moved], moment: int
) -> Reachability:
    """
    The same, but `no` where its own address tells nothing and its other one is asked in vain to the end.

    By streams of which packets were seen inside before, since others may have the address, too; one of them that has
    answers since takes the proof away. An answer is none that it was reached: a translator may give it itself.

    Parameters
    ----------
    inside : what the guest's own address tells
    moment : when the guest changed places, on the reference clock
    outside : the guest as points beyond a translator know it, by point
    """
    if inside.answer != "unknown":
        return inside
    for point, guest in sorted(outside.items()):
        streams = [s for s in suffered if s.peer.point == point and s.view is not None and s.view.role in TELLING]
        lost = [(s.view, s.outage, s) for s in streams if s.view and s.outage and s.is_cut_off and not s.is_of_guest]
        asked, longest = sum(o.lost for _, o, _ in lost), max((o.seen_ns for _, o, _ in lost), default=0)
        if asked < LEAST_ASKED or longest < LEAST_SILENT_NS or any(_was_answered(s, moment) for s in streams):
            continue
        view, names = lost[0][0], " and ".join(ip_text(*one) for one in guest.ips)
        if not view.journal_complete or view.left_out:
            continue
        because = (
            f"at {point} {count_of(asked, 'request')} to the guest, which is {names} there, went unanswered until "
            f"{view.end_words}, for {longest / NS_PER_S:.1f} s"
        )
        frames = dict.fromkeys(frame for _, _, s in lost for frame in s.peer.frames[:3])
        return Reachability("no", because, point, tuple(frames))
    return inside


def _was_answered(one: Suffered, moment: int) -> bool:
    """Had this stream an answer since the guest moved; or none long before, which then says nothing?"""
    last = one.outage.last_answered_ts if one.outage is not None else None
    if one.view is None or one.peer.survived or one.later is not None or one.is_dark:
        return True
    return last is not None and on_reference(one.view, last) > moment + SETTLED_NS
