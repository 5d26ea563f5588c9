"""What each VTEP said of the guest's MAC, and when the new one's word of it stood no more (RFC 7432 7.7, 15)."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Told, of_told
from vmpcap.migration.mechanisms.evpn_networks import key_of
from vmpcap.migration.mechanisms.lapses import Lapse, gaps_of


@dataclass(slots=True)
class Origin:
    """What one VTEP said of the guest's MAC."""

    key: str
    """Its distinguisher and Ethernet tag: one network's."""
    distinguisher: str
    announced: list[Told[RouteNews]]
    withdrawn: list[Told[RouteNews]]
    lost: list[Told[RouteNews]]
    """Ends of the sessions in which others passed it on: whether it still advertises the MAC is not known by them."""

    def first(self, what: str, since_ts: int) -> Told[RouteNews] | None:
        """Its first announcement of this kind of route from then on."""
        return next((t for t in self.announced if t.what.reason == what and t.ts > since_ts), None)

    def holds_at(self, ts: int, what: str = "") -> bool:
        """Did it advertise the MAC (with such a route) at that time?"""
        up = [t.ts for t in self.announced if t.ts <= ts and what in ("", t.what.reason)]
        down = [t.ts for t in self.withdrawn if t.ts <= ts and what in ("", t.what.reason)]
        return bool(up) and max(down, default=-1) < max(up)

    def stands_at(self, ts: int, prefix: str) -> bool:
        """Did its route with that address stand at that time, whatever became of the one for the MAC alone?"""
        up = [t.ts for t in self.announced if t.ts <= ts and t.what.prefix == prefix]
        down = [t.ts for t in self.withdrawn if t.ts <= ts and t.what.prefix == prefix]
        return bool(up) and max(down, default=-1) < max(up)

    @property
    def is_lost(self) -> bool:
        """Did nobody tell of it since a session ended in which it was passed on?"""
        last = max((t.ts for t in (*self.announced, *self.withdrawn)), default=-1)
        return any(t.ts >= last for t in self.lost)

    @property
    def latest(self) -> Told[RouteNews]:
        """What it announced last."""
        return max(self.announced, key=lambda t: t.ts)

    @property
    def vtep(self) -> str:
        """Its address: the next hop that it names."""
        return next((t.what.next_hop for t in reversed(self.announced) if t.what.next_hop), self.distinguisher)


def lapses_of(news: Sequence[Told[RouteNews]], old: Sequence[Origin], new: Origin) -> list[Lapse]:
    """
    When did the new VTEP's routes stand no more, or give way to those of an old one with a higher sequence?

    The MAC alone and the MAC with each of its addresses are routes of their own: the last of them counts.
    """
    olds = {one.key: one for one in old}
    standing: set[tuple[str, str]] = set()
    begun: int | None = None
    held: list[tuple[int, int | None]] = []
    gone: dict[int, tuple[str, Told[RouteNews]]] = {}
    sequence = -1
    for told in news:
        what, key = told.what, key_of(told.what)
        number = what.sequence or 0
        if key == new.key and what.action == "announce":
            standing.add((what.reason, what.prefix))
            if number >= sequence:
                sequence = number
                begun = told.ts if begun is None else begun
        elif key == new.key and what.action == "withdraw":
            standing.discard((what.reason, what.prefix))
            if not standing and begun is not None:
                held.append((begun, told.ts))
                gone.setdefault(told.ts, (f"VTEP {new.vtep} withdrew it", told))
                begun = None
        elif key in olds and what.action == "announce" and begun is not None and number > sequence:
            sequence = number
            held.append((begun, told.ts))
            gone.setdefault(told.ts, (f"VTEP {olds[key].vtep} claimed it again with sequence {number}", told))
            begun = None
    held += [(begun, None)] if begun is not None else []
    found: list[Lapse] = []
    for begin, end in gaps_of(held):
        words, told = gone[begin]
        again = next((t for t in new.announced if t.ts == end), None)
        frames = of_told([told, *([again] if again is not None else [])])
        found.append(Lapse(begin, end, words, f"VTEP {new.vtep} advertised it again", tuple(frames)))
    return found
