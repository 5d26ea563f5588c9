"""Until when the old place still got the guest's unicast, and what was only flooded there."""

from typing import Any

import pytest

from tests.measures.talk import Row, echo, journal_of
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, announced, view
from vmpcap.migration.guest.convergence import Tail, find_stale_tail
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import ip_halves

BACK = 1000


def pings(*numbers: int, late: float = 0.0) -> list[Row]:
    """Echo requests for the guest's MAC, number n at 10 n ms."""
    return [echo(10 * n + late, n, eth_src=GATEWAY, eth_dst=GUEST) for n in numbers]


def point(name: str, role: str, rows: list[Row], **more: Any) -> PointView:
    return view(name, role, journal=journal_of(rows), **{"last_ts": 5000 * MS, **more})


def tail(*views: PointView, sign: PointView | None = None) -> Tail:
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, announced(BACK * MS)) for v in views[:1]), "high", "")
    new = sign or next((v for v in views if v.role == "domain:destination"), None)
    return find_stale_tail(guest, views, Mark(new, BACK * MS, 1) if new is not None else None)


def test_the_last_frame_that_came_to_the_old_place_alone_ends_the_tail() -> None:
    """Numbers 100 to 149 still go to the old port; from 150 on the new one gets them."""
    old, new = (
        point("old", "domain:source", pings(*range(150))),
        point("new", "domain:destination", pings(*range(150, 200))),
    )
    found = tail(new, old)
    assert found.tail_ms == pytest.approx(490.0)
    assert (found.stale_frames, found.flooded_frames) == (50, 0)
    assert (found.bracket.to_point, found.bracket.to_frame) == ("old", 150)


def test_frames_that_pass_both_places_are_a_flood() -> None:
    """An unknown MAC is sent to every port: no table is stale for it."""
    old = point("old", "domain:source", pings(*range(150)))
    new = point("new", "domain:destination", pings(*range(100, 200), late=0.2))
    found = tail(new, old)
    assert (found.tail_ms, found.stale_frames, found.flooded_frames) == (0.0, 0, 50)
    assert "50 frames passed both places" in found.bracket.because


def test_a_port_that_goes_quiet_had_no_tail_if_it_was_watched() -> None:
    """Seen to be there afterwards: nothing; a capture that ends with the switchover: unknown."""
    rows, new = pings(*range(80)), point("new", "domain:destination", pings(*range(100, 200)))
    assert tail(new, point("old", "domain:source", rows)).tail_ms == 0.0
    ended = tail(new, point("old", "domain:source", rows, last_ts=1010 * MS))
    assert (ended.tail_ms, ended.stale_frames) == (None, None)
    assert "not watched long enough" in ended.bracket.because


@pytest.mark.parametrize(
    ("views", "because"),
    [
        ([point("new", "domain:destination", pings(120))], "no capture point at the guest's old place"),
        ([point("old", "domain:source", pings(120))], "to tell a flood from a stale entry"),
        ([], "no point saw a sign"),
    ],
)
def test_without_both_places_it_is_unknown(views: list[PointView], because: str) -> None:
    """Never 0 for want of a point."""
    found = tail(*views, sign=views[0] if views else None)
    assert (found.tail_ms, found.stale_frames, found.flooded_frames) == (None, None, None)
    assert because in found.bracket.because


def test_frames_that_were_left_out_may_have_been_stale() -> None:
    """A journal that overflowed says nothing of what it lacks."""
    new = point("new", "domain:destination", pings(*range(150, 200)))
    found = tail(new, point("old", "domain:source", pings(*range(150)), journal_complete=False))
    assert found.tail_ms is None
    assert "left out" in found.bracket.because


def test_what_lies_within_the_clocks_doubt_is_no_tail() -> None:
    """20 ms after the sign by clocks known to 50 ms: it may have been before it."""
    old = point("old", "domain:source", pings(*range(103)), offset=Offset(-50 * MS, 50 * MS, 9))
    found = tail(point("new", "domain:destination", pings(*range(150, 200))), old)
    assert (found.tail_ms, found.stale_frames) == (0.0, 0)
