"""Units, converted once and at the border. Inside, times are int64 nanoseconds and sizes are bytes."""

from datetime import datetime, timezone
from typing import Final

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000

NO_TIME: Final = -(2**63)
"""A record without a timestamp (pcapng Simple Packet Block)."""


def count_of(number: int, one: str, many: str = "") -> str:
    """
    How many of them?

    >>> count_of(1, "segment"), count_of(3, "reply", "replies")
    ('1 segment', '3 replies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def mbps(payload_bytes: int, duration_ns: int) -> float | None:
    """
    What rate in Mbps (10^6 bit/s) is this many bytes in this long?

    Returns None where the duration is not positive: a rate over no time is unknown, not infinite.
    """
    if duration_ns <= 0:
        return None
    return payload_bytes * 8 * 1e3 / duration_ns


def ms(duration_ns: int | None) -> float | None:
    """How many milliseconds are these nanoseconds? None stays None."""
    return None if duration_ns is None else duration_ns / NS_PER_MS


def at_least_ms(duration_ns: int) -> str:
    """
    How is so long a time told as a lower bound? Never more than it is.

    >>> at_least_ms(99_700_000), at_most_ms(303_100_000)
    ('at least 99 ms', 'at most 304 ms')
    """
    return f"at least {duration_ns // NS_PER_MS} ms"


def at_most_ms(duration_ns: int) -> str:
    """How is so long a time told as an upper bound? Never less than it is."""
    return f"at most {-(-duration_ns // NS_PER_MS)} ms"


def seconds(duration_ns: int | None) -> float | None:
    """How many seconds are these nanoseconds? None stays None."""
    return None if duration_ns is None else duration_ns / NS_PER_S


def iso_utc(ts_ns: int | None) -> str | None:
    """
    How is this time written? ISO 8601, UTC, nine digits of nanoseconds.

    >>> iso_utc(1_500_000_000_000_000_007)
    '2017-07-14T02:40:00.000000007Z'
    """
    if ts_ns is None or ts_ns == NO_TIME:
        return None
    whole, rest = divmod(ts_ns, NS_PER_S)
    try:
        stamp = datetime.fromtimestamp(whole, tz=timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
