"""The clock of a simulated network: what happens next, in exact nanoseconds."""

import heapq
import random
from collections.abc import Callable
from typing import Any, Final

US: Final = 1_000
MS: Final = 1_000_000
S: Final = 1_000_000_000


class Simulation:
    """
    Events in the order of their time; those of one time in the order in which they were asked for.

    Time 0 is when the captures begin; what is before warms the network up.
    """

    def __init__(self, seed: str, begin: int) -> None:
        """The seed decides everything that is not given."""
        self.now = begin
        self.random = random.Random(seed)
        self._events: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._asked = 0

    def at(self, ts: int, call: Callable[..., None], *arguments: Any) -> None:
        """Call this then."""
        self._asked += 1
        heapq.heappush(self._events, (ts, self._asked, call, arguments))

    def after(self, wait: int, call: Callable[..., None], *arguments: Any) -> None:
        """Call this in so many nanoseconds."""
        self.at(self.now + wait, call, *arguments)

    def every(self, wait: int, call: Callable[[], None], first: int) -> None:
        """Call this again and again, first then."""

        def again() -> None:
            call()
            self.after(wait, again)

        self.at(first, again)

    def run(self, until: int) -> None:
        """Let everything happen up to then."""
        events = self._events
        while events and events[0][0] <= until:
            self.now, _, call, arguments = heapq.heappop(events)
            call(*arguments)
        self.now = until
