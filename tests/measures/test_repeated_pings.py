"""Pings that a peer sends by one short run after the other, each with an identifier of its own."""

from collections.abc import Iterable

import pytest

from tests.measures.talk import MS, Row, echo, pings, streams_of


def runs(every_s: float, count: int, of_each: int, lost: Iterable[int] = (), first_id: int = 1000) -> list[Row]:
    """A monitor that sends so many pings, one a second, every few seconds: each run has a new identifier."""
    gone, rows = set(lost), []
    for run in range(count):
        for seq in range(of_each):
            at = (run * every_s + seq) * 1000
            rows.append(echo(at, seq + 1, icmp_id=first_id + run, ip_id=run * of_each + seq + 1))
            if run * of_each + seq not in gone:
                rows.append(echo(at + 1, seq + 1, reply=True, icmp_id=first_id + run, ip_id=run * of_each + seq + 1))
    return rows


@pytest.mark.parametrize(("every_s", "of_each"), [(5, 1), (10, 1), (10, 4), (30, 12)])
def test_pings_with_a_new_identifier_each_time_are_one_stream(every_s: float, of_each: int) -> None:
    """Nobody answers since the eighth run: that is one outage without an end, not streams that each asked once."""
    count = 8 * of_each
    (stream,) = streams_of(runs(every_s, 16, of_each, range(count, 2 * count)))
    (outage,) = stream.outages
    assert (stream.requests, stream.answers, stream.icmp_id) == (2 * count, count, None)
    assert (outage.lost, outage.ended) == (count, False)
    assert outage.last_answered_ts is not None
    assert stream.filter == "ip.addr == 10.99.0.2 && ip.addr == 10.77.0.10 && icmp"


def test_answers_belong_to_the_run_that_asked() -> None:
    """Each run counts from 1: a reply to the first of one is none to the first of another."""
    (stream,) = streams_of(runs(5, 8, 1, lost=[3, 4]))
    (outage,) = stream.outages
    assert (outage.lost, outage.outage_ns, outage.ended) == (2, 10_000 * MS, True)
    assert stream.survived is True


def test_pings_beside_a_monitor_are_their_own_stream() -> None:
    """Ten pings a second, and one monitor of the same peer: the beat of each is its own."""
    steady = pings(400, 100)
    streams = streams_of([*steady, *runs(5, 8, 1, lost=range(4, 8))])
    assert [(stream.icmp_id, stream.requests, len(stream.outages)) for stream in streams] == [
        (77, 400, 0),
        (None, 8, 1),
    ]


def test_two_that_ask_at_once_are_two_streams() -> None:
    """A run that begins before the other ended is another program's."""
    rows = [*pings(100, 10), *(row | {"icmp_id": 78, "ip_id": 500 + n} for n, row in enumerate(pings(100, 10, (), 2)))]
    assert sorted(stream.icmp_id or 0 for stream in streams_of(rows)) == [77, 78]


def test_who_pings_twice_for_long_has_two_streams() -> None:
    """Nothing shows that the second run is the same program's."""
    rows = [*pings(20, 10), *(row | {"ts_ns": row["ts_ns"] + 60_000 * MS, "icmp_id": 78} for row in pings(200, 10))]
    assert [stream.icmp_id for stream in streams_of(rows)] == [77, 78]


@pytest.mark.parametrize("count", [2, 6])
def test_nobody_asks_between_two_runs(count: int) -> None:
    """The last ping of the first run has no answer, and the next run begins a minute later: from 0 to 60 s."""
    (stream,) = streams_of(runs(60, count, 4, lost=[3, 4]))
    (outage,) = stream.outages
    assert (outage.outage_ns, outage.requests_stopped, outage.ended) == (None, True, True)
    assert stream.survived is True


def test_a_monitor_that_paused_and_asked_on_did_not_stop() -> None:
    """Two runs in vain to the end, a minute apart: the pause between them is how it always asks."""
    (stream,) = streams_of(runs(60, 4, 4, lost=range(8, 16)))
    (outage,) = stream.outages
    assert (outage.lost, outage.requests_stopped, outage.ended) == (8, False, False)
    assert stream.survived is False


@pytest.mark.parametrize(("count", "until_s", "stopped"), [(8, 40, True), (8, 9, False), (2, 40, True), (30, 80, True)])
def test_a_peer_that_asks_a_few_times_and_then_no_more_has_stopped(count: int, until_s: int, stopped: bool) -> None:
    """However few its requests: where the view goes on for much longer than it ever paused."""
    (stream,) = streams_of(pings(count, 1000, range(count // 2, count)), end_ns=until_s * 1000 * MS)
    assert [outage.requests_stopped for outage in stream.outages] == [stopped] * (count > 2)
    assert stream.survived is (None if stopped else False) or count == 2


def test_who_asks_ever_less_often_has_not_stopped() -> None:
    """Each wait is twice the one before, and the view ends within the next."""
    at = [0, 1, 2, 4, 8, 16, 32]
    rows = [echo(s * 1000, n) for n, s in enumerate(at)] + [echo(n * 1000 + 1, n, reply=True) for n in range(2)]
    (stream,) = streams_of(rows, end_ns=60_000 * MS)
    assert (stream.survived, stream.outages[0].lost) == (False, 5)
