"""Ticks become nanoseconds exactly, whatever the resolution."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmpcap.readers.kernels.index import EARLIEST, LATEST
from vmpcap.readers.kernels.ticks import NO_CLOCK, ticks_to_ns
from vmpcap.readers.pcapng import clock_of, resolution_text
from vmpcap.terms.units import NO_TIME


def in_ns(ticks: int, resolution: int, offset_s: int = 0) -> int:
    """Ticks to nanoseconds through the kernel."""
    way, factor = clock_of(resolution)
    return int(ticks_to_ns(ticks >> 32, ticks & 0xFFFF_FFFF, way, factor, offset_s * 10**9))


def twin(ticks: int, resolution: int, offset_s: int = 0) -> int:
    """The same in integers of any size."""
    power = resolution & 0x7F
    second = 2**power if resolution & 0x80 else 10**power
    ns = ticks * 10**9 // second
    if ns > LATEST:
        return LATEST
    return max(EARLIEST, min(LATEST, ns + offset_s * 10**9))


@pytest.mark.parametrize("resolution", range(256))
def test_every_resolution_converts_exactly_at_its_edges(resolution: int) -> None:
    """For each if_tsresol there is: zero, one, carries, halves, the largest count."""
    for ticks in (0, 1, 999, 10**9 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1):
        # within one second of the last time, the kernel may say LATEST early; nothing real lies there
        want = twin(ticks, resolution)
        got = in_ns(ticks, resolution)
        assert got == want or (got == LATEST and want > LATEST - 3 * 10**9)


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(-(9 * 10**9), 9 * 10**9))
@example(2**64 - 1, 0x80 | 63, 0)
@example(1_500_000_000 * 2**20 + 1, 0x80 | 20, -3600)
def test_any_ticks_convert_exactly(ticks: int, resolution: int, offset_s: int) -> None:
    """The kernel agrees with integers of any size."""
    want = twin(ticks, resolution, offset_s)
    got = in_ns(ticks, resolution, offset_s)
    assert got == want or (got == LATEST and twin(ticks, resolution) > LATEST - 3 * 10**9)


def test_a_record_without_clock_has_no_time() -> None:
    """NO_CLOCK never becomes 1970."""
    assert int(ticks_to_ns(1, 2, NO_CLOCK, 1, 0)) == NO_TIME


@pytest.mark.parametrize(
    ("resolution", "text"),
    [(0, "seconds"), (3, "milliseconds"), (6, "microseconds"), (9, "nanoseconds"), (7, "10^-7 s"), (0x94, "2^-20 s")],
)
def test_resolutions_are_named(resolution: int, text: str) -> None:
    """Common resolutions have their word, the others their power."""
    assert resolution_text(resolution) == text
