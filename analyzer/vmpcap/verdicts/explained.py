"""What did not do its part, as the end of a sentence about the guest: every row of the mechanisms that failed."""

from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered


def explain(guest: GuestStory) -> str:
    """
    Which mechanisms failed, each in its own words, and what the longest outage was spent on?

    Of all rows alike: what a row says is its own. Of a state that is the failure itself nothing is repeated. Empty
    where none failed.
    """
    failed = [m for m in guest.result.mechanisms if m.worked == "no" and guest.reachability.because not in m.because]
    told = "".join(f"; {m.name}: {m.because}" for m in failed)
    return f"{told}{_longest_outage(guest)}" if told else ""


def _longest_outage(guest: GuestStory) -> str:
    """Whose outage was longest, one without an end before all, and what was it spent on?"""
    told = [s for s in guest.suffered if s.peer.breakdown_because]
    worst = max(told, key=lambda s: (s.is_cut_off, _length(s)), default=None)
    return f"; {worst.peer.peer} by {worst.peer.protocol}: {worst.peer.breakdown_because}" if worst is not None else ""


def _length(lost: Suffered) -> int:
    return 0 if lost.outage is None else lost.outage.seen_ns
