"""What stands by a session alone: when that ends, every route that was told in it is withdrawn."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from vmpcap.announcements.control import ControlFrame
from vmpcap.announcements.routes.add_path import capabilities
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.terms.wire import TCP_FIN, TCP_RST

Connection = tuple[str, int, str, int]
Route = tuple[str, ...]

CLOSES: Final = {TCP_RST: "reset", TCP_FIN: "closed"}
"""Flags that end a connection, in the order in which they count, and the word for it."""
NOTIFIED: Final = "ended by a NOTIFICATION"
HOLD_EXPIRED: Final = 4
"""The error code of whoever waited in vain (RFC 4271 4.5, 6.5)."""
HAS_OWN: Final = "peer has a way of its own"
NEAR: Final = 1 << 16
"""So far from the next byte a reset may stand: one window (RFC 9293 3.10.7.4)."""
GRACEFUL: Final = 64
GRACEFUL_HEAD: Final = 2
"""Capability, and its bytes before the families whose routes are kept while a speaker restarts (RFC 4724 3)."""


def route_of(row: RouteNews) -> Route:
    """Of which route is this said? EVPN's are told apart by their distinguisher and Ethernet tag (RFC 7432 7.2)."""
    told_apart = f"{row.origin} {row.tag}" if row.protocol == "evpn" else f"{row.path_id}"
    return row.protocol, row.reason if row.protocol == "evpn" else "", row.prefix, row.mac, told_apart


def ends(flags: int) -> str:
    """How do these flags end a connection? Empty where they do not."""
    return next((word for flag, word in CLOSES.items() if flags & flag), "")


def who_notified(source: str, body: bytes) -> str:
    """
    Whose NOTIFICATION was it, and for want of the other's word (RFC 4271 4.5: the first byte is the error code)?

    >>> who_notified("192.0.2.5", b"\\x04\\x00"), who_notified("192.0.2.5", b"\\x06\\x02")
    (' of 192.0.2.5: it had not heard the other for the hold time', ' of 192.0.2.5')
    """
    why = ": it had not heard the other for the hold time" if body[:1] == bytes([HOLD_EXPIRED]) else ""
    return f" of {source}{why}"


@dataclass(slots=True)
class Sessions:
    """Which routes each speaker has told each other one, and in which connection."""

    standing: dict[tuple[str, str], dict[Route, tuple[Connection, RouteNews]]] = field(default_factory=dict)
    first_teller: dict[Route, str] = field(default_factory=dict)
    kept: dict[str, bool] = field(default_factory=dict)
    """Of speakers whose OPEN is in view, whether others keep their routes while the connection is lost."""

    def hear(self, source: str, body: bytes) -> None:
        """
        Are this speaker's routes kept while it restarts?

        Raises
        ------
        Short
            The lengths of the OPEN contradict each other.
        """
        offers = [value for code, value in capabilities(body) if code == GRACEFUL]
        self.kept[source] = any(len(value) > GRACEFUL_HEAD for value in offers)

    def tell(self, frame: ControlFrame, row: RouteNews) -> RouteNews:
        """
        What does this say of the route? It is kept in mind, with its connection.

        A speaker that prefers its peer's own way no longer tells that peer of the one it passed on (RFC 4271 9.1.3,
        RFC 4456 6): that is no word of those who brought it up.
        """
        told = self.standing.setdefault((frame.source, frame.target), {})
        route = route_of(row)
        if row.action == "withdraw":
            before = told.pop(route, None)
            back = self.standing.get((frame.target, frame.source), {})
            if before is None or route not in back or not before[1].is_reflected:
                return row  # a next hop may be its sender's own by another of its addresses: what it takes back counts
            return replace(row, action="lost", reason=HAS_OWN)
        told[route] = (connection_of(frame), row)
        self.first_teller.setdefault(route, row.sender)
        return row

    def end(self, frame: ControlFrame, how: str, whose: str = "") -> Iterator[RouteNews]:
        """
        Which routes went with the connection that this frame ends?

        Those of both its speakers (RFC 4271 6, 8.2.2), as far as they brought them up themselves. Of what a speaker
        only passed on nobody knows by this that it is gone: it is lost from view. What it tells others still, or told
        again in a newer connection, stands.

        Parameters
        ----------
        whose : who ended it and why, behind those words
        """
        own = connection_of(frame)
        for pair in ((frame.source, frame.target), (frame.target, frame.source)):
            told = self.standing.get(pair, {})
            if how != NOTIFIED and self.kept.get(pair[0]):
                continue
            for route, (connection, row) in list(told.items()):
                if connection != own:
                    continue
                del told[route]
                if self._is_told_elsewhere(pair, route):
                    continue
                gone = gone_with(frame, row, f"session {how}{whose}")
                yield gone if self._is_own(route, row) else replace(gone, action="lost")

    def _is_own(self, route: Route, row: RouteNews) -> bool:
        """
        Did its sender bring the route up?

        Not a reflector (RFC 4456 8), nor whoever names another's address of its own family as the way: that is left as
        it was heard (RFC 4271 5.1.3; RFC 7947 2.2.1).
        """
        is_one_family = (":" in row.next_hop) == (":" in row.sender)
        others = {source for source, _ in self.standing} - {row.sender}
        names_another = row.next_hop in others or (is_one_family and row.next_hop not in ("", row.sender))
        is_first = self.first_teller.get(route, row.sender) == row.sender
        return is_first and row.path_length <= 1 and not row.is_reflected and not names_another

    def _is_told_elsewhere(self, pair: tuple[str, str], route: Route) -> bool:
        return any(route in told for other, told in self.standing.items() if other[0] == pair[0] and other != pair)


def connection_of(frame: ControlFrame) -> Connection:
    """The connection, whoever of both sent this."""
    here, there = (frame.source, frame.source_port), (frame.target, frame.target_port)
    return (*min(here, there), *max(here, there))


def gone_with(frame: ControlFrame, row: RouteNews, reason: str) -> RouteNews:
    """The withdrawal of this route that goes without saying, by what this frame says."""
    return replace(
        row,
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        origin=row.origin if row.protocol == "evpn" else "",
        action="withdraw",
        sequence=None,
        next_hop="",
        reason=row.reason if row.protocol == "evpn" else reason,
    )
