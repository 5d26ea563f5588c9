"""Two things at the same time, where there is a second processor: kernels let go of the interpreter."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Begun(Generic[Made]):
    """Something that is being made, or already is."""

    def __init__(self, make: Callable[[], Made], pool: ThreadPoolExecutor | None) -> None:
        self._future = None if pool is None else pool.submit(make)
        self._make = make

    def settle(self) -> None:
        """Wait until nothing is being made any more, whatever came of it."""
        if self._future is not None:
            self._future.cancel()
            wait([self._future])

    def made(self) -> Made:
        """Wait for it; without another thread it is made now."""
        return self._make() if self._future is None else self._future.result()


class Beside:
    """
    A second thread for one thing at a time.

    >>> sum_of = Beside(True).begin(lambda: 1 + 1)
    >>> sum_of.made()
    2
    """

    def __init__(self, has_thread: bool) -> None:
        """Without a thread everything happens one after the other, with the same result."""
        self._pool = ThreadPoolExecutor(1, "beside") if has_thread else None

    def begin(self, make: Callable[[], Made]) -> Begun[Made]:
        """Begin to make this beside whatever the caller does until it asks for the result, which it must."""
        return Begun(make, self._pool)

    def ahead(self, items: Iterator[Made]) -> Generator[Made]:
        """These items, each made while the one before it is used; to be closed, since one may still be being made."""
        begun = self.begin(lambda: next(items, None))
        try:
            while (item := begun.made()) is not None:
                begun = self.begin(lambda: next(items, None))
                yield item
        finally:
            begun.settle()

    def end(self) -> None:
        """No thread is left."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)


ALONE = Beside(False)
