"""Round trips in each part of a transfer, against the single bins that they are made of."""

import random
from statistics import median

import pytest

from tests.measures.stories import MS
from tests.measures.test_series import BIN, series_of, side
from vmpcap.measures.connections import Side
from vmpcap.measures.results import Rtt, RttSpan
from vmpcap.measures.rtt_over_time import MOST_SPANS, rtt_over_time
from vmpcap.terms.units import iso_utc

ACKS = Rtt(samples=9, measured_by="ack", coverage="full")
US = 1_000


def one_side(least: list[int], most: list[int], flight: list[int], start: int = 0, width: int = BIN) -> Side:
    new, resent = [1] * len(least), [place % 7 for place in range(len(least))]
    return side(
        series_of(start, width, new, resent_bytes=resent, rtt_min_ns=least, rtt_max_ns=most, flight_max_bytes=flight)
    )


def random_side(rng: random.Random, bins: int) -> Side:
    """One connection; a bin has a round trip or none."""
    least = [rng.choice((-1, rng.randint(1, 900) * US)) for _ in range(bins)]
    most = [-1 if low < 0 else low + rng.randint(0, 50) * US for low in least]
    return one_side(least, most, [rng.choice((-1, rng.randint(0, 10**6))) for _ in range(bins)])


def told(sides: list[Side], bins: int, per: int) -> list[RttSpan]:
    """The same by lists: of all connections, part by part."""
    known = [one.series for one in sides if one.series is not None]
    spans = []
    for begin in range(0, bins, per):
        places = range(begin, min(begin + per, bins))
        lows, highs, flying = [], [], []
        for place in places:
            here = [int(s.rtt_min_ns[place]) for s in known if s.rtt_min_ns[place] >= 0]
            lows += [min(here)] if here else []
            highs += [int(s.rtt_max_ns[place]) for s in known if s.rtt_max_ns[place] >= 0]
            sent = [int(s.flight_max_bytes[place]) for s in known if s.flight_max_bytes[place] >= 0]
            flying += [sum(sent)] if sent else []
        spans.append(
            RttSpan(
                start_ts=iso_utc(begin * BIN) or "",
                end_ts=iso_utc((places[-1] + 1) * BIN) or "",
                least_ms=min(lows) / MS if lows else None,
                median_ms=int(median(lows)) / MS if lows else None,
                most_ms=max(highs) / MS if highs else None,
                flight_bytes=int(median(flying)) if flying else None,
                resent_bytes=sum(int(s.resent_bytes[place]) for place in places for s in known),
            )
        )
    return spans


@pytest.mark.parametrize("seed", range(60))
def test_each_part_has_what_its_bins_have(seed: int) -> None:
    """Up to six seconds in parts of 100 ms, beyond that in 60 equal ones or fewer."""
    rng = random.Random(seed)
    bins = rng.choice((1, 9, 10, 11, 250, 600, 601, 1999))
    sides = [random_side(rng, bins) for _ in range(rng.randint(1, 3))]
    per = max(10, -(-bins // MOST_SPANS))
    found = rtt_over_time(sides, ACKS)
    assert found == told(sides, bins, per)
    assert len(found) <= MOST_SPANS


def test_a_queue_that_builds_up_shows() -> None:
    """0.2 ms for a second, then 5 ms."""
    least = [MS // 5] * 100 + [5 * MS] * 100
    found = rtt_over_time([one_side(least, least, [10_000] * 100 + [900_000] * 100)], ACKS)
    assert [span.median_ms for span in found] == [0.2] * 10 + [5.0] * 10
    assert [span.flight_bytes for span in found] == [10_000] * 10 + [900_000] * 10


def test_a_part_without_round_trips_says_so() -> None:
    """A pause is not a short round trip."""
    found = rtt_over_time([one_side([MS] * 10 + [-1] * 10, [MS] * 10 + [-1] * 10, [1] * 10 + [-1] * 10)], ACKS)
    assert (found[1].least_ms, found[1].median_ms, found[1].most_ms, found[1].flight_bytes) == (None,) * 4


@pytest.mark.parametrize("measured_by", ["timestamp_echo", "handshake", None])
def test_beside_the_receiver_its_turn_around_is_not_the_path(measured_by: str | None) -> None:
    """Where data to ACK is not what the figures of the path rest on, it is not shown over time either."""
    sides = [one_side([4 * US] * 20, [9 * US] * 20, [1] * 20)]
    assert rtt_over_time(sides, Rtt(samples=9, measured_by=measured_by)) == []  # type: ignore[arg-type]


def test_without_a_series_there_is_nothing_over_time() -> None:
    """A stream that was not followed in bins."""
    assert rtt_over_time([side(None)], ACKS) == []


def test_a_wide_bin_stays_whole() -> None:
    """Two connections with bins of 10 and 20 ms: the wide ones are counted in."""
    wide = one_side([3 * MS] * 5, [7 * MS] * 5, [5] * 5, width=2 * BIN)
    narrow = one_side([2 * MS] * 10, [2 * MS] * 10, [2] * 10)
    (span,) = rtt_over_time([wide, narrow], ACKS)
    assert (span.least_ms, span.most_ms, span.flight_bytes) == (2.0, 7.0, 7)
