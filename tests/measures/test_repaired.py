"""What came behind a hole counts while it came, not in the moment in which an acknowledgement tells of it."""

import numpy as np
import pytest

from tests.measures.test_limits import MS, sent, together
from vmpcap.measures.limit_windows import Outline, cut_windows
from vmpcap.measures.limits import attribute
from vmpcap.measures.repaired import carried_bytes
from vmpcap.measures.series import Together

EACH = 125_000
"""100 Mbps, in a bin of 10 ms."""


def full_path(hole_every: int, hole_bins: int) -> Together:
    """A link of 100 Mbps that is full for 2 s; every so many bins ACKs stand still for some, until a resend came."""
    delivered, resent, rtt = [EACH] * 200, [0] * 200, [24 * MS] * 200
    for begin in range(10, 200 - hole_bins, hole_every) if hole_every else ():
        inside = range(begin, begin + hole_bins)
        for at in inside:
            delivered[at], rtt[at] = 0, -1
        delivered[begin + hole_bins] += hole_bins * EACH
        resent[begin + hole_bins // 2] = 1448
    return together(new_bytes=EACH, delivered_bytes=delivered, resent_bytes=resent, rtt_min_ns=rtt)


@pytest.mark.parametrize("hole_every", [0, 5, 8, 20])
@pytest.mark.parametrize("hole_bins", [2, 3, 4])
def test_no_link_carries_more_for_the_holes_in_what_it_carried(hole_every: int, hole_bins: int) -> None:
    """Only bins with a round trip counted as time, and what came in the others was added to their bytes."""
    one = full_path(hole_every, hole_bins)
    said = attribute(one, sent(rate_mbps=100.0, idle_ns=20 * MS, floor_ns=20 * MS))
    assert said.busy_mbps == pytest.approx(100, rel=0.02)
    assert carried_bytes(one).sum() == one.delivered_bytes.sum()


def test_each_window_has_the_rate_of_the_link() -> None:
    """The window in which the acknowledgement moved again had that of the one before as well."""
    one = full_path(20, 12)
    none = np.zeros(200, np.int64)
    windows = cut_windows(one, Outline(none, none - 1, none, none), sent(idle_ns=20 * MS, floor_ns=20 * MS))
    assert windows is not None
    assert windows.told_mbps.max() > 150
    mbps = windows.delivered_bytes * 8e3 / (windows.end_ns - windows.start_ns)
    assert mbps == pytest.approx(100, rel=0.02)


def test_what_no_resend_held_up_stays_where_it_is_told() -> None:
    """Neighbour: a sender that pauses delivers nothing then, and a queue of the way back holds ACKs, not data."""
    delivered = [EACH, EACH, 0, 0, 0, 4 * EACH] * 30
    one = together(180, delivered_bytes=delivered, rtt_min_ns=[24 * MS, 24 * MS, -1, -1, -1, 24 * MS] * 30)
    assert (carried_bytes(one) == one.delivered_bytes).all()
    assert not carried_bytes(together(5, delivered_bytes=0)).any()
