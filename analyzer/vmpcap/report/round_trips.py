"""The round trips of a migration's stream over time, in as many columns as a look has."""

from vmpcap.report.document import Migration
from vmpcap.report.words import seconds_between


def round_trips_over_time(migration: Migration, end_s: float, columns: int) -> list[float | None]:
    """
    How long were round trips in each of so many equal stretches from the stream's start to `end_s` after it?

    The median of the part of the stream that lies there, the highest where there are several, in ms; None where nothing
    was measured.
    """
    told: list[float | None] = [None] * columns
    for part in migration.rtt.over_time:
        first, last = (seconds_between(migration.start_ts, ts) for ts in (part.start_ts, part.end_ts))
        if part.median_ms is None or first is None or last is None:
            continue
        low = max(int(first / end_s * columns), 0)
        high = min(max(int(last / end_s * columns), low + 1), columns)
        for i in range(low, high):
            told[i] = max(told[i] or 0.0, part.median_ms)
    return told
