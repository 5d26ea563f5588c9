"""Arguments of the functions for programs: of the wrong kind they are refused in words, before anything is read."""

import os
from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Final

from vmpcap.runs.requests import guest_address
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import Profile, load_profile

HIGHEST_PORT: Final = 65_535
_CAPTURES: Final = "needed a file, a list of files, or a mapping from names of points to their files"


def refuse_strange_captures(captures: object) -> None:
    """Raises RequestError where these are no files."""
    listed = captures.values() if isinstance(captures, Mapping) else [captures]
    for one in listed:
        files = [one] if _is_path(one) or not isinstance(one, Iterable) or isinstance(one, bytes) else one
        if isinstance(files, Sequence) and not all(map(_is_path, files)):
            raise RequestError(f"captures={captures!r}: {_CAPTURES}")


def ports_of(ports: object) -> tuple[int, ...]:
    """Which ports are these, each once? A single one need not be in a list."""
    found: dict[int, None] = {}
    for one in _listed(ports):
        port = _whole(one)
        if port is None or not 1 <= port <= HIGHEST_PORT:
            raise RequestError(f"ports: {one!r}: needed numbers of TCP ports, from 1 to {HIGHEST_PORT}")
        found[port] = None
    return tuple(found)


def _listed(given: object) -> list[object]:
    """A single thing, or one by one what can be gone through; an array of a single number is that number."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return [given]
    try:
        return list(given)
    except TypeError:  # an array without a dimension
        return [given]


def _whole(one: object) -> int | None:
    """Which integer is this, of whichever library? None for a truth value, a fraction or a text."""
    if isinstance(one, bool) or type(one).__name__.startswith("bool"):
        return None
    try:
        return index(one)  # type: ignore[arg-type]
    except TypeError:
        return None


def guests_of(guests: object) -> tuple[str, ...]:
    """Which addresses are these, in the report's own spelling? A single one need not be in a list."""
    return tuple(dict.fromkeys(guest_address(str(one), "guests:") for one in _listed(guests)))


def roles_of(roles: object) -> Mapping[str, str]:
    """Which roles were given, by the names of their points?"""
    if not isinstance(roles, Mapping):
        raise RequestError(f"roles={roles!r}: needed a mapping from names of points, such as {{'gw-lan': 'gateway'}}")
    return roles


def profile_of(profile: object) -> Profile:
    """Which profile is this? A path object is a file."""
    if isinstance(profile, os.PathLike):
        return load_profile(os.path.abspath(profile))
    if isinstance(profile, str):
        return load_profile(profile)
    raise RequestError(f"profile={profile!r}: needed a name of `vmpcap profiles`, or a TOML file")


def limit_of(max_unpacked_bytes: object) -> int | None:
    """How many bytes may a packed file unpack to? None: the reader's own limit."""
    if max_unpacked_bytes is None:
        return None
    limit = _whole(max_unpacked_bytes)
    if limit is None or limit < 1:
        raise RequestError(f"max_unpacked_bytes={max_unpacked_bytes!r}: needed a number of bytes above 0, or None")
    return limit


def _is_path(one: object) -> bool:
    return isinstance(one, str | os.PathLike)
