"""How fast two clocks run apart, if the least delays of both ways stay as they are."""

from vmpcap.points.clock import Bounds, Lines, fit_lines
from vmpcap.points.slews import least_width


def steady_drift(lows: Bounds, highs: Bounds, line: Lines) -> tuple[float, float]:
    """
    Least and greatest drift of two clocks whose ways keep their least delays, seconds per second.

    Parameters
    ----------
    line : all lines that keep to these bounds: of these drifts one is true, whatever the ways do

    Notes
    -----
    Lines of other drifts fit as well, through the time there and back: along them the one way would take longer and
    longer, and the other less and less. Where each way's least delay comes again and again (`least_width`) the bounds
    are apart by that at all times, and lower ones raised by it leave nearly one line. That a route changed, slowly and
    for both ways oppositely, nothing rules out.
    """
    least, most = line.drift
    tilt, half = (least + most) / 2, (most - least) / 2
    low, high = (
        Bounds(bounds.ts, bounds.value_ns - ((bounds.ts - line.begin) * tilt).astype(bounds.value_ns.dtype))
        for bounds in (lows, highs)
    )
    width = least_width(low, high, half)
    narrow = fit_lines(Bounds(low.ts, low.value_ns + width), high, half) if width > 0 else None
    if narrow is None:
        return least, most
    return max(least, tilt + narrow.drift[0]), min(most, tilt + narrow.drift[1])
