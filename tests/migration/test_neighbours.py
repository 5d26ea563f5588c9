"""Which points on the stream's way are neighbours, where the way parts and joins again."""

import pytest

from vmpcap.migration.stream.segments import neighbours


def between(count: int, *apart: tuple[int, int]) -> dict[tuple[int, int], int]:
    """How many packets each two of so many stations share: none of these pairs, ten of all others."""
    return {(a, b): 0 if (a, b) in apart else 10 for a in range(count) for b in range(a + 1, count)}


@pytest.mark.parametrize(
    ("order", "shared", "pairs"),
    [
        ([0, 1, 2], between(3), [(0, 1), (1, 2)]),
        ([2, 0, 1], between(3), [(0, 1), (1, 2)]),
        ([0, 1, 2, 3], between(4, (1, 2)), [(0, 1), (0, 2), (1, 3), (2, 3)]),
        ([0, 1, 2, 3, 4], between(5, (1, 2), (1, 3)), [(0, 1), (0, 2), (1, 4), (2, 3), (3, 4)]),
        ([0, 1], between(2, (0, 1)), [(0, 1)]),
    ],
    ids=["in a row", "in another order", "two ways", "two ways, one with two points", "nothing shared"],
)
def test_neighbours(order: list[int], shared: dict[tuple[int, int], int], pairs: list[tuple[int, int]]) -> None:
    """Both branches hang together with what is before and behind them, and not with each other."""
    assert list(neighbours(order, shared)) == pairs
