"""What a guest lost that was at two places: which of it frames from the old place may have cost it, and which not."""

from typing import Final

from vmpcap.migration.moved import on_reference
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.reachable import LEAST_ASKED
from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_MS
from vmpcap.verdicts.never_again import LONG_GONE_NS, is_long_gone, misses_no_answer

LONG_MS: Final = LONG_GONE_NS / NS_PER_MS


def is_hurt_by_two_places(guest: GuestStory) -> bool:
    """
    Was it at two places, and may that have cost it all that it lost?

    Peers, or the mechanism that carries its network. Not where a peer was surely lost to something else: that fails a
    guest wherever else it was.
    """
    flaps = guest.second_place
    if not flaps.found:
        return False
    lost = [one for one in guest.suffered if one.peer.survived is False and one.later is None]
    besides = [one for one in lost if not _may_be_owed(one, flaps)]
    if any(one.is_cut_off and is_long_gone(one) and misses_no_answer(one, guest) for one in besides):
        return False
    return len(besides) < len(lost) or any(
        m.worked == "no" and flaps.because in m.because for m in guest.result.mechanisms
    )


def _may_be_owed(one: Suffered, flaps: Conflict) -> bool:
    """
    May it have been lost because switches looked for the guest at its old place?

    Not what reached the new one and had no answer there, nor what was lost only after an answer that came when the old
    place had fallen silent: that brought the MAC back.
    """
    reached = [part for part in one.peer.breakdown if part.part == "guest"]
    if sum(part.requests for part in reached) >= LEAST_ASKED and sum(part.ms for part in reached) >= LONG_MS:
        return False
    answered = None if one.outage is None else one.outage.last_answer_ts
    if answered is None or one.view is None or flaps.until is None:
        return True
    return on_reference(one.view, answered) <= flaps.until
