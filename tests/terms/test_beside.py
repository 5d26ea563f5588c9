"""Things at the same time: in their order, with their errors, and nothing left running."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from vmpcap.terms.beside import Beside


@pytest.fixture(params=[False, True], ids=["alone", "beside"])
def beside(request: pytest.FixtureRequest) -> Iterator[Beside]:
    made = Beside(request.param)
    yield made
    made.end()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("beside")]


def test_items_come_in_their_order(beside: Beside) -> None:
    with closing(beside.ahead(iter(range(1, 200)))) as items:
        assert list(items) == list(range(1, 200))


def test_an_error_comes_where_its_item_would(beside: Beside) -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("the third")

    with closing(beside.ahead(broken())) as items:
        assert [next(items), next(items)] == [1, 2]
        with pytest.raises(ValueError, match="the third"):
            next(items)


def test_nothing_is_made_behind_the_end() -> None:
    """Whoever gives up may close what was read from at once."""
    beside, is_open, asked = Beside(True), True, threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        asked.set()
        threading.Event().wait(0.2)
        assert is_open
        yield 2

    with closing(beside.ahead(slow())) as items:
        assert next(items) == 1
        assert asked.wait(10)
    is_open = False
    beside.end()
