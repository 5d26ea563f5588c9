"""EVPN routes of several networks with one MAC: which of them are of one network (RFC 7432 6, RFC 8365 5.1)?"""

from collections.abc import Sequence
from dataclasses import dataclass

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Told


@dataclass(slots=True)
class EvpnNetwork:
    """The routes with one MAC of one network, with the numbers and targets that they have there."""

    numbers: set[int]
    targets: set[str]
    keys: set[str]
    news: list[Told[RouteNews]]

    @property
    def called(self) -> str:
        """By its numbers."""
        return f"VNI {' and '.join(str(number) for number in sorted(self.numbers))}" if self.numbers else "no VNI"


def key_of(what: RouteNews) -> str:
    """By what one VTEP's routes of one network are known: a withdrawal has neither target nor, always, a number."""
    return f"{what.origin} {what.tag}"


def tell_networks(news: Sequence[Told[RouteNews]], bridged: Sequence[frozenset[int]] = ()) -> list[EvpnNetwork]:
    """
    Which of these are of one network? By time of their first route.

    Those with one number, one target, or one distinguisher with its tag: labels differ from VTEP to VTEP (RFC 7432
    9.2.1), targets from system to system (RFC 8365 5.1.2.1), seldom both. Routes without any number are in each.

    Parameters
    ----------
    bridged
        Numbers that are one network's, by what is known of its packets.
    """
    found: list[EvpnNetwork] = []
    for told in news:
        what = told.what
        if what.action != "announce":
            continue
        numbers = set() if what.vni is None else {what.vni}
        numbers = numbers.union(*(pair for pair in bridged if pair & numbers))
        one = EvpnNetwork(numbers, set(what.targets), {key_of(what)}, [])
        same = [f for f in found if f.numbers & one.numbers or f.targets & one.targets or f.keys & one.keys]
        for other in same:
            one.numbers |= other.numbers
            one.targets |= other.targets
            one.keys |= other.keys
        at = found.index(same[0]) if same else len(found)
        found = [f for f in found if f not in same]
        found.insert(at, one)
    numbered = [f for f in found if f.numbers]
    if len(numbered) < 2:
        return [EvpnNetwork(set(), set(), set(), list(news))]
    anywhere = {key for f in found if not f.numbers for key in f.keys}
    for told in news:
        for one in numbered:
            if key_of(told.what) in one.keys | anywhere:
                one.news.append(told)
    return numbered
