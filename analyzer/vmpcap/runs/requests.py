"""What a user asked for, checked and complete."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import STDIN
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
    named_times: int = 1
    """How often a user named it: with other files each time, they are read as one point's, one after the other."""
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
    is_enough: Callable[[], bool] = bool
    """Asked between batches: is what was read by now to be the capture? `bool()` is False: never."""


def numbered_files(points: Iterable[PointFiles]) -> tuple[str, ...]:
    """The files of all points that have several: the number of each, from 1, stands in front of its frames'."""
    return tuple(path for point in points if len(point.files) > 1 for path in point.files)


def number_of_file(request: Request, point: PointFiles, path: str) -> int:
    """Which number stands in front of those of this file's frames? 0 where it is the point's only one."""
    return numbered_files(request.points).index(path) + 1 if len(point.files) > 1 else 0


def refuse_twice(pairs: Iterable[tuple[str, str]]) -> None:
    """Raises RequestError where a file, or one interface of it, is named twice, or a file and its interface."""
    seen: dict[str, set[str]] = {}
    for path, interface in pairs:
        key = path if path == STDIN else os.path.realpath(path)
        of = seen.setdefault(key, set())
        if of and (interface in of or "" in (interface, *of)):
            raise RequestError(f"{path!r} is named twice; its packets would count twice")
        of.add(interface)


def guest_address(text: str, where: str) -> str:
    """
    Which address is meant, in the report's own spelling?

    Raises RequestError where it is neither a MAC nor an IP address.

    >>> guest_address("0050.56AA.7710", "--guest")
    '00:50:56:aa:77:10'
    """
    import ipaddress

    from vmpcap.terms.addresses import ip_halves, mac_number, mac_text

    try:
        ip_halves(text)
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    try:
        mac = mac_text(mac_number(text))
    except ValueError:
        mac = None
    if mac is None:
        raise RequestError(f"{where} {text!r}: needed a MAC (00:50:56:aa:77:10) or an IP address")
    return mac
