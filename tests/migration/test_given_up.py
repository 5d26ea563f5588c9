"""Connections that their peer gave up: told as lost where the point would show more of them, and else not at all."""

import pytest

from tests.measures.talk import ACK, Row, pings, segment
from tests.migration.test_suffering import point, suffered_at
from vmpcap.migration.listed import count_suffered, is_gone
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.wire import TCP_SYN as SYN

TRIES = (840, 1040, 1440, 2240, 3840)
"""When the last segment is sent, and sent again, ms: the guest is announced at 1 s."""
END = 40_000


def connection(*tries: float, port: int = 50_000) -> list[Row]:
    """Ten bytes every 20 ms, acknowledged; from 840 ms on the same at these times, and no answer."""
    rows = []
    for n in range(41):
        rows += [segment(n * 20, True, 1000 + n, 1, 1), segment(n * 20 + 1, False, 1, 1001 + n, flags=ACK)]
    return rows + [segment(ms, True, 1041, 1, 1) for ms in tries]


def opened(ms: int) -> list[Row]:
    """Another connection of the same peer, which is answered at once."""
    more = {"src_port": 50_001}
    back = {"dst_port": 50_001}
    rows = [segment(ms, True, 0, 0, 0, SYN, **more), segment(ms + 1, False, 0, 1, 0, SYN | ACK, **back)]
    return [*rows, segment(ms + 2, True, 1, 1, 10, ACK, **more), segment(ms + 3, False, 1, 11, 0, ACK, **back)]


def given_up(rows: list[Row], role: str = "client") -> Suffered:
    """What is told of the connection of before?"""
    found = suffered_at(point(rows, role, role, last_ts=END * 1_000_000))
    (one,) = [s for s in found if s.peer.protocol == "tcp/80" and s.outage is not None]
    return one


def test_a_connection_that_was_sent_again_in_vain_until_its_peer_opened_another_is_lost() -> None:
    """Five tries in 3 s; the other is opened after 29.2 s: so long the peer was without the service."""
    one = given_up(connection(*TRIES) + opened(30_000), "gateway")
    assert (one.peer.survived, one.peer.outage_low_ms, one.peer.outage_high_ms) == (None, 3000.0, None)
    assert is_gone(one.peer)
    assert count_suffered([one]).streams_lost == 1
    assert "sent 5 times for at least 3000 ms in vain: the peer gave up" in one.peer.because
    assert "one that it opened 29.2 s later (1970-01-01T00:00:30.000000000Z) to the same" in one.peer.because


def test_beside_the_peer_nothing_takes_another_way() -> None:
    """It asks nothing else at all."""
    assert is_gone(given_up(connection(*TRIES)).peer)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (connection(*TRIES), "its segments may have taken another way, on which they were answered"),
        (connection(840, 1040) + opened(30_000), "twice within 0.2 s is no long time"),
        (connection(840, 2240) + opened(30_000), "twice is not often"),
    ],
    ids=["nothing of the peer comes later", "short", "seldom"],
)
def test_what_may_be_no_loss_is_told_as_unknown(rows: list[Row], why: str) -> None:
    """At a gateway."""
    one = given_up(rows, "gateway")
    assert not is_gone(one.peer), why
    assert (one.peer.survived, one.peer.outage_low_ms) == (None, None), why


def test_a_peer_that_pings_on_shows_that_its_way_leads_past_the_point() -> None:
    """Its pings are answered, before and after: the connection is lost all the same."""
    one = given_up(connection(*TRIES) + pings(400, 100), "gateway")
    assert is_gone(one.peer)
    assert "opened" not in one.peer.because
