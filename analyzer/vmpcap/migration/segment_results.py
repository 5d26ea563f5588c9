"""What happened between two neighbouring points, in the words of the report."""

from typing import Final, Literal

import msgspec

Direction = Literal["to_destination", "to_source"]
FORTH: Final = "to_destination"
BACK: Final = "to_source"


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """
    One part of the stream's way between two neighbouring points, in one direction. Unknown is null, never 0.

    What left while the second recorded nothing is held against the next that did, and is a part of its own.

    Counts are of packets as the network carried them: where the first point records before the network card cuts, of
    the pieces that the second shows.
    """

    from_point: str
    to_point: str
    direction: Direction
    lost: int | None
    """Left the one, never seen at the other or further on, and not acknowledged as if it had come."""
    lost_of: int
    duplicated: int | None
    """So many more came than left: doubled on the way."""
    reordered: int | None
    """Overtaken on the way by a later packet of the same connection."""
    delay_min_ms: float | None
    """By the middle of the possible clocks; it and the next may be wrong alike by uncertainty_ms."""
    delay_p95_ms: float | None
    uncertainty_ms: float | None
    queueing_ms: float | None
    """By how much the 95th percentile lies above the least delay: no clock's offset is in it."""
    matched: int
    """Packets that both points show: what the delays rest on."""
    missed: int | None
    """Not seen at the second point, but further on or acknowledged: its capture lacks them. Not among those lost."""
    outside: int
    """Seen at the first only, before the second's first frame or after its last: lost, or not recorded. Those that came
    all the same are neither here nor in lost_of."""
    unseen: int
    """Shown by the second point only."""
    recut: bool
    """Whether segments were cut or joined between the two, as a network card does."""
    one_in: int
    """Of so many packets one was compared; the counts are scaled up by it, and rough where it is not 1."""
    because: str
    frames: list[int] = []
    """Lost packets at the first point, at most 100 of them."""
    files: list[str] = []
    """The file of each of these frames, where the point has several; else empty."""
    silent: list[str] = []
    """Points between the two, where they recorded nothing: then this is of packets that left meanwhile alone, of which
    some were lost. Else empty."""


Era = Literal["before", "after"]
"""While the stream ran and the guest was at its old place; from its first sign at the new one on."""


class GuestSegment(msgspec.Struct, frozen=True, kw_only=True):
    """
    One part of the way between a guest and its peers, in one direction, before the switchover or after it.

    Counts are of unicast packets with all peers together; unknown is null, never 0.
    """

    when: Era
    from_point: str
    to_point: str
    direction: Literal["to_guest", "from_guest"]
    lost: int | None
    """Last seen at the one, and never at the other or further on."""
    lost_of: int
    duplicated: int | None
    reordered: int | None
    delay_min_ms: float | None
    """By the middle of the possible clocks; it and the next may be wrong alike by uncertainty_ms."""
    delay_p95_ms: float | None
    uncertainty_ms: float | None
    queueing_ms: float | None
    """By how much the 95th percentile lies above the least delay: no clock's offset is in it."""
    matched: int
    """Packets that both points show."""
    missed: int | None
    """Not seen at the second point, but further on or acknowledged. Not among those lost."""
    outside: int
    """Seen at the first only, while the second recorded nothing or not yet, or as few as it lacks of others: lost, or
    not recorded."""
    unseen: int
    """Shown by the second point only."""
    one_in: int
    """Of so many packets one was compared; the counts are scaled up by it, and rough where it is not 1."""
    because: str
    frames: list[int] = []
    """Lost packets at the first point, at most 100 of them."""
    files: list[str] = []
    """The file of each of these frames, where the point has several; else empty."""
