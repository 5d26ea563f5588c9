"""Points whose clocks are hours or days from all others, and that no packet puts beside them."""

from collections.abc import Iterator, Sequence
from typing import Final

from vmpcap.migration.views import PointView
from vmpcap.runs.between import TOGETHER_NS
from vmpcap.terms.units import NO_TIME, NS_PER_S

HOURS: Final = 72
"""Longer than this is told in days."""


def name_other_days(views: Sequence[PointView]) -> Iterator[str]:
    """
    Which points are of another day, so that what they saw is put beside nothing?

    Groups of points hang together by packets; each is asked for its distance to the first, which is the greatest. One
    that lies within the reach of others is none.
    """
    windows: dict[int, tuple[int, int, list[str]]] = {}
    for view in views:
        if view.first_ts == NO_TIME:
            continue
        begin, end = view.line.on_reference(view.first_ts), view.line.on_reference(view.last_ts)
        least, most, names = windows.get(view.line.group, (begin, end, []))
        windows[view.line.group] = (min(least, begin), max(most, end), [*names, view.name])
    if not windows:
        return
    main, *others = sorted(windows)
    first, last, here = windows[main]
    for group in others:
        begin, end, names = windows[group]
        gap = max(begin - last, first - end)
        if gap > TOGETHER_NS:
            side = "after" if begin > last else "before"
            yield (
                f"{', '.join(names)}: captured {_long(gap)} {side} {', '.join(here)} by their clocks, and no packet"
                f" compares these: nothing of {'it' if len(names) == 1 else 'them'} is put beside the others (set the"
                " clock right, for instance with editcap -t, or add a point that saw the same packets)"
            )


def _long(ns: int) -> str:
    """
    How is that told?

    >>> _long(1200 * 10**9), _long(3 * 3600 * 10**9), _long(40 * 24 * 3600 * 10**9)
    ('20.0 minutes', '3.0 hours', '40.0 days')
    """
    hours = ns / (3600 * NS_PER_S)
    if hours < 1:
        return f"{hours * 60:.1f} minutes"
    return f"{hours:.1f} hours" if hours <= HOURS else f"{hours / 24:.1f} days"
