"""What rates are of, where the acknowledgements of some connections take another way."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.migration.make import MS, S, series, side, stream, view
from vmpcap.measures.connections import Connection
from vmpcap.migration.stream.delivery import say_what_counts
from vmpcap.migration.stream.figures import measure_stream
from vmpcap.migration.stream.moves import Sighting
from vmpcap.migration.stream.transfers import find_transfers

SIZE = 50_000_000


def one(number: int, acked: bool, size: int = SIZE) -> Connection:
    """A connection of its own that carried so much in a second."""
    bins = series(100, new_bytes=size // 100, acked_bytes=size // 100 if acked else 0, segments=1)
    a = side(
        packets=1,
        payload_bytes=size,
        unique_bytes=size,
        acked_bytes=size if acked else 0,
        syn_ts=0,
        syn_frame=1,
        mss=1460,
        first_data_ts=MS,
        first_data_frame=4,
        last_data_ts=S - MS,
        last_data_frame=90,
        max_payload_bytes=1460,
        series=bins,
    )
    return stream(a=a, a_port=50_000 + number, flow_id=number, tcp_stream=number)


def at(role: str, *connections: Connection) -> Sighting:
    """These connections as one transfer at a point."""
    seen = view(role, role, streams=connections)
    (transfer,) = find_transfers(seen.streams)[0]
    return Sighting(seen, transfer)


def test_connections_whose_acks_are_out_of_view_count_with_what_they_sent() -> None:
    """One of four is acknowledged in view: the rate is that of all four, not a quarter of it."""
    whole = measure_stream(at("source", *(one(n, True) for n in range(4)))).throughput
    part = measure_stream(at("source", *(one(n, n == 0) for n in range(4)))).throughput
    assert (part.bulk_mbps, part.mean_mbps) == (whole.bulk_mbps, whole.mean_mbps)
    assert part.bulk_mbps == pytest.approx(1600, rel=0.02)


@pytest.mark.parametrize(
    ("acked", "there", "expected"),
    [
        ((True, True), (), "acknowledged"),
        ((True, False), (), "sent"),
        ((False, False), (), "sent"),
        ((True, False), (SIZE, SIZE), "received"),
        ((True, False), (0, SIZE), "received"),
        ((True, False), (SIZE, SIZE // 2), "sent"),
        ((True, False), (SIZE, 0), "sent"),
    ],
)
def test_the_weakest_connection_says_what_the_rates_are_of(
    acked: Sequence[bool], there: Sequence[int], expected: str
) -> None:
    """The destination's own point makes good only for those that it shows."""
    here = at("source", *(one(n, yes) for n, yes in enumerate(acked)))
    came = [at("destination", *(one(n, False, size) for n, size in enumerate(there) if size))] if there else []
    assert say_what_counts(measure_stream(here).throughput, here, [here, *came]).counted == expected


def test_a_connection_that_nobody_answered_delivered_nothing() -> None:
    """Its peer is in view, it repeated until the end: what it sent is no rate, and hides no other."""
    dead = one(1, False, SIZE // 10)
    a = replace(
        dead.sides[0],
        series=series(100, new_bytes=[SIZE // 10] + [0] * 99, resent_bytes=[0] * 20 + [1460] * 80, segments=1),
        resent_timeout=80,
        answering=1,
    )
    here = at("source", one(0, True), replace(dead, sides=(a, dead.sides[1])))
    alone = measure_stream(at("source", one(0, True))).throughput
    told = say_what_counts(measure_stream(here).throughput, here, [here])
    assert told.counted == "acknowledged"
    assert told.mean_mbps == alone.mean_mbps
    assert told.bulk_mbps == pytest.approx(alone.bulk_mbps, rel=0.02)
