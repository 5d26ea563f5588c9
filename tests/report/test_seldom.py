"""Streams that ask too seldom to bound an outage, in the one sentence: what others missed tells it."""

import msgspec
import pytest

from tests.report.sample import guest, migration
from vmpcap.migration.results import Bracket, Peer, Switchover
from vmpcap.report.away import away_of
from vmpcap.report.headline import headline

CUT = Peer(peer="10.99.0.1", protocol="tcp/1433", outage_low_ms=199.9, outage_high_ms=586.2, lost=1, interval_ms=300.0)
NTP = Peer(peer="10.99.0.9", protocol="udp/123", outage_low_ms=0.0, outage_high_ms=16_125.9, interval_ms=16_125.8)
SLOW_PING = Peer(
    peer="10.99.0.8",
    protocol="icmp",
    outage_low_ms=0.0,
    outage_high_ms=10_002.7,
    lost=1,
    interval_ms=5_000.9,
    from_ts="2026-07-15T08:59:30.147726000Z",
)
AWAY = Bracket(from_ts="2026-07-15T08:59:30.137000000Z", to_ts="2026-07-15T08:59:30.353000000Z")


@pytest.mark.parametrize(
    ("peers", "said"),
    [
        ([CUT, NTP], "peers were cut off for between 199 ms and 587 ms"),
        ([CUT, NTP, SLOW_PING], "peers were cut off for between 199 ms and 587 ms"),
        ([NTP], "peers were cut off for at most 16.2 s"),
        ([NTP, msgspec.structs.replace(NTP, peer="10.99.0.7", outage_high_ms=4_000.0, interval_ms=4_000.0)], "4 s"),
        ([NTP, SLOW_PING], "peers were cut off for at most 10.1 s"),
        ([CUT, msgspec.structs.replace(SLOW_PING, from_ts="2026-07-15T08:59:31.500000000Z")], "and 10.1 s"),
        ([CUT, msgspec.structs.replace(SLOW_PING, lost=2)], "and 10.1 s"),
        ([CUT, msgspec.structs.replace(NTP, outage_high_ms=32_251.0)], "and 32.3 s"),
    ],
    ids=[
        "all of it was answered",
        "one request of the switchover was not",
        "nobody else tells",
        "the closest of those that missed nothing",
        "only one missed something",
        "it missed one after the guest was back",
        "it missed two",
        "a request of it was due meanwhile",
    ],
)
def test_how_seldom_a_stream_asks_is_no_bound_of_what_others_met(peers: list[Peer], said: str) -> None:
    """An NTP client that asks every 16 s, each time answered: what others missed tells how long the guest was away."""
    switchover = Switchover(bracket_ms=216.0, bracket=AWAY, peer_outage_ms=0.0 if peers[0] is NTP else None)
    one = migration(guests=[guest(switchover=switchover, peers=peers)])
    assert headline([one], []).endswith(said)


def test_whose_bounds_are_left_out_of_the_headline_is_said_beside_it() -> None:
    """In the row of the figure, with the widest of them."""
    away = away_of(guest(switchover=Switchover(bracket_ms=216.0, bracket=AWAY), peers=[CUT, NTP, SLOW_PING]))
    assert away is not None
    assert "at most 16.2 s (udp/123 from 10.99.0.9)" in away.because
    assert away.weight == (0, pytest.approx(0.5862))
