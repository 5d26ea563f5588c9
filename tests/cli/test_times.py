"""Times of a command line, to the nanosecond."""

import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.cli.times import time_ns
from vmpcap.terms.errors import RequestError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("1.5", 1_500_000_000),
        ("-1.5", -1_500_000_000),
        ("1783996806.000000001", 1_783_996_806_000_000_001),
        ("1970-01-02", 86_400_000_000_000),
        ("1970-01-01T00:00", 0),
        ("1970-01-01 00:00:01", 1_000_000_000),
        ("1970-01-01T00:00:00.25Z", 250_000_000),
        ("1970-01-01T00:00:00,000000007", 7),
        ("1970-01-01T02:00+02:00", 0),
        ("1970-01-01T02:00:00+0200", 0),
        ("1970-01-01T00:00:00 UTC", 0),
        ("  1970-01-01T00:00z ", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_times_are_read_as_people_write_them(text: str, ns: int) -> None:
    """ISO 8601 or seconds since 1970; without a zone UTC."""
    assert time_ns(text, "--since") == ns


@given(
    moment=st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)),
    ns=st.integers(0, 999_999_999),
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_every_nanosecond_and_every_zone_is_exact(moment: datetime, ns: int, minutes: int) -> None:
    """Against Python's calendar and exact fractions."""
    whole = moment.replace(microsecond=0)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{whole.isoformat()}.{ns:09d}{sign}{hours:02d}:{rest:02d}"
    since = whole.replace(tzinfo=UTC) - timedelta(minutes=minutes) - EPOCH
    exact = Fraction(since // timedelta(seconds=1)) * 10**9 + ns
    assert time_ns(text, "--since") == exact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "12:00",
        "2026-13-01",
        "2026-02-30",
        "2026-01-01T25:00",
        "1e3",
        "1.0000000001",
        "9999-01-01",
        "10000000000",
    ],
)
def test_what_is_no_time_is_refused_with_the_option_that_held_it(text: str) -> None:
    """And with what was needed."""
    with pytest.raises(RequestError, match=r"--until '.*': "):
        time_ns(text, "--until")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-14 04:40 Europe/Berlin", "2026-07-14T02:40Z"),
        ("2026-01-14 04:40:00.25 Europe/Berlin", "2026-01-14T03:40:00.25Z"),
        ("2026-07-14 local", "2026-07-13T18:15Z"),
        ("2026-07-14T02:40:06.000000001 local", "2026-07-13T20:55:06.000000001Z"),
    ],
)
def test_a_zone_may_be_this_machines_or_named(monkeypatch: pytest.MonkeyPatch, text: str, utc: str) -> None:
    """Kathmandu is 5:45 ahead of UTC, Berlin one hour, in summer two."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert time_ns(text, "--since") == time_ns(utc, "--since")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "local"])
def test_a_time_that_clocks_showed_twice_or_never_is_refused(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """In the night to 25 October 2026 it was half past two twice, in that to 29 March never."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        with pytest.raises(RequestError, match=r"showed that time twice; write it with \+02:00 or \+01:00"):
            time_ns(f"2026-10-25 02:30 {zone}", "--since")
        with pytest.raises(RequestError, match="put forward over that time"):
            time_ns(f"2026-03-29 02:30 {zone}", "--since")
        assert time_ns(f"2026-10-25 01:59 {zone}", "--since") == time_ns("2026-10-24T23:59Z", "--since")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_zone_that_is_not_there_is_refused() -> None:
    """And what to write instead."""
    with pytest.raises(RequestError, match="no time zone 'Europe/Atlantis'"):
        time_ns("2026-10-25 02:30 Europe/Atlantis", "--since")
