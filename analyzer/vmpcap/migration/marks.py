"""Two frames and the time between them."""

from dataclasses import dataclass
from typing import Final

from vmpcap.migration.clocks import elapsed_between, never_together, on_clock_of, order_not_known
from vmpcap.migration.results import Bracket
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import Elapsed
from vmpcap.terms.units import iso_utc, ms

NOT_COMPARED: Final = "the clocks of the two points were not compared"
NOT_TOGETHER: Final = f"{NOT_COMPARED}, and by them the two captures are of different times"


@dataclass(frozen=True, slots=True)
class Mark:
    """One frame at one point."""

    view: PointView
    ts: int
    frame: int


def between(start: Mark, end: Mark, because: str) -> tuple[float | None, Bracket]:
    """
    How long is it from one frame to another?

    Frames of two points are put on one clock; the figure may be off by what bounds the clocks leave open. Null where
    they leave the order of the two open: such a time is none. Where the clocks were not compared the figure stands,
    wrong by as much as they differ, either way; its uncertainty is null. Null too where by such clocks the captures are
    of different times.
    """
    apart = elapsed_between(start.view, start.ts, end.view, end.ts)
    length = apart.ns if apart is not None else end.ts - on_clock_of(end.view, start.view, start.ts)
    objection = NOT_TOGETHER if never_together(start.view, end.view) else _objection(length, apart)
    if apart is None and not objection:
        because = f"{because}; {NOT_COMPARED}" if because else NOT_COMPARED
    return None if objection else ms(length), Bracket(
        from_point=start.view.name,
        from_frame=start.frame,
        from_ts=iso_utc(start.ts),
        to_point=end.view.name,
        to_frame=end.frame,
        to_ts=iso_utc(end.ts),
        uncertainty_ms=ms(apart.uncertainty_ns) if apart is not None else None,
        because=objection or because,
    )


def _objection(length: int, apart: Elapsed | None) -> str:
    """Why is this no time between two frames? Empty where it is one."""
    if apart is not None and apart.is_later is None and apart.low_ns < apart.high_ns:
        return order_not_known(apart)
    return "the second frame carries an earlier time than the first: the clocks disagree" if length < 0 else ""
