"""Streams that may be one migration through relays: said where nothing else fits, and never joined."""

from typing import Any

import pytest

from tests.migration.make import S, moves_of, stream, view
from vmpcap.migration.stream.relays import say_relayed

FAR = {"a_ip": "10.60.1.200", "b_ip": "10.60.1.12"}


def test_equal_bytes_at_one_time_between_four_hosts_may_be_one_migration() -> None:
    """HCX's appliances are the destination of one stream and the source of the other."""
    (told,) = say_relayed(moves_of(view("a", streams=(stream(),)), view("b", streams=(stream(S // 50, **FAR),))))
    assert "10.60.1.200 to 10.60.1.12 at b carried equally much at the same time" in told
    assert "told as two" in told


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (60 * S, FAR),
        (S // 50, FAR | {"b_ip": stream().b_ip}),
        (S // 50, FAR | {"size": 90_000_000}),
    ],
    ids=["later", "one host in both", "less"],
)
def test_streams_at_other_times_of_one_host_or_of_other_sizes_are_no_relays(start: int, more: dict[str, Any]) -> None:
    """Two machines of one host leave it side by side."""
    assert not say_relayed(moves_of(view("a", streams=(stream(),)), view("b", streams=(stream(start, **more),))))


def test_three_alike_are_machines_that_are_alike() -> None:
    """Which two of them would be one, nobody knows."""
    third = stream(S // 40, a_ip="10.70.1.200", b_ip="10.70.1.12")
    views = view("a", streams=(stream(),)), view("b", streams=(stream(S // 50, **FAR),)), view("c", streams=(third,))
    assert not say_relayed(moves_of(*views))
