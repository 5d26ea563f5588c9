"""What a user asked for, checked and complete."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmpcap.verdicts.profile import Profile

if TYPE_CHECKING:
    from vmpcap.decode.decode_as import Rule


@dataclass(frozen=True, slots=True)
class PointFiles:
    """One capture point and its files, in order."""

    name: str
    role: str | None
    files: tuple[str, ...]
    is_named: bool = True
    """Whether a user named it: of others the role may be proposed by what they show."""
    role_because: str = ""
    """Why it has its role, or has none, where it was proposed; empty where nobody looked."""
    interfaces: tuple[str, ...] = ()
    """Only packets of these interfaces of its files, by the keys of readers.interfaces; empty: all."""
    longest_seam_ns: int = 0
    """Where its files were recognised as pieces of one capture: the longest silence that may lie between two."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which captures, judged by which profile, narrowed to what."""

    points: tuple[PointFiles, ...]
    profile: Profile
    ports: tuple[int, ...] = ()
    """Further migration ports."""
    guests: tuple[str, ...] = ()
    """MAC or IP addresses of guests that moved."""
    since_ns: int | None = None
    until_ns: int | None = None
    max_unpacked_bytes: int | None = None
    """What a packed capture may unpack to; None: the reader's own limit."""
    decode_as: "tuple[Rule, ...]" = ()
    """What the user said of numbers that the walk meets."""
