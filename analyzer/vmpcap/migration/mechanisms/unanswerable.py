"""Since when, and how long, nobody could have answered a question for the guest: nothing of it left its new place."""

from typing import Final, NamedTuple

from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import on_reference
from vmpcap.migration.packets.asked_dead import known_of
from vmpcap.migration.packets.closed_ways import find_closed_way
from vmpcap.migration.packets.reachable import outbound_only

FOR_EVER: Final = 2**62


class Unanswerable(NamedTuple):
    """From when to when, on the reference clock, and what shows it."""

    begin: int
    end: int
    words: str


def unanswerable(case: Case) -> Unanswerable | None:
    """
    When could a gateway's questions have no answer, whatever gateway and guest did?

    While all that the guest sent died on one segment; or where it is alone at its new place, in a network that leads
    nowhere: then that broke, and not the asking.
    """
    closed = find_closed_way(case.guest, case.views, case.moment)
    if closed is not None:
        begin = on_reference(closed.here, closed.first.ts)
        end = FOR_EVER if closed.opened is None else on_reference(closed.here, closed.end_ts)
        return Unanswerable(min(begin, case.moment), end, f"what was asked then could not be answered: {closed.words}")
    for view in case.views:
        alone = outbound_only(view, case.guest, case.moment, case.views) if view.journal_complete else None
        if alone is not None and alone.is_alone and not known_of(case.guest, view, case.moment, case.views).crossing:
            words = f"it could not be answered: {alone.because}, nor does anything of it leave its port group"
            return Unanswerable(case.moment, FOR_EVER, words)
    return None
