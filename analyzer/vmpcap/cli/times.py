"""Times of a command line, exact to the nanosecond."""

import re
from datetime import UTC, datetime
from typing import Final

from vmpcap.terms.errors import RequestError

EPOCH: Final = re.compile(r"(-?\d+)(?:\.(\d{1,9}))?")
ISO: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?)(?:[.,](\d{1,9}))?\s*(Z|z|UTC|[+-]\d{2}:?\d{2})?"
)
LATEST_S: Final = 9_223_372_036
"""int64 nanoseconds end in the year 2262."""


def time_ns(text: str, option: str) -> int:
    """
    Which nanosecond since 1970 is this time?

    ISO 8601 (`2026-07-14T02:40:06.5`, `2026-07-14 02:40+02:00`) or seconds since 1970. A time without a zone is UTC.

    Raises RequestError where the text is neither, or beyond the years 1677 to 2262.

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
            f"{option} {text!r}: needed a time as 2026-07-14T02:40:06.5 (UTC unless it says +02:00), "
            "or seconds since 1970"
        )
    zone = (match[3] or "Z").upper().replace("UTC", "Z")
    try:
        moment = datetime.fromisoformat(match[1] + ("T00:00" if len(match[1]) == 10 else "") + zone)
    except ValueError as problem:
        raise RequestError(f"{option} {text!r}: there is no such time: {problem}") from problem
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return _in_range(since.days * 86_400 + since.seconds, int((match[2] or "").ljust(9, "0")), text, option)


def _in_range(whole: int, fraction: int, text: str, option: str) -> int:
    if not -LATEST_S < whole < LATEST_S:
        raise RequestError(f"{option} {text!r}: needed a time between the years 1677 and 2262")
    return whole * 1_000_000_000 + fraction
