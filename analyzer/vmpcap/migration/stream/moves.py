"""The same migration at several points: one move, with a view of its stream from each."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmpcap.migration.stream.steady import why_unsteady
from vmpcap.migration.stream.transfers import Transfer
from vmpcap.migration.views import PointView
from vmpcap.points.roles import STREAM_FIGURES, rank
from vmpcap.terms.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Sighting:
    """One point's view of a move's stream."""

    view: PointView
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Move:
    """One migration. The first sighting is the one whose figures of the stream are reported."""

    sightings: tuple[Sighting, ...]

    @property
    def best(self) -> Sighting:
        return self.sightings[0]

    @property
    def start_ts(self) -> int:
        return self.best.transfer.start_ts

    @property
    def end_ts(self) -> int:
        return self.best.transfer.end_ts

    @property
    def is_closed(self) -> bool:
        """Did any point see somebody close a connection that carried memory?"""
        links = (link for s in self.sightings for link in s.transfer.links if link.data.payload_bytes)
        return any(side.fin_ts is not None or side.rst_frame is not None for k in links for side in (k.data, k.back))

    def at_role(self, role: str) -> Sighting | None:
        """The sighting at the point that has this role, if one has."""
        return next((s for s in self.sightings if s.view.role == role), None)


def match_transfers(found: Sequence[tuple[PointView, Sequence[Transfer]]]) -> list[Move]:
    """
    Which transfers at different points are one migration?

    They share a connection (both addresses, both ports) and, as far as the clocks let one say, the time: a reused
    connection key within one capture belongs to the transfer that started nearest.
    """
    groups: list[list[Sighting]] = []
    for view, transfers in found:
        taken: set[int] = set()
        for transfer in transfers:
            home = _home_of(view, transfer, groups, taken)
            if home is None:
                groups.append([Sighting(view, transfer)])
                taken.add(len(groups) - 1)
            else:
                groups[home].append(Sighting(view, transfer))
                taken.add(home)
    moves = [Move(sort_sightings(group)) for group in groups]
    return sorted(moves, key=lambda m: m.start_ts)


def sort_sightings(sightings: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """Which sightings tell most about the stream? The best first."""
    return tuple(sorted(sightings, key=_worth))


def goes_back(move: Move, earlier: Sequence[Move]) -> bool:
    """Does this move go from the second host to the first of the first move between the two?"""
    here = hosts_of(move)
    for other in earlier:
        there = hosts_of(other)
        if here in (there, there[::-1]):
            return here != there
    return False


def hosts_of(move: Move) -> tuple[str, str]:
    """Source and destination by the name that all points share."""
    (source, _), (destination, _) = move.best.transfer.links[0].named
    return source, destination


def _home_of(view: PointView, transfer: Transfer, groups: list[list[Sighting]], taken: set[int]) -> int | None:
    keys = {link.key for link in transfer.links}
    candidates = []
    for number, group in enumerate(groups):
        if number in taken:
            continue
        if any(keys & {link.key for link in s.transfer.links} for s in group):
            candidates.append((_apart(view, transfer, group[0]), number))
    if not candidates:
        return None
    apart, number = min(candidates)
    return number if apart <= 3600 * NS_PER_S else None


def _apart(view: PointView, transfer: Transfer, other: Sighting) -> int:
    """How far are their starts apart, ns: by the clocks as packets compare them, else as they are?"""
    start, theirs = transfer.start_ts, other.transfer.start_ts
    if view.line.group == other.view.line.group:
        start, theirs = view.line.on_reference(start), other.view.line.on_reference(theirs)
    return abs(start - theirs)


def _worth(sighting: Sighting) -> tuple[int, bool, int, int, str]:
    """
    Which sighting tells most about the stream?

    One that saw the data; whose clock ran on meanwhile; at the sender; after segmentation (segments no larger than the
    MSS, so that losses and round trips belong to packets); then the one that saw most.
    """
    transfer = sighting.transfer
    return (
        0 if transfer.established else 1,
        bool(why_unsteady(sighting)),
        2 * rank(sighting.view.role, STREAM_FIGURES) + (1 if has_super_segments(transfer) else 0),
        -transfer.payload_bytes,
        sighting.view.name,
    )


def has_super_segments(transfer: Transfer) -> bool:
    """Were segments captured before the network card cut them? Larger than the MSS that the receiver offered."""
    return any(link.back.mss is not None and link.data.max_payload_bytes > link.back.mss for link in transfer.links)
