"""Connections whose TCP waits for its timer while their service is within reach again: no outage of the peer."""

import pytest
from msgspec import structs

from tests.measures.talk import ACK, MS, Row, pings, segment
from tests.migration.make import S
from tests.migration.test_suffering import point, suffered_at
from vmpcap.migration.guest.switchover import longest_outage
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.wire import TCP_RST as RST
from vmpcap.terms.wire import TCP_SYN as SYN

FIRST = 50_001
"""The port of the connection that is opened at 1.2 s, and answered at its fourth try, 7 s later."""


def opened(port: int, *tries: int, service: int = 80) -> list[Row]:
    """A connection that the peer opens at the first of these times; the last is answered, and 8 ms of data follow."""
    there, back = {"src_port": port, "dst_port": service}, {"dst_port": port, "src_port": service}
    last = tries[-1]
    rows = [segment(ms, True, 0, 0, 0, SYN, **there) for ms in tries]
    rows.append(segment(last + 1, False, 0, 1, 0, SYN | ACK, **back))
    for n in range(4):
        rows.append(segment(last + 2 + 2 * n, True, 1 + 10 * n, 1, 10, ACK, **there))
        rows.append(segment(last + 3 + 2 * n, False, 1, 11 + 10 * n, 0, ACK, **back))
    return rows


UNTIL = 400
"""Pings have no answer from number 84 on, of 840 ms, up to this one, of 4 s."""


def of_first(*rows: list[Row], until: int = UNTIL, moment: int = 1 * S) -> tuple[Suffered, list[Suffered]]:
    """What is told of that connection, and of all."""
    every = [row for one in rows for row in one]
    found = suffered_at(point([*every, *pings(1200, 10, range(84, until))], "gw", "gateway"), moment=moment)
    waited = [s for s in found if s.peer.protocol == "tcp/80" and s.at_least_ms is not None]
    return max(waited, key=lambda s: s.at_least_ms or 0.0), found


def bounds(one: Suffered) -> tuple[float | None, float | None]:
    return one.peer.outage_low_ms, one.peer.outage_high_ms


def test_a_service_is_out_of_reach_until_another_connection_to_it_is_answered() -> None:
    """One before the move at 0.5 s; one of 1.2 s is tried until 8.2 s; the one of 4.1 s is answered at once."""
    first, found = of_first(opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), opened(50_002, 4100))
    assert bounds(first) == (2800.0, 3270.0), "tried in vain at 4 s; the last ping that was answered is of 830 ms"
    assert first.peer.to_ts == "1970-01-01T00:00:04.100000000Z"
    assert "unanswered for at least 7001 ms" in first.peer.because
    assert "to the same service were answered from 1970-01-01T00:00:04.100000000Z on" in first.peer.because
    assert longest_outage(found)[0] == 3160.0, "the pings'"


def test_a_connection_that_is_opened_and_reset_before_anybody_asked_tells_nothing() -> None:
    """It was answered, and no data was sent in it: the report of all others stands as it was."""
    tried = opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), opened(50_002, 4100)
    there, back = {"src_port": 50_009, "dst_port": 443}, {"dst_port": 50_009, "src_port": 443}
    denied = [segment(4050, True, 0, 0, 0, SYN, **there), segment(4051, False, 0, 1, 0, SYN | ACK, **back)]
    denied += [segment(4052, True, 1, 1, 0, ACK, **there), segment(4053, False, 1, 0, 0, RST, **back)]
    assert bounds(of_first(*tried, denied)[0]) == bounds(of_first(*tried)[0])


def test_what_is_opened_in_vain_meanwhile_shows_how_long_at_least() -> None:
    """At 3 s, too, a connection is opened that is answered at its second try, at 6 s."""
    first, _ = of_first(
        opened(50_000, 500), opened(50_003, 3000, 6000), opened(FIRST, 1200, 2200, 8200), opened(50_002, 4100)
    )
    assert structs.asdict(first.peer)["outage_low_ms"] == 1800.0


@pytest.mark.parametrize(
    "beside",
    [[], opened(50_002, 4100, service=443), opened(50_002, 9000)],
    ids=["pings alone", "another service", "when it was answered itself"],
)
def test_whoever_was_out_of_reach_as_long_shows_when_the_guest_was_back(beside: list[Row]) -> None:
    """Pings are answered from 4 s on, and so was what was tried next: from the ping of 4.01 s on it is TCP's timer."""
    first, _ = of_first(opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), beside)
    assert bounds(first) == (2800.0, 3180.0)
    assert "another stream of this peer was answered from 1970-01-01T00:00:04.010000000Z on" in first.peer.because


def test_a_filter_that_passes_pings_and_not_this_service_ends_no_outage_of_it() -> None:
    """Pings are answered from 2.5 s on, and it is tried in vain at 4 s: it may have been shut until 8.2 s."""
    first, _ = of_first(opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), until=250)
    assert bounds(first) == (2800.0, 7370.0)
    assert "how much of its wait after that was for TCP's timer is not known" in first.peer.because


def test_its_wait_is_the_peers_where_nothing_shows_the_guest_within_reach() -> None:
    """No ping is answered again, and the guest was back before it was opened: it may have been shut all the while."""
    first, found = of_first(opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), until=1200)
    assert bounds(first) == (7001.0, 7371.0)
    assert longest_outage(found)[0] is None


def test_a_guest_that_comes_back_while_tcp_waits_makes_no_longer_outage_for_sure() -> None:
    """It is first seen at its new place at 5 s: it may have been within reach from then on, or not before 8.2 s."""
    tried = opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200)
    first, _ = of_first(*tried, until=1200, moment=5 * S)
    assert bounds(first) == (2800.0, 7370.0)


def test_one_segment_in_vain_bounds_nothing_where_the_service_was_not_in_view_before() -> None:
    """Pings are cut off for 160 ms, and a connection that is opened meanwhile is tried again after 1 s: not 1 s."""
    every = [*opened(FIRST, 900, 1900), *pings(600, 10, range(84, 100))]
    found = suffered_at(point(every, "gw", "gateway"))
    (first,) = [s for s in found if s.peer.protocol == "tcp/80"]
    assert (bounds(first), first.at_least_ms, first.peer.lost) == ((None, None), None, 1)
    assert longest_outage(found)[0] == 160.0


def at_two_places(*rows: list[Row]) -> Suffered:
    """What is told of that connection by a point of the old place, up to 1 s, and one of the new place since."""
    every = [row for one in rows for row in one]
    old = point([row for row in every if row["ts_ns"] < 1 * S], "src", "domain:source", last_ts=9 * S)
    new = point([row for row in every if row["ts_ns"] >= 1 * S], "dst", "domain:destination", last_ts=9 * S)
    found = suffered_at(old, new)
    (first,) = [s for s in found if s.stream is not None and s.stream.peer_port == FIRST]
    return first


def test_a_timer_is_told_from_an_outage_across_two_places_too() -> None:
    """Opened at 900 ms at the old place and answered at 1.9 s at the new one; others are from 1210 ms on."""
    first = at_two_places(opened(50_000, 500), opened(50_004, 800), opened(FIRST, 900, 1900), opened(50_002, 1210))
    assert bounds(first) == (0.0, 370.0), "the guest's last frame is of 840 ms"
    assert first.peer.to_ts == "1970-01-01T00:00:01.210000000Z"
    assert first.within_reach is not None
    assert first.within_reach[0] == 1210 * MS


def test_across_two_places_an_outage_may_last_until_its_end_where_no_other_is_answered_before() -> None:
    """Others are answered from 2 s on."""
    first = at_two_places(opened(50_000, 500), opened(50_004, 800), opened(FIRST, 900, 1900), opened(50_002, 2000))
    assert bounds(first) == (0.0, 1060.0)
    assert first.within_reach is None
