"""What each VTEP said of the guest's MAC, and when the new one's word of it stood no more (RFC 7432 7.7, 15)."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told, of_told
from vmpcap.migration.mechanisms.evpn_networks import key_of
from vmpcap.migration.mechanisms.lapses import Lapse, gaps_of, is_lost_in
from vmpcap.migration.mechanisms.stream_ways import is_one_subnet


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


def lapses_of(case: Case, news: Sequence[Told[RouteNews]], old: Sequence[Origin], new: Origin) -> list[Lapse]:
    """
    When did the new VTEP's routes stand no more, or give way to those of an old one with a higher sequence?

    Since the switchover: what came before is of the move by which the guest had left that VTEP. The MAC alone and the
    MAC with each of its addresses are routes of their own: the last of them counts.
    """
    olds = {one.key: one for one in old}
    standing: set[tuple[str, str]] = set()
    begun: int | None = None
    held: list[tuple[int, int | None]] = []
    gone: dict[int, tuple[str, Told[RouteNews]]] = {}
    sequence = -1
    for told in (told for told in news if told.ts > case.moment):
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


def address_lapses(case: Case, new: Origin, others: Sequence[Lapse]) -> list[Lapse]:
    """
    When was the new VTEP's route with one of the guest's addresses gone, though that of the MAC stood?

    Only where a peer of another network lost the guest then: bridged traffic needs no such route, and VTEPs take it
    back when an ARP entry ages. Not within lapses of all its routes.
    """
    found: list[Lapse] = []
    for prefix in sorted({t.what.prefix for t in new.announced if t.what.reason == "mac_ip" and t.what.prefix}):
        mine = [t for t in (*new.announced, *new.withdrawn) if t.what.prefix == prefix and t.ts > case.moment]
        held: list[tuple[int, int | None]] = []
        up: int | None = None
        for told in sorted(mine, key=lambda t: t.ts):
            if told.what.action == "announce":
                up = told.ts if up is None else up
            elif up is not None:
                held.append((up, told.ts))
                up = None
        held += [(up, None)] if up is not None else []
        for begin, end in gaps_of(held):
            if any(one.begin <= (end or case.end) and (one.end is None or one.end >= begin) for one in others):
                continue
            lost = [one for one in case.suffered if _is_routed_to(case, one.peer.peer, prefix)]
            if any(is_lost_in(case, one, begin, end) for one in lost):
                frames = of_told(t for t in mine if t.ts in (begin, end))
                gone = f"VTEP {new.vtep} withdrew its route with the address {prefix}"
                found.append(Lapse(begin, end, gone, f"VTEP {new.vtep} advertised it again", tuple(frames)))
    return found


def _is_routed_to(case: Case, peer: str, prefix: str) -> bool:
    """Does this peer need a route to that address of the guest: of one family, and in another network?"""
    ip = prefix.partition("/")[0]
    return ip in case.ips and (":" in ip) == (":" in peer) and not is_one_subnet(ip, peer)
