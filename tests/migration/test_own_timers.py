"""Connections whose TCP waits for its timer while their service is within reach again: no outage of the peer."""

import pytest
from msgspec import structs

from tests.measures.talk import ACK, Row, pings, segment
from tests.migration.test_suffering import point, suffered_at
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.switchover import longest_outage
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


def of_first(*rows: list[Row]) -> tuple[Suffered, list[Suffered]]:
    """What is told of that connection, and of all."""
    every = [row for one in rows for row in one]
    found = suffered_at(point([*every, *pings(1200, 10, range(84, 400))], "gw", "gateway"))
    waited = [s for s in found if s.peer.protocol == "tcp/80" and s.at_least_ms is not None]
    return max(waited, key=lambda s: s.at_least_ms or 0.0), found


def test_a_service_is_out_of_reach_until_another_connection_to_it_is_answered() -> None:
    """One before the move at 0.5 s; one of 1.2 s is tried until 8.2 s; the one of 4.1 s is answered at once."""
    first, found = of_first(opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), opened(50_002, 4100))
    assert (first.peer.outage_low_ms, first.peer.outage_high_ms) == (0.0, 3592.0)
    assert first.peer.to_ts == "1970-01-01T00:00:04.100000000Z"
    assert "unanswered for at least 7001 ms" in first.peer.because
    assert "to the same service were answered from 1970-01-01T00:00:04.100000000Z on" in first.peer.because
    assert longest_outage(found)[0] == 3160.0, "the pings'"


def test_what_is_opened_in_vain_meanwhile_shows_how_long_at_least() -> None:
    """At 3 s, too, a connection is opened that is answered at its second try, at 6 s."""
    first, _ = of_first(
        opened(50_000, 500), opened(50_003, 3000, 6000), opened(FIRST, 1200, 2200, 4000, 8200), opened(50_002, 4100)
    )
    assert structs.asdict(first.peer)["outage_low_ms"] == 1800.0


@pytest.mark.parametrize(
    "beside",
    [[], opened(50_002, 4100, service=443), opened(50_002, 9000)],
    ids=["pings alone", "another service", "when it was answered itself"],
)
def test_its_wait_is_the_peers_where_nothing_shows_the_service_within_reach(beside: list[Row]) -> None:
    """A firewall may pass pings, and other services, and not this one."""
    first, found = of_first(opened(50_000, 500), opened(FIRST, 1200, 2200, 4000, 8200), beside)
    assert (first.peer.outage_low_ms, first.peer.outage_high_ms) == (7001.0, None)
    assert longest_outage(found)[0] is None
