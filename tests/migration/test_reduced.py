"""Streams that a proxy made smaller: joined by their addresses and ports, told from parts by their numbers."""

from dataclasses import replace

from tests.migration.make import stream, view
from vmpcap.measures.connections import Connection
from vmpcap.migration.stream.reduced import Found, join_reduced
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.migration.views import PointView


def begun(connection: Connection, isn: int | None) -> Connection:
    """The same, with this initial number of the sender."""
    a, b = connection.sides
    return replace(connection, sides=(replace(a, isn=isn), b))


def joined(there: Connection) -> tuple[list[tuple[str, int]], int]:
    """Which point has which transfers beside a migration of number 7, and how many connections stay refused?"""
    views = (view("src", streams=(begun(stream(), 7),)), view("wan", streams=(there,)))
    found: Found = []
    refused: list[tuple[PointView, object]] = []
    for one in views:
        transfers, no = find_transfers(one.streams)
        found.append((one, transfers))
        refused += [(one, r) for r in no]
    rest = join_reduced(found, refused)  # type: ignore[arg-type]
    return [(one.name, transfer.payload_bytes) for one, transfers in found for transfer in transfers], len(rest)


def test_a_smaller_connection_with_other_numbers_is_the_streams() -> None:
    """An optimiser sends a hundredth of it."""
    assert joined(begun(stream(size=1_000_000), 9)) == ([("src", 100_000_000), ("wan", 1_000_000)], 0)


def test_a_part_of_the_same_connection_is_none() -> None:
    """Nor is one whose beginning is not in view, or that of other ports, or an empty one."""
    small = stream(size=1_000_000)
    alone = [("src", 100_000_000)]
    assert joined(begun(small, 7)) == (alone, 1)
    assert joined(begun(small, None)) == (alone, 1)
    assert joined(begun(replace(small, a_port=51_000), 9)) == (alone, 1)
