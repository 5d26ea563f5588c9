"""A stretch of time in which a capture point was blind."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmpcap.terms.units import NS_PER_MS, NS_PER_S, iso_utc


@dataclass(frozen=True, slots=True)
class Hole:
    """
    From the last frame before to the first after; by the point's own clock.

    The point may have been blind for less: what it does not show in between need not have been sent.
    """

    point: str
    from_ts: int
    to_ts: int
    from_frame: int
    to_frame: int
    because: str
    """What passed in it, and where that shows."""
    sure: bool
    """False where what is missing may have been lost before it came to the point."""

    @property
    def ms(self) -> float:
        return (self.to_ts - self.from_ts) / NS_PER_MS

    @property
    def words(self) -> str:
        """Why was something not seen?"""
        begin, end = iso_utc(self.from_ts), iso_utc(self.to_ts)
        return f"the capture at {self.point} has a hole of {self.ms:.0f} ms from {begin} to {end}"

    def touches(self, begin: int, end: int) -> bool:
        """Does it lie, in part at least, between these times of the point's clock?"""
        return self.from_ts < end and begin < self.to_ts


class ThinHole(Hole):
    """A stretch in which the point showed some packets and missed others."""

    @property
    def words(self) -> str:
        """Why was something not seen?"""
        begin, end = iso_utc(self.from_ts), iso_utc(self.to_ts)
        return f"the capture at {self.point} lacks many packets for {self.ms:.0f} ms from {begin} to {end}"


class Step(Hole):
    """
    Two frames between which the point's clock stepped: all is in view, and how long it took is not.

    Where it may as well have been another clock, `because` says so.
    """

    @property
    def words(self) -> str:
        """Why is the time between them not known?"""
        frames = f"frames {self.from_frame} and {self.to_frame}"
        if not self.sure:
            return f"the clock at {self.point}, which was set, may have been set again between its {frames}"
        return f"the clock at {self.point}{self.because} stepped between its {frames}"


class HeldUp(Step):
    """Two frames of which one at least is stamped when the capture went on, and not when it passed."""

    @property
    def words(self) -> str:
        """Why is the time between them not known?"""
        frames = f"frames {self.from_frame} and {self.to_frame}"
        return f"the capture at {self.point} was held up, or its clock stood still, between its {frames}"


def hole_in(holes: Sequence[Hole], begin: int, end: int) -> Hole | None:
    """The longest of these holes between those two times; None without one."""
    return max((hole for hole in holes if hole.touches(begin, end)), key=lambda hole: hole.ms, default=None)


def hole_before(holes: Sequence[Hole], ts: int) -> Hole | None:
    """In which hole may what is first seen at this time have been seen before? One within the last second."""
    return hole_in(holes, ts - NS_PER_S, ts)


def blindness(hole: Hole) -> str:
    """How is it told why something was not seen?"""
    return hole.words
