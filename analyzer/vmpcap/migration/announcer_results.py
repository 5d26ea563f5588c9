"""A machine that announced itself beside the migrations that were found."""

from typing import Literal

import msgspec


class Announcer(msgspec.Struct, frozen=True, kw_only=True):
    """Its announcements at the point that saw most of them."""

    mac: str
    point: str
    kinds: dict[str, int]
    events: int
    """Series of announcements: one for each power-on, link change and so on."""
    most_in_a_minute: int
    """Frames of one kind, for one address where it names one, within sixty seconds."""
    schedule: Literal["qemu", "esxi", "other"] | None = None
    """Of all its events; null where they differ, or are too few to tell."""
    first_ts: str | None = None
    last_ts: str | None = None
    storm: bool = False
    """Whether that is more than two events of any known schedule give."""
    because: str = ""
