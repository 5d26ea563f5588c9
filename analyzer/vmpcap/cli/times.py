"""Times of a command line, exact to the nanosecond."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

EPOCH: Final = re.compile(r"(-?\d+)(?:\.(\d{1,9}))?")
ISO: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?)(?:[.,](\d{1,9}))?"
    r"\s*(Z|z|UTC|[+-]\d{2}:?\d{2}|local|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)?"
)
LATEST_S: Final = 9_223_372_036
"""int64 nanoseconds end in the year 2262."""


def time_ns(text: str, option: str) -> int:
    """
    Which nanosecond since 1970 is this time?

    ISO 8601 (`2026-07-14T02:40:06.5`, `2026-07-14 02:40+02:00`) or seconds since 1970. A time without a zone is UTC;
    `2026-07-14 02:40 local` is by this machine's clock, `2026-07-14 02:40 Europe/Berlin` by the clocks there.

    Raises RequestError where the text is neither, beyond the years 1677 to 2262, or a time that the clocks of the zone
    showed twice or never.

    >>> time_ns("2026-07-14T02:40:06.000000001Z", "--since")
    1783996806000000001
    """
    text = text.strip()
    if match := EPOCH.fullmatch(text):
        whole, fraction = int(match[1]), int((match[2] or "").ljust(9, "0"))
        if text.startswith("-"):
            fraction = -fraction
        return _in_range(whole, fraction, text, option)
    match = ISO.fullmatch(text)
    if match is None:
        raise RequestError(
            f"{option} {text!r}: needed a time as 2026-07-14T02:40:06.5 (UTC unless it says +02:00 or local), "
            "or seconds since 1970"
        )
    zone = match[3] or "Z"
    by_name = zone == "local" or "/" in zone
    try:
        clock = match[1] + ("T00:00" if len(match[1]) == 10 else "")
        if by_name:
            moment = _in_zone(datetime.fromisoformat(clock), zone, f"{option} {text!r}")
        else:
            moment = datetime.fromisoformat(clock + zone.upper().replace("UTC", "Z"))
    except ValueError as problem:
        raise RequestError(f"{option} {text!r}: there is no such time: {problem}") from problem
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return _in_range(since.days * 86_400 + since.seconds, int((match[2] or "").ljust(9, "0")), text, option)


def _in_zone(clock: datetime, zone: str, what: str) -> datetime:
    """The one moment at which the clocks of this zone showed this time; raises RequestError where there is not one."""
    where = None if zone == "local" else _zone(zone, what)
    first, second = (_shown(clock.replace(fold=fold), where) for fold in (0, 1))
    shown = [moment for moment in (first, second) if _clock_of(moment, where) == clock]
    if not shown:
        raise RequestError(f"{what}: the clocks were put forward over that time; write it with +HH:MM")
    if first != second:
        offsets = " or ".join(f"{moment.astimezone(where).isoformat()[-6:]}" for moment in (first, second))
        raise RequestError(f"{what}: the clocks showed that time twice; write it with {offsets}")
    return first


def _shown(clock: datetime, where: "ZoneInfo | None") -> datetime:
    """Without a zone Python takes the time as this machine's."""
    return (clock if where is None else clock.replace(tzinfo=where)).astimezone(UTC)


def _clock_of(moment: datetime, where: "ZoneInfo | None") -> datetime:
    return moment.astimezone(where).replace(tzinfo=None, fold=0)


def _zone(name: str, what: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise RequestError(f"{what}: there is no time zone {name!r} on this machine; write +HH:MM instead") from None


def _in_range(whole: int, fraction: int, text: str, option: str) -> int:
    if not -LATEST_S < whole < LATEST_S:
        raise RequestError(f"{option} {text!r}: needed a time between the years 1677 and 2262")
    return whole * 1_000_000_000 + fraction
