"""Several connections on one grid: against sums over their single bins."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.measures.followed import follow_batches
from tests.measures.stories import ACK, MIGRATION_PORT, MS, SYN, Packet, S
from vmpcap.measures.connections import OPENED_WINDOW, Side, StreamSeries
from vmpcap.measures.kernels.layout import NEVER
from vmpcap.measures.series import NO_HEADROOM_SAMPLE, Together, best_window, put_together, windowed
from vmpcap.terms.units import NO_TIME

BIN = 10 * MS
PLAIN = follow_batches([[Packet(0, "10.0.0.1", 1, "10.0.0.2", 8000, size=1)]]).connections()[0].sides[0]


def column(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def side(series: StreamSeries | None, acked_bytes: int = 1, **more: Any) -> Side:
    return replace(PLAIN, series=series, acked_bytes=acked_bytes, **more)


def series_of(start: int, width: int, new: list[int], **more: list[int]) -> StreamSeries:
    """A series that is quiet but for what is given."""
    quiet = {"acked_bytes": 0, "resent_bytes": 0, "segments": 0, "rtt_min_ns": -1, "rtt_max_ns": -1}
    quiet |= {"window_min_bytes": -1, "flight_max_bytes": -1, "first_frame": 0, "last_frame": 0}
    quiet |= {
        "sent_first_ts": NEVER,
        "sent_last_ts": NO_TIME,
        "acked_first_ts": NEVER,
        "acked_first_bytes": 0,
        "acked_last_ts": NO_TIME,
    }
    columns = {name: column(*more.get(name, [value] * len(new))) for name, value in quiet.items()}
    return StreamSeries(start_ns=start, width_ns=width, new_bytes=column(*new), **columns)


def random_series(rng: random.Random) -> StreamSeries:
    n = rng.randint(1, 40)

    def values(least: int) -> list[int]:
        return [rng.choice((least, 0, rng.randint(0, 1000))) for _ in range(n)]

    names = ("acked_bytes", "resent_bytes", "rtt_min_ns", "window_min_bytes", "flight_max_bytes")
    more = {name: values(0 if name.endswith(("acked_bytes", "resent_bytes")) else -1) for name in names}
    return series_of(rng.randint(0, 50) * BIN, BIN << rng.randint(0, 2), values(0), **more)


def together_of(*sides: Side) -> Together:
    together = put_together(sides)
    assert together is not None
    return together


def left_of(of: Side, one: StreamSeries, i: int) -> int:
    """What is not acknowledged at the end of bin i: sent in view or before the capture."""
    if not of.acked_bytes:
        return 0
    beyond = int(one.acked_bytes.sum() - one.new_bytes.sum()) - of.missing_bytes
    before = max(beyond, one.before_bytes, 0)
    return max(before + int(one.new_bytes[: i + 1].sum() - one.acked_bytes[: i + 1].sum()), 0)


def window_of(one: StreamSeries, i: int) -> int:
    """What was offered last; a closed window is unknown once new data was sent."""
    for k in range(i, -1, -1):
        if one.window_min_bytes[k] == OPENED_WINDOW:
            return -1
        if one.window_min_bytes[k] >= 0:
            went_on = one.window_min_bytes[k] == 0 and one.new_bytes[k + 1 : i + 1].sum() > 0
            return -1 if went_on else int(one.window_min_bytes[k])
    return -1


def test_a_closed_window_stays_closed_without_packets() -> None:
    """All was acknowledged with a window of zero; a quarter of a second later another is offered."""
    one = series_of(
        0, BIN, [5000] + [0] * 9 + [5000], acked_bytes=[0, 5000] + [0] * 9,
        window_min_bytes=[9000, 0] + [-1] * 7 + [9000, 9000], flight_max_bytes=[5000] + [-1] * 9 + [5000],
    )  # fmt: skip
    assert together_of(side(one, acked_bytes=5000, syn_ts=0)).headroom_bytes.tolist() == [4000] + [0] * 8 + [9000, 4000]


@pytest.mark.parametrize("has_syn", [True, False])
def test_a_window_of_zero_needs_no_scale(has_syn: bool) -> None:
    """Closed after the second segment, opened again half a second later: in a capture from mid-stream as well."""
    ends = {"src": "10.0.0.1", "src_port": 5, "dst": "10.0.0.2", "dst_port": MIGRATION_PORT}
    back_ends = {"src": "10.0.0.2", "src_port": MIGRATION_PORT, "dst": "10.0.0.1", "dst_port": 5}
    shake = [
        Packet(0, **ends, seq=99, flags=SYN, scale=7),
        Packet(MS, **back_ends, seq=899, ack=100, flags=SYN | ACK, scale=7),
    ]  # fmt: skip
    stream = [
        Packet(2 * MS, **ends, seq=100, ack=900, flags=ACK, size=1000),
        Packet(3 * MS, **back_ends, seq=900, ack=1100, flags=ACK, window=100),
        Packet(12 * MS, **ends, seq=1100, ack=900, flags=ACK, size=1000),
        Packet(13 * MS, **back_ends, seq=900, ack=2100, flags=ACK, window=0),
        Packet(513 * MS, **back_ends, seq=900, ack=2100, flags=ACK, window=100),
        Packet(514 * MS, **ends, seq=2100, ack=900, flags=ACK, size=1000),
        Packet(515 * MS, **back_ends, seq=900, ack=3100, flags=ACK, window=100),
        Packet(600 * MS, **ends, seq=3100, ack=900, flags=ACK, size=1000),
    ]
    (connection,) = follow_batches([shake * has_syn + stream]).connections()
    room = together_of(connection.sides[0]).headroom_bytes
    assert (room[1:51] <= 0).all()
    assert (room[51:] > 0).all()
    assert (room[0] == NO_HEADROOM_SAMPLE) is not has_syn


def test_a_sender_that_only_repeats_by_timeout_had_no_answer() -> None:
    """Ten segments, then the first of them again and again: nothing was delivered; else ACKs may be out of view."""
    one = series_of(0, BIN, [14_480] + [0] * 9, resent_bytes=[0, 0, 1448, 0, 0, 1448, 0, 0, 0, 1448])
    unheard = together_of(side(one, acked_bytes=0, resent_timeout=3, answering=1, syn_ts=0))
    assert unheard.delivered_bytes.sum() == 0
    assert unheard.outstanding_bytes.tolist() == [14_480] * 10
    for known in ({"resent_timeout": 0, "answering": 1}, {"resent_timeout": 3, "answering": 0}):
        assert together_of(side(one, acked_bytes=0, syn_ts=0, **known)).delivered_bytes.sum() == 14_480


def test_timeouts_while_new_data_is_sent_do_not_say_that_none_arrived() -> None:
    """Three in six seconds, each with new data behind it, and a probe at the end: its ACKs are out of view."""
    new, resent = [14_480] * 60, [0] * 60
    for at in (10, 25, 40, 59):
        new[at], resent[at] = 0, 1448
    one = series_of(0, BIN, new, resent_bytes=resent)
    told = together_of(side(one, acked_bytes=0, resent_timeout=4, answering=2, syn_ts=0))
    assert told.delivered_bytes.sum() == sum(new)


def test_what_was_sent_before_the_capture_is_outstanding_too() -> None:
    """Half a window was on its way at the first ACK in view: all of that was acknowledged besides what was seen."""
    one = series_of(
        0, BIN, [1000, 0, 6000, 0], acked_bytes=[0, 5000, 2000, 5000], flight_max_bytes=[6000, -1, 7000, -1]
    )  # fmt: skip
    cut = side(one, acked_bytes=12_000, unique_bytes=7000, syn_ts=None)
    assert together_of(cut).outstanding_bytes.tolist() == [6000, 1000, 5000, 0]


def test_what_acks_told_before_the_first_data_in_view_waits_for_nothing() -> None:
    """
    A capture that begins with ACKs: the flow's count of what was acknowledged holds 9000 bytes before its first data.

    Half of what was on its way then is acknowledged later; at the end all has arrived, as in one that begins with data.
    """
    one = series_of(0, BIN, [1000, 0, 6000, 0], acked_bytes=[0, 5000, 2000, 5000])
    cut = side(replace(one, before_bytes=5000), acked_bytes=21_000, unique_bytes=7000, syn_ts=None)
    assert together_of(cut).outstanding_bytes.tolist() == [6000, 1000, 5000, 0]


@pytest.mark.parametrize("bins", [3, 4])
def test_a_window_that_shrank_tells_of_data_that_waits_unread(bins: int) -> None:
    """A fifth of what was offered before; not half of it, and not what was offered at first, however little."""
    window = [10_000, 100_000, 20_000, 50_000][:bins]
    one = series_of(0, BIN, [1000] * bins, acked_bytes=[1000] * bins, window_min_bytes=window)
    assert together_of(side(one, acked_bytes=1000 * bins)).is_unread.tolist() == [False, False, True, False][:bins]


@pytest.mark.parametrize("seed", range(100))
def test_a_grid_holds_what_its_series_hold(seed: int) -> None:
    """Each small bin goes to the wide one in which it begins; minima are those of the known values."""
    rng = random.Random(seed)
    sides = [side(random_series(rng), acked_bytes=rng.choice((0, 5))) for _ in range(rng.randint(1, 4))]
    together = together_of(*sides)
    known = [(s, s.series) for s in sides if s.series is not None]
    width = max(one.width_ns for _, one in known)
    start = min(one.start_ns for _, one in known)
    assert (together.width_ns, together.start_ns) == (width, start)
    for place in range(len(together.new_bytes)):
        inside = [
            (s, one, i)
            for s, one in known
            for i in range(len(one.new_bytes))
            if (one.start_ns + i * one.width_ns - start) // width == place
        ]
        assert together.new_bytes[place] == sum(one.new_bytes[i] for _, one, i in inside)
        assert together.resent_bytes[place] == sum(one.resent_bytes[i] for _, one, i in inside)
        assert together.delivered_bytes[place] == sum(
            (one.acked_bytes if s.acked_bytes else one.new_bytes)[i] for s, one, i in inside
        )
        assert together.active[place] == len({id(one) for _, one, i in inside if one.new_bytes[i] > 0})
        rtts = [one.rtt_min_ns[i] for _, one, i in inside if one.rtt_min_ns[i] >= 0]
        assert together.rtt_min_ns[place] == min(rtts, default=-1)
        rooms = [
            window - (max(one.flight_max_bytes[i], 0) if one.new_bytes[i] > 0 else left_of(s, one, i))
            for s, one, i in inside
            if (window := window_of(one, i)) >= 0
        ]
        ended = [
            [
                left_of(s, one, i)
                for i in range(len(one.new_bytes))
                if (one.start_ns + i * one.width_ns - start) // width <= place
            ]
            for s, one in known
        ]
        assert together.outstanding_bytes[place] == sum(lefts[-1] for lefts in ended if lefts)
        assert together.headroom_bytes[place] == min(rooms, default=NO_HEADROOM_SAMPLE)
    total = sum(int(one.new_bytes.sum()) for _, one in known)
    assert int(together.new_bytes.sum()) == total == together.between(together.new_bytes, 0, 10**12)


def test_without_a_series_there_is_nothing_to_put_together() -> None:
    """UDP, flows that are not nominated, or series in which nothing happened."""
    assert put_together([]) is None
    assert put_together([side(None), side(series_of(0, BIN, []))]) is None


def test_bins_are_summed_that_begin_within() -> None:
    """From included, to excluded; beyond the series there is nothing."""
    together = together_of(side(series_of(100 * BIN, BIN, [1, 2, 4, 8]), acked_bytes=0))

    def between(begin: int, end: int) -> int:
        return together.between(together.new_bytes, 100 * BIN + begin, 100 * BIN + end)

    assert between(0, 4 * BIN) == 15
    assert between(BIN, 2 * BIN) == 2
    assert between(1, 2 * BIN) == 2
    assert between(BIN, 2 * BIN + 1) == 6
    assert between(-S, S) == 15
    assert between(2 * BIN, BIN) == 0
    assert between(-S, -BIN) == 0


def test_windows_are_whole() -> None:
    """A partial last window is left out."""
    together = together_of(side(series_of(0, BIN, list(range(25)))))
    sums = windowed(together, together.new_bytes, 100 * MS, lambda v: v.sum(axis=1))
    assert sums.tolist() == [45, 145]


def test_the_best_second_slides() -> None:
    """The second that begins in the middle of another may be the best: 100 Mbit of it here."""
    new = [0] * 50 + [125_000] * 100 + [0] * 50
    assert best_window(together_of(side(series_of(0, BIN, new), acked_bytes=0))) == pytest.approx(100)


def test_a_transfer_shorter_than_a_second_has_no_best_second() -> None:
    """Not even if it was quick."""
    assert best_window(together_of(side(series_of(0, BIN, [10**6] * 99), acked_bytes=0))) is None


def test_bins_wider_than_a_second_are_the_shortest_there_is() -> None:
    """A transfer of many hours: the rate of its best bin, over that bin's length."""
    together = together_of(side(series_of(0, 128 * BIN, [160_000, 320_000]), acked_bytes=0))
    assert best_window(together) == pytest.approx(320_000 * 8 / 1.28 / 1e6)


def sent_and_acknowledged(rng: random.Random) -> list[tuple[int, bool, int]]:
    """A sender that keeps a random window full: (time, whether it is data, its number or what it acknowledges)."""
    rtt, window, number = rng.choice((4, 15, 40)) * MS, rng.choice((4, 10, 30)), 0
    events, now = [], 0
    waiting: list[int] = []
    while number < 400:
        while len(waiting) < window and number < 400:
            events.append((now, True, number * 1000))
            waiting.append(now + rtt)
            number += 1
            now += rng.choice((100, 300, 1000)) * 1000
        now = max(now, waiting[0])
        while waiting and waiting[0] <= now:
            events.append((waiting.pop(0), False, (number - len(waiting)) * 1000))
    return sorted(events)


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("seed", range(30))
def test_outstanding_is_what_the_sender_knows_to_be(seed: int, is_cut: bool) -> None:
    """
    At the end of each bin, whether the capture begins with the SYN or in mid-stream.

    There from when acknowledgements in view reach what was sent in view: those before may be of anything.
    """
    rng = random.Random(seed)
    events = sent_and_acknowledged(rng)
    skipped = rng.randint(50, 300) if is_cut else 0
    ends = ("10.0.0.1", 40_000, "10.0.0.2", MIGRATION_PORT)
    back = (*ends[2:], *ends[:2])
    packets = (
        [] if is_cut else [Packet(0, *ends, seq=999, flags=SYN), Packet(1, *back, seq=4999, ack=1000, flags=SYN | ACK)]
    )
    for ts, is_data, at in events[skipped:]:
        shown = S + ts
        packets.append(
            Packet(shown, *ends, seq=1000 + at, ack=5000, size=1000)
            if is_data
            else Packet(shown, *back, seq=5000, ack=1000 + at)
        )
    (connection,) = follow_batches([packets]).connections()
    one = next(s for s in connection.sides if s.payload_bytes)
    assert one.series is not None
    together, held = together_of(one), 0
    for place in range(len(together.new_bytes)):
        end = together.start_ns + (place + 1) * together.width_ns - S
        sent = sum(1000 for ts, is_data, _ in events if is_data and ts < end)
        acked = max((at for ts, is_data, at in events if not is_data and ts < end), default=0)
        first = next(at for _, is_data, at in events[skipped:] if is_data)
        is_reached = any(at >= first for ts, is_data, at in events[skipped:] if not is_data and ts < end)
        if is_reached or (events[skipped][0] < end and not events[skipped][1]):
            assert together.outstanding_bytes[place] == sent - acked
            held += 1
    assert held > len(together.new_bytes) // 2
