"""Whole statements of link-state routers: what a newer one no longer says is withdrawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from vmpcap.announcements.routes.rows import RouteNews


@dataclass(slots=True)
class Statements:
    """
    What did each router state last?

    A link-state router repeats all that it has to say under one key, with a number that grows. A copy of what is
    known is no news.
    """

    known: dict[object, tuple[int, Mapping[str, RouteNews]]] = field(default_factory=dict)
    tellers: dict[str, str] = field(default_factory=dict)
    """Which router a sender says that it is, in a hello: by its address."""

    def hear(self, key: object, sequence: int, routes: Mapping[str, RouteNews], end: RouteNews) -> Iterator[RouteNews]:
        """
        What is new in this statement?

        Parameters
        ----------
        key : who states what
        sequence : its number, signed or not, growing
        routes : all it says, by prefix or MAC; empty where it is taken back
        end : a row like those that withdraw, but for the route
        """
        before = self.known.get(key)
        if before is not None and (sequence < before[0] or (sequence == before[0] and before[1] and routes)):
            return
        self.known[key] = (sequence, dict(routes))
        yield from routes.values()
        for name, gone in (before[1] if before is not None else {}).items():
            if name not in routes:
                yield replace(end, prefix=gone.prefix, mac=gone.mac, metric=gone.metric)
