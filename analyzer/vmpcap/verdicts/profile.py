"""The threshold profiles: what a network must offer, as data with its sources."""

import math
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from vmpcap.terms.errors import ProfileError

Scope = Literal["link", "session"]

SCOPES: Final = {
    "link": "of the link between the sites, however many migrations share it",
    "session": "of every concurrent migration: N at once need N times the figure",
}
"""What a throughput limit is asked of."""

CERTAINTIES: Final = {
    "vendor": "read in the vendor's own document",
    "secondary": "one secondary source: an article, a forum, a book",
    "unverified": "general knowledge; no source was read for it",
}
"""How sure a figure is, surest first."""

BUILT_IN: Final = (
    "vsphere4",
    "vsphere5-std",
    "metro",
    "vsphere5-2013",
    "vsphere6-launch",
    "vsphere6",
    "vmsc",
    "vplex5",
    "vplex10",
    "vsan-stretched",
    "qemu-default",
    "hyperv",
)
"""The profiles that come with vmpcap, default first, in the order of their time. One file each in `profiles/`."""

DEFAULT: Final = BUILT_IN[0]
FOLDER: Final = Path(__file__).resolve().parent / "profiles"
LARGEST_FILE: Final = 1 << 20
"""A profile is a page of text; what is longer is some other file."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where one figure of a profile comes from."""

    says: str
    figure: str | None = None
    """The profile key that rests on it; null: the profile as a whole."""
    certainty: Literal["vendor", "secondary", "unverified"] | None = None
    """null: a user's own profile that does not say."""
    where: str = ""

    def __str__(self) -> str:
        """The source in one line."""
        parts = [f"{self.figure}: " if self.figure else "", self.says]
        parts.append(f" [{self.certainty}]" if self.certainty else "")
        parts.append(f" {self.where}" if self.where else "")
        return "".join(parts)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a network must offer. None: no limit of that kind."""

    name: str
    title: str
    throughput_mbps_min: float | None
    """Goodput that must be shown, 10^6 bit/s."""
    rtt_ms_max: float | None
    """Highest round-trip time between the hosts' migration interfaces, idle path."""
    switchover_ms_max: float | None
    """Longest interruption of the guest."""
    scope: Scope
    applies_to: str
    cited: tuple[Source, ...] = ()
    notes: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the figures come from, a line each."""
        return tuple(str(source) for source in self.cited)


def load_profile(name_or_path: str) -> Profile:
    """
    Which profile is this? The name of a built-in one, or a TOML file of the user's own.

    A name that ends in `.toml` or holds a path separator is a file; any other name is a built-in profile.

    Raises
    ------
    ProfileError
        Where there is no such profile or file, or it does not say what a profile must say.
    """
    if name_or_path.endswith(".toml") or os.sep in name_or_path:
        return _read(Path(name_or_path))
    if name_or_path in BUILT_IN:
        return _read(FOLDER / f"{name_or_path}.toml")
    raise ProfileError(_unknown(name_or_path))


def all_profiles() -> tuple[Profile, ...]:
    """Which profiles come with vmpcap? Default first."""
    return tuple(load_profile(name) for name in BUILT_IN)


def _unknown(name: str) -> str:
    words = f"there is no profile {name!r}"
    near = _near(name, BUILT_IN)
    if near:
        return f"{words}; did you mean {near}? `vmpcap profiles` lists all of them"
    if Path(name).is_file():
        return f"{words}; to use the file of that name, call it {name}.toml or write ./{name}"
    return f"{words}; `vmpcap profiles` lists all of them, and a TOML file of your own is named by its path"


def _near(word: str, known: tuple[str, ...]) -> str:
    """Which known words look like this one? Those that begin alike first; empty where none does."""
    lower = word.lower()
    alike = [k for k in known if len(lower) > 2 and (k.startswith(lower) or lower.startswith(k))]
    close = alike or get_close_matches(lower, known, n=3, cutoff=0.6)
    return " or ".join(repr(c) for c in close[:3])


def _read(path: Path) -> Profile:
    """Raises ProfileError where the file cannot be read, is not TOML, or is not a profile."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise ProfileError(f"cannot read profile {str(path)!r}: {problem.strerror or problem}") from problem
    if len(raw) > LARGEST_FILE:
        raise ProfileError(
            f"profile {str(path)!r}: it is larger than {LARGEST_FILE} bytes; a profile is a page of TOML"
        )
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise ProfileError(
            f"profile {str(path)!r}: needed UTF-8 text, found other bytes at {problem.start}"
        ) from problem
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise ProfileError(f"profile {str(path)!r}: it is not TOML: {problem}") from problem
    return _profile_of(table, path)


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of a profile file: who reads it and what it needs."""

    name: str
    read: Callable[[Any, str], Any]
    needed: str
    missing: Any = None
    """What the profile holds where the key is absent."""


class _Unfit(Exception):
    """The value of a key is not what is needed."""


def _positive(value: Any, needed: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise _Unfit(f"needed {needed}, found {_shown(value)}")
    return float(value)


def _text(value: Any, needed: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Unfit(f"needed {needed}, found {_shown(value)}")
    return value.strip()


def _scope(value: Any, needed: str) -> Scope:
    if value == "link":
        return "link"
    if value == "session":
        return "session"
    raise _Unfit(f"needed {needed}, found {_shown(value)}")


def _sources(value: Any, needed: str) -> tuple[Source, ...]:
    if not isinstance(value, list):
        raise _Unfit(f"needed {needed}, found {_shown(value)}")
    return tuple(_source(item, number, needed) for number, item in enumerate(value, 1))


def _source(item: Any, number: int, needed: str) -> Source:
    if isinstance(item, str):
        return Source(says=_text(item, needed))
    if not isinstance(item, dict):
        raise _Unfit(f"entry {number}: needed {needed}, found {_shown(item)}")
    try:
        return msgspec.convert(item, _StrictSource, strict=True).source()
    except msgspec.ValidationError as problem:
        raise _Unfit(f"entry {number}: needed {needed}: {problem}") from problem


class _StrictSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `[[sources]]` table as it is written."""

    says: str
    figure: Literal["throughput_mbps_min", "rtt_ms_max", "switchover_ms_max"] | None = None
    certainty: Literal["vendor", "secondary", "unverified"] | None = None
    where: str = ""

    def source(self) -> Source:
        return Source(says=self.says, figure=self.figure, certainty=self.certainty, where=self.where)


KEYS: Final = (
    _Key("name", _text, "a text that is not empty"),
    _Key("title", _text, "a text that is not empty", ""),
    _Key("throughput_mbps_min", _positive, "a positive number of Mbps (10^6 bit/s), without a unit"),
    _Key("rtt_ms_max", _positive, "a positive number of milliseconds, without a unit"),
    _Key("switchover_ms_max", _positive, "a positive number of milliseconds, without a unit"),
    _Key("scope", _scope, 'scope = "link" or scope = "session"'),
    _Key("applies_to", _text, "a text that is not empty", ""),
    _Key("sources", _sources, "a list of texts, or [[sources]] tables with says, figure, certainty and where", ()),
    _Key("notes", _text, "a text that is not empty", ""),
)
"""Every key that a profile file may have. A limit that is left out is no limit."""

_BY_NAME: Final = {key.name: key for key in KEYS}


def _profile_of(table: dict[str, Any], path: Path) -> Profile:
    for name in table:
        if name not in _BY_NAME:
            raise ProfileError(_unknown_key(name, path))
    read = {key.name: _value(key, table, path) for key in KEYS}
    if read["throughput_mbps_min"] is not None and read["scope"] is None:
        raise ProfileError(
            f"profile {str(path)!r}: key 'scope': needed beside throughput_mbps_min to say what the figure is of, "
            'scope = "link" or scope = "session"; found no such key'
        )
    name = read["name"] or path.stem
    return Profile(
        name=name,
        title=read["title"] or name,
        throughput_mbps_min=read["throughput_mbps_min"],
        rtt_ms_max=read["rtt_ms_max"],
        switchover_ms_max=read["switchover_ms_max"],
        scope=read["scope"] or "link",
        applies_to=read["applies_to"],
        cited=read["sources"],
        notes=read["notes"],
    )


def _value(key: _Key, table: dict[str, Any], path: Path) -> Any:
    if key.name not in table:
        return key.missing
    try:
        return key.read(table[key.name], key.needed)
    except _Unfit as problem:
        raise ProfileError(f"profile {str(path)!r}: key {key.name!r}: {problem}") from problem


def _unknown_key(name: str, path: Path) -> str:
    near = _near(name, tuple(_BY_NAME))
    hint = f"did you mean {near}?" if near else f"known keys: {', '.join(_BY_NAME)}"
    return f"profile {str(path)!r}: key {name!r} is not known; {hint}"


def _shown(value: Any) -> str:
    """How is a wrong value named? Its text, shortened, and its kind."""
    kinds = {bool: "true or false", str: "text", int: "number", float: "number", list: "list", dict: "table"}
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({kinds.get(type(value), type(value).__name__)})"
