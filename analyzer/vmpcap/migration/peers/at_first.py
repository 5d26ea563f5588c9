"""When a peer was first answered at the guest's new place, whatever it met later."""

from dataclasses import replace
from typing import Final

from vmpcap.migration.moved import on_reference
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S

SOON_NS: Final = NS_PER_S
"""A switchover's outage begins within this: then the guest has gone and caches have heard of it, or not yet."""


def at_switchover(one: Suffered, moment: int) -> Suffered | None:
    """
    The same peer with the outage of the switchover, where the longest is of later; None where it had none then.

    Later is one that began a second after the switchover or more, of a peer whose requests had been answered since.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    """
    outage, view = one.outage, one.view
    if one.stream is None or outage is None or view is None:
        return one
    answered = outage.last_answered_ts
    is_later = on_reference(view, outage.first_unanswered_ts) > moment + SOON_NS
    if not is_later or answered is None or on_reference(view, answered) <= moment:
        return one
    for other in one.stream.outages:
        back = other.first_answer_ts
        begins = on_reference(view, other.first_unanswered_ts)
        if other.ended and back is not None and begins <= moment + SOON_NS and on_reference(view, back) > moment:
            return replace(one, outage=other, from_ts=other.first_unanswered_ts, to_ts=back, again=None)
    return None
