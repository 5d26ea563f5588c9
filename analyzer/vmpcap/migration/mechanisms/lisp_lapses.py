"""LISP: when the guest's new site lost it again, by what was registered or by where packets went."""

from collections.abc import Collection, Mapping, Sequence

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Told, of_told
from vmpcap.migration.mechanisms.lapses import Lapse, gaps_of
from vmpcap.migration.mechanisms.lisp_data import Carried


def unregistered(
    news: Sequence[Told[RouteNews]], site: Mapping[str, str], ours: Collection[str], at_old: Collection[str]
) -> list[Lapse]:
    """When was the guest registered at the new site no more: taken back there, or registered at the old one again?"""
    said = [t for t in news if t.what.reason == "register"]
    announced = [t for t in said if t.what.action == "announce"]
    old_ones = {t.what.sender for t in announced if site[t.what.origin] in at_old}
    own_ones = {t.what.sender for t in announced if site[t.what.origin] in ours} - old_ones
    open_ones: dict[str, int] = {}
    held: list[tuple[int, int | None]] = []
    gone: dict[int, tuple[str, Told[RouteNews]]] = {}
    for told in said:
        what = told.what
        where = site.get(what.origin, what.origin)
        if what.action == "announce" and where in ours:
            open_ones.setdefault(what.sender, told.ts)
        elif what.action == "announce" and where in at_old:
            held += [(begin, told.ts) for begin in open_ones.values()]
            open_ones.clear()
            gone.setdefault(told.ts, (f"{what.origin} registered it again", told))
        elif what.action == "withdraw" and (what.sender in own_ones or where in ours) and what.sender in open_ones:
            held.append((open_ones.pop(what.sender), told.ts))
            gone.setdefault(told.ts, (f"{what.origin or what.sender} took its registration back", told))
    held += [(begin, None) for begin in open_ones.values()]
    found: list[Lapse] = []
    for begin, end in gaps_of(held):
        words, told = gone[begin]
        again = next((t for t in announced if t.ts == end), None)
        frames = of_told([told, *([again] if again is not None else [])])
        by = f"{again.what.origin} registered it anew" if again is not None else ""
        found.append(Lapse(begin, end, words, by, tuple(frames)))
    return found


def first_followed(
    sent: Sequence[Carried], site: Mapping[str, str], ours: Collection[str]
) -> dict[tuple[str, str], int]:
    """When did each router send its first packet for the guest to the new site? By then it was told."""
    found: dict[tuple[str, str], int] = {}
    for one in sent:
        if site.get(one.locator, one.locator) in ours:
            found.setdefault(one.way, one.ts)
    return found


def sent_back(
    sent: Sequence[Carried], site: Mapping[str, str], ours: Collection[str], at_old: Collection[str]
) -> list[Lapse]:
    """When did a router that had sent the guest's packets to its new site send them to the old one again?"""
    by_sender: dict[tuple[str, str], list[Carried]] = {}
    for one in sent:
        by_sender.setdefault(one.way, []).append(one)
    found: list[Lapse] = []
    for packets in by_sender.values():
        begun, is_followed = None, False
        for one in packets:
            where = site.get(one.locator, one.locator)
            if where in ours and begun is not None:
                words, frames = f"{begun.sender} sent packets for it to {begun.locator} again", (begun, one)
                shown = tuple((each.view, each.frame) for each in frames)
                found.append(Lapse(begun.ts, one.ts, words, f"to {one.locator} only from", shown))
                begun = None
            if where in at_old and is_followed and begun is None:
                begun = one
            is_followed = is_followed or where in ours
        if begun is not None:
            words = f"{begun.sender} sent packets for it to {begun.locator} again"
            found.append(Lapse(begun.ts, None, words, frames=((begun.view, begun.frame),)))
    return found
