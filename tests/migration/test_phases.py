"""The stream's figures and phases: what counts as set-up, bulk, burst, switchover and resume."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.migration.make import MS, S, figures, moves_of, series, side, stream, view
from vmpcap.measures.connections import Connection
from vmpcap.measures.kernels.layout import NEVER
from vmpcap.measures.limits import Attribution, Sent
from vmpcap.measures.results import Rtt
from vmpcap.measures.series import Together, put_together
from vmpcap.migration.results import Phase
from vmpcap.migration.stream.broken_streams import stuck_segment
from vmpcap.migration.stream.figures import Activity, StreamFigures, measure_stream, split_activity
from vmpcap.migration.stream.phases import name_phases
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.terms.units import NO_TIME, iso_utc

BIN = 10 * MS
EVEN = 1_000_000
"""Bytes in each bin of 10 ms: 800 Mbps."""


def flow(*stretches: tuple[int, int]) -> list[int]:
    """Bytes of each bin from (bins, bytes in each)."""
    return [size for bins, size in stretches for _ in range(bins)]


def streaming(new: list[int], start: int = 0, acked: list[int] | None = None, **more: Any) -> Connection:
    """A connection whose data side sent this, bin by bin, from its start on."""
    total = sum(new)
    ran = series(len(new), BIN, start, new_bytes=new, acked_bytes=new if acked is None else acked, segments=1)
    filled = np.flatnonzero(new)
    known: dict[str, Any] = {
        "packets": 9,
        "payload_bytes": total,
        "unique_bytes": total,
        "acked_bytes": total if acked is None else sum(acked),
        "syn_ts": start,
        "syn_frame": 1,
        "mss": 1460,
        "first_data_ts": start + int(filled[0]) * BIN,
        "last_data_ts": start + (int(filled[-1]) + 1) * BIN,
        "series": ran,
        "max_payload_bytes": 1460,
    }
    known.update({k: v for k, v in more.items() if not k.startswith("a_")})
    ends = {k: v for k, v in more.items() if k.startswith("a_")}
    return stream(start, len(new) / 100, a=side(**known), **ends)


def measured(*connections: Connection, role: str | None = "source") -> StreamFigures:
    (move,) = moves_of(view("up", role, streams=connections))
    return measure_stream(move.best)


# throughput


def test_pauses_count_for_the_mean_and_not_for_the_bulk() -> None:
    """Two seconds of 800 Mbps with two seconds of silence between: 800 in bulk, 400 or so over the whole."""
    told = measured(streaming(flow((100, EVEN), (200, 0), (100, EVEN)))).throughput
    assert told.bulk_mbps == pytest.approx(800)
    assert told.mean_mbps == pytest.approx(400)
    assert told.best_1s_mbps == pytest.approx(800)
    assert told.p50_mbps == pytest.approx(800)


def test_a_transfer_shorter_than_a_second_has_no_best_second() -> None:
    """Unknown is null."""
    told = measured(streaming(flow((50, EVEN)))).throughput
    assert told.best_1s_mbps is None
    assert told.bulk_mbps == pytest.approx(800)


def test_only_what_was_acknowledged_is_delivered() -> None:
    """Half of it was never acknowledged: half the goodput."""
    half = [size // 2 for size in flow((200, EVEN))]
    told = measured(streaming(flow((200, EVEN)), acked=half)).throughput
    assert told.mean_mbps == pytest.approx(400)
    assert told.bulk_mbps == pytest.approx(400)


PATH_MS = 1
"""One way of the path that carries the bursts below."""


def in_bursts(arriving_ms: int, count: int = 20, held_ms: int = 0, at_once: bool = False) -> Connection:
    """
    A megabyte every 100 ms, handed over in 2 ms, which takes this long to come; each of a hundred parts is answered.

    The answer to the last part comes later by held_ms; or there is one answer only, when all has come.
    """
    bins, part = 10 * count + 10, EVEN // 100
    new, acked = np.zeros(bins, np.int64), np.zeros(bins, np.int64)
    sent_first, first, last = np.full(bins, NEVER), np.full(bins, NEVER), np.full(bins, NO_TIME)
    at_first = np.zeros(bins, np.int64)
    for n in range(count):
        begin = n * 100 * MS + 3 * MS
        new[begin // BIN] += EVEN
        sent_first[begin // BIN] = begin
        answers = [begin + 2 * PATH_MS * MS + arriving_ms * MS * k // 100 for k in range(1, 101)]
        answers[-1] += held_ms * MS
        for ts in answers[-1:] * 100 if at_once else answers:
            i = ts // BIN
            acked[i] += part
            if ts < first[i]:
                first[i], at_first[i] = ts, EVEN if at_once else part
            last[i] = max(last[i], ts)
    times: dict[str, Any] = {"sent_first_ts": sent_first, "acked_first_ts": first, "acked_last_ts": last}
    ran = series(bins, BIN, 0, new_bytes=new, acked_bytes=acked, acked_first_bytes=at_first, segments=1, **times)
    made = streaming(new.tolist(), first_data_ts=3 * MS, last_data_ts=(count - 1) * 100 * MS + 5 * MS)
    idle = replace(made.sides[0].rtt, samples=9, min_ns=2 * PATH_MS * MS)
    sides = (replace(made.sides[0], series=ran, rtt=idle), made.sides[1])
    return replace(made, sides=sides, syn_to_synack_ns=2 * PATH_MS * MS)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("arriving_ms", [16, 29, 60])
def test_bursts_in_mid_stream_are_never_told_too_fast(arriving_ms: int, at_once: bool) -> None:
    """Without a handshake every round trip may hold the burst's own queue: nothing of it is taken off."""
    made = replace(in_bursts(arriving_ms, at_once=at_once), syn_to_synack_ns=None)
    loaded = replace(made.sides[0].rtt, min_ns=(2 * PATH_MS + arriving_ms - 1) * MS)
    told = measured(replace(made, sides=(replace(made.sides[0], rtt=loaded), made.sides[1]))).throughput
    assert told.bulk_mbps is not None
    assert 8000 / (arriving_ms + 2 * PATH_MS) * 0.97 <= told.bulk_mbps <= 8000 / arriving_ms


@pytest.mark.parametrize(("arriving_ms", "mbps"), [(29, 8000 / 29), (60, 8000 / 60), (16, 500.0)])
def test_a_sender_in_bursts_is_no_faster_than_its_path(arriving_ms: int, mbps: float) -> None:
    """The rate is that at which the receiver had it, in the whole and in each burst: by its answers, not by bins."""
    told = measured(in_bursts(arriving_ms))
    assert told.throughput.bulk_mbps == pytest.approx(mbps, rel=0.01)
    bursts = [phase.mbps for phase in name_phases(0, told, None)]
    assert bursts[1:] == [pytest.approx(mbps, rel=0.01)] * (len(bursts) - 1)


@pytest.mark.parametrize("arriving_ms", [29, 60])
def test_one_answer_to_a_whole_burst_makes_it_no_faster(arriving_ms: int) -> None:
    """Nothing came after the first answer, which is the last: from the first data to it, less the empty path."""
    told = measured(in_bursts(arriving_ms, at_once=True)).throughput
    assert told.bulk_mbps == pytest.approx(8000 / arriving_ms, rel=0.08)


def test_the_odd_segment_whose_answer_is_held_back_makes_no_burst_longer() -> None:
    """40 ms later comes the answer to the last part alone, as long as a delayed ACK waits for."""
    made = in_bursts(29, held_ms=40)
    made = replace(made, sides=(made.sides[0], replace(made.sides[1], mss=EVEN // 100)))
    assert measured(made).throughput.bulk_mbps == pytest.approx(8000 / 29, rel=0.02)


def test_bursts_that_arrive_as_they_are_sent_keep_their_rate() -> None:
    """The path is faster than the sender: its bins of 10 ms hold the 2 ms."""
    assert measured(in_bursts(1)).throughput.bulk_mbps == pytest.approx(800, rel=0.05)


@pytest.mark.parametrize(
    ("begins_ms", "lasts_ns", "mbps"), [(3, 17 * MS, 8000 / 17), (9, 17 * MS, 8000 / 17), (9, 2 * MS, 800)]
)
def test_bursts_that_come_are_as_long_as_they_take(begins_ms: int, lasts_ns: int, mbps: float) -> None:
    """Beside the receiver by their first and last data, not by the bins these lie in; one bin at least."""
    count, new = 20, np.zeros(210, np.int64)
    first, last = np.full(210, NEVER), np.full(210, NO_TIME)
    for ts in (n * 100 * MS + begins_ms * MS + lasts_ns * k // 99 for n in range(count) for k in range(100)):
        new[ts // BIN] += EVEN // 100
        first[ts // BIN], last[ts // BIN] = min(first[ts // BIN], ts), max(last[ts // BIN], ts)
    ran = series(210, BIN, 0, new_bytes=new, acked_bytes=new, segments=1, sent_first_ts=first, sent_last_ts=last)
    made = streaming(new.tolist(), first_data_ts=int(first.min()), last_data_ts=int(last.max()))
    made = replace(made, sides=(replace(made.sides[0], series=ran), made.sides[1]))
    assert measured(made).throughput.bulk_mbps == pytest.approx(mbps, rel=0.01)


QEMU = b"QEVM\x00\x00\x00\x03"


def test_what_was_handed_over_at_once_is_no_faster_over_the_whole() -> None:
    """Five megabytes within 402 ms, each of which took 90 ms to come: 40 Mbit in at least 450 ms."""
    told = measured(in_bursts(90, count=5)).throughput
    assert told.mean_mbps is not None
    assert told.bulk_mbps is not None
    assert told.mean_mbps <= told.bulk_mbps
    assert 40_000 / 500 <= told.mean_mbps <= 40_000 / 450


def test_a_handful_of_bytes_within_a_millisecond_is_no_rate_at_all() -> None:
    """Neither while they flowed nor over the whole: 191 bytes in 2 us are 764 Mbps, and say nothing of a link."""
    made = streaming([191, 0])
    at = made.sides[0].first_data_ts
    assert at is not None
    side = replace(made.sides[0], last_data_ts=at + 2_000, opening=QEMU)
    told = measured(replace(made, sides=(side, made.sides[1]))).throughput
    assert (told.bulk_mbps, told.mean_mbps, told.best_1s_mbps, told.limit) == (None, None, None, "unknown")
    assert told.limit_because == "only 191 bytes flowed, within 0.002 ms: no rate of a link"


def repeating(sent: int, acked: int, **more: Any) -> Connection:
    """All was sent in the first bin and acknowledged as far as said, then one segment again and again for 10 s."""
    resent = flow((20, 0), *((1, 1460), (39, 0)) * 25)
    made = streaming([sent, *[0] * (len(resent) - 1)], acked=[acked, *[0] * (len(resent) - 1)])
    ran = replace(made.sides[0].series, resent_bytes=np.array(resent, np.int64))  # type: ignore[type-var]
    known = {
        "series": ran,
        "resent_timeout": 25,
        "retransmissions": 25,
        "max_payload_bytes": 536,
        "opening": QEMU,
        **more,
    }
    return replace(made, sides=(replace(made.sides[0], **known), made.sides[1]))


@pytest.mark.parametrize(("acked", "share"), [(0, "none of the 14,600"), (5000, "only 5,000 of the 14,600")])
def test_a_destination_that_died_after_the_handshake_shows_no_rate_of_the_link(acked: int, share: str) -> None:
    """Ten segments went out, and then the first that was missing again and again: nothing says what a path carries."""
    told = measured(repeating(14_600, acked)).throughput
    assert (told.bulk_mbps, told.mean_mbps, told.best_1s_mbps, told.limit) == (None, None, None, "unknown")
    assert share in told.limit_because


def dying(**more: Any) -> Connection:
    """A second at 800 Mbps, of which all but the last bin was acknowledged; then one segment again for ten seconds."""
    dead = flow((20, 0), *((1, 1460), (39, 0)) * 25)
    new, acked = flow((100, EVEN), (len(dead), 0)), flow((99, EVEN), (1 + len(dead), 0))
    made = streaming(new, acked=acked, last_data_ts=(100 + len(dead)) * BIN)
    resent = np.array([0] * 100 + dead, np.int64)
    ran = replace(made.sides[0].series, resent_bytes=resent)  # type: ignore[type-var]
    known = {"series": ran, "resent_timeout": 25, "retransmissions": 25, "opening": QEMU, **more}
    return replace(made, sides=(replace(made.sides[0], **known), made.sides[1]))


def test_repeats_to_a_destination_that_is_gone_are_no_time_in_which_data_flowed() -> None:
    """The rate and the limit are of the second before; where it repeated but twice, it may only have been slow."""
    told = measured(dying()).throughput
    assert told.bulk_mbps == pytest.approx(792)
    assert told.limit != "network"
    slow = measured(dying(resent_timeout=2)).throughput
    assert slow.bulk_mbps == pytest.approx(792 / 11, rel=0.05)


def test_one_of_several_connections_that_was_dead_from_its_start_hides_no_rate() -> None:
    """Its other carried all it was given; and set-up on the other alone shows no rate at all."""
    dead = repeating(2_000_000, 0, opening=b"")
    lone = measured(streaming(flow((1, 4000), (100, 0)), opening=QEMU), dead).throughput
    assert (lone.bulk_mbps, lone.mean_mbps) == (None, None)
    assert "only 4,000 of the 2,004,000" in lone.limit_because
    told = measured(streaming(flow((100, EVEN)), opening=QEMU), dead).throughput
    assert told.bulk_mbps == pytest.approx(800, rel=0.05)


def test_a_stream_that_broke_later_keeps_its_rate() -> None:
    """Neighbours: a megabyte had come before; one whose acknowledgements are out of view; one of few repetitions."""
    assert measured(repeating(2_000_000, 1_000_000)).throughput.bulk_mbps is not None
    assert measured(repeating(2_000_000, 0)).throughput.bulk_mbps is not None
    assert measured(repeating(14_600, 0, resent_timeout=2)).throughput.bulk_mbps is not None


def test_without_acknowledgements_in_view_what_was_seen_counts() -> None:
    """A one-way capture: bytes seen for the first time."""
    told = measured(streaming(flow((200, EVEN)), acked=[0] * 200)).throughput
    assert told.bulk_mbps == pytest.approx(800)


def test_connections_of_one_migration_add_up() -> None:
    """Three at 800 Mbps are 2400, and three at a time."""
    three = [streaming(flow((200, EVEN)), a_port=50_000 + n) for n in range(3)]
    told = measured(*three).throughput
    assert told.bulk_mbps == pytest.approx(2400)
    assert told.max_concurrent == 3


def test_connections_one_after_the_other_were_never_concurrent() -> None:
    """A second one that starts when the first is done."""
    second = streaming(flow((100, EVEN)), 1 * S + 100 * MS, a_port=50_001)
    told = measured(streaming(flow((100, EVEN))), replace(second, first_ts=S)).throughput
    assert told.max_concurrent == 1


def test_resent_bytes_are_payload_and_not_unique() -> None:
    """What was sent twice is counted apart; the share is of all payload."""
    sent = streaming(flow((200, EVEN)), payload_bytes=210 * EVEN, retransmitted_bytes=10 * EVEN, retransmissions=7_000)
    told = measured(sent)
    assert (told.bytes.payload, told.bytes.unique, told.bytes.retransmitted) == (210 * EVEN, 200 * EVEN, 10 * EVEN)
    assert told.loss.retransmitted_share == pytest.approx(10 / 210)
    assert told.loss.retransmissions == 7_000


def test_nothing_sent_has_no_figures() -> None:
    """An attempt: null, not 0."""
    told = measured(stream(seconds=0.1, a=side(packets=1, syn_ts=0, syn_frame=1), b=side()))
    assert (told.throughput.bulk_mbps, told.throughput.mean_mbps, told.loss.retransmitted_share) == (None, None, None)
    assert told.throughput.limit == "unknown"
    assert told.activities == ()


# pauses


def activities_of(new: list[int], rtt: Rtt | None = None) -> tuple[Activity | None, tuple[Activity, ...]]:
    made = streaming(new)
    data = made.sides[0]
    return split_activity(put_together([data]), data.first_data_ts, data.last_data_ts, rtt or Rtt(samples=0))


@pytest.mark.parametrize(("bins", "parts"), [(1, 1), (2, 2), (50, 2)])
def test_twenty_milliseconds_of_silence_are_a_pause(bins: int, parts: int) -> None:
    """Less is the rhythm of segments."""
    _, activities = activities_of(flow((20, EVEN), (bins, 0), (20, EVEN)))
    assert len(activities) == parts


def test_waiting_for_a_lost_segment_is_no_pause() -> None:
    """A retransmission timeout of 300 ms: the path's time, whether the resend or the missing ACK shows it."""
    new = flow((10, EVEN), (30, 0), (10, EVEN))
    late = flow((9, EVEN), (31, 0), (1, 2 * EVEN), (9, EVEN))
    resent = [1460 if n == 39 else 0 for n in range(50)]
    for acked, again, parts in ((new, [0] * 50, 2), (late, [0] * 50, 1), (new, resent, 1)):
        made = streaming(new, acked=acked)
        data = made.sides[0]
        assert data.series is not None
        data = replace(data, series=replace(data.series, resent_bytes=np.array(again)))
        _, activities = split_activity(put_together([data]), data.first_data_ts, data.last_data_ts, Rtt(samples=0))
        assert len(activities) == parts


def test_a_stream_that_ends_in_resends_was_busy_until_the_last_of_them() -> None:
    """Little came through, then the same was sent again and again: a rate of the first milliseconds is none."""
    new = flow((10, EVEN), (290, 0))
    acked = flow((9, EVEN), (291, 0))
    for again_at, busy_ms in ((299, 3_000), (199, 2_000), (None, 100)):
        made = streaming(new, acked=acked, last_data_ts=300 * 10 * MS)
        data = made.sides[0]
        assert data.series is not None
        resent = np.array([1460 if n == again_at else 0 for n in range(300)])
        data = replace(data, series=replace(data.series, resent_bytes=resent))
        _, (activity,) = split_activity(put_together([data]), data.first_data_ts, data.last_data_ts, Rtt(samples=0))
        assert (activity.to_ts - activity.from_ts) / MS == pytest.approx(busy_ms, abs=10)
        assert activity.new_bytes == 10 * EVEN


def test_resends_of_what_had_arrived_make_nothing_longer() -> None:
    """A tail loss probe behind a stream of which all was acknowledged."""
    new = flow((10, EVEN), (290, 0))
    data = streaming(new, acked=new, last_data_ts=300 * 10 * MS).sides[0]
    assert data.series is not None
    data = replace(
        data, series=replace(data.series, resent_bytes=np.array([1460 if n == 200 else 0 for n in range(300)]))
    )
    _, (activity,) = split_activity(put_together([data]), data.first_data_ts, data.last_data_ts, Rtt(samples=0))
    assert (activity.to_ts - activity.from_ts) / MS == pytest.approx(100, abs=10)


def test_super_segments_do_not_count_as_one_segment_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss rate is by what crossed the wire: a bin's million bytes are 685 segments, however sent."""
    asked: list[Sent] = []

    def attribute(_: Together | None, sent: Sent) -> Attribution:
        asked.append(sent)
        return Attribution("unknown", "")

    monkeypatch.setattr("vmpcap.migration.stream.figures.attribute", attribute)
    measured(streaming(flow((100, EVEN))))
    assert asked[0].segments == 68_494


def test_on_a_long_way_a_pause_is_longer() -> None:
    """At 100 ms of round trip a sender waits as long for every window: only four of them are a pause."""
    far = Rtt(samples=9, p50_ms=100.0)
    assert len(activities_of(flow((20, EVEN), (39, 0), (20, EVEN)), far)[1]) == 1
    assert len(activities_of(flow((20, EVEN), (40, 0), (20, EVEN)), far)[1]) == 2


def test_little_before_the_first_pause_is_the_set_up() -> None:
    """QEMU's first words and its list of devices, then the memory."""
    setup, activities = activities_of(flow((2, 5_000), (10, 0), (100, EVEN)))
    assert setup is not None
    assert setup.new_bytes == 10_000
    assert [a.new_bytes for a in activities] == [100 * EVEN]
    setup, activities = activities_of(flow((2, EVEN), (10, 0), (100, EVEN)))
    assert setup is None
    assert len(activities) == 2


@given(st.lists(st.sampled_from([0, 0, 0, 5_000, EVEN]), min_size=1, max_size=80).filter(any))
def test_every_byte_is_in_one_activity(new: list[int]) -> None:
    """Set-up and activities together hold what was sent; they follow each other without touching."""
    setup, activities = activities_of(new)
    every = [a for a in (setup, *activities) if a is not None]
    assert sum(a.new_bytes for a in every) == sum(new)
    for one, other in itertools.pairwise(every):
        assert one.from_ts < one.to_ts < other.from_ts


# phases


def phases_of(new: list[int], stun: tuple[int, int] | None = None, start: int = 0) -> list[tuple[str, int, int]]:
    """(kind, n, bytes) of each phase."""
    told = measured(streaming(new, start))
    return [(p.kind, p.n, p.payload_bytes) for p in name_phases(start, told, stun)]


def test_a_plateau_and_shorter_bursts_are_bulk_and_bursts() -> None:
    """Boundaries are inferred from pauses; a burst is not called a pass."""
    new = flow((2, 5_000), (10, 0), (200, EVEN), (5, 0), (40, EVEN), (5, 0), (10, EVEN))
    assert phases_of(new) == [
        ("setup", 1, 10_000),
        ("bulk", 1, 200 * EVEN),
        ("burst", 2, 40 * EVEN),
        ("burst", 3, 10 * EVEN),
    ]


def test_what_flows_inside_the_bracket_is_the_switchovers() -> None:
    """The last dense burst belongs to the stun."""
    new = flow((200, EVEN), (5, 0), (10, EVEN))
    assert phases_of(new, (2040 * MS, 2200 * MS)) == [("bulk", 1, 200 * EVEN), ("switchover", 1, 10 * EVEN)]


def test_two_bursts_inside_the_bracket_are_one_switchover() -> None:
    """The stream may pause in it: one phase, with all its bytes."""
    new = flow((200, EVEN), (5, 0), (10, EVEN), (5, 0), (20, EVEN))
    assert phases_of(new, (2040 * MS, 2500 * MS)) == [("bulk", 1, 200 * EVEN), ("switchover", 1, 30 * EVEN)]


def test_a_stream_without_pauses_is_cut_at_the_bracket() -> None:
    """The bulk ends where the guest was last seen."""
    new = flow((300, EVEN))
    assert phases_of(new, (2000 * MS, 3000 * MS)) == [("bulk", 1, 200 * EVEN), ("switchover", 1, 100 * EVEN)]


def test_memory_that_follows_the_switchover_is_the_resume() -> None:
    """Post-copy: the guest runs already while its pages come."""
    new = flow((100, EVEN), (10, EVEN), (200, EVEN))
    assert phases_of(new, (1000 * MS, 1100 * MS)) == [
        ("bulk", 1, 100 * EVEN),
        ("switchover", 1, 10 * EVEN),
        ("resume", 1, 200 * EVEN),
    ]


def test_two_stretches_after_the_switchover_are_two_resumes() -> None:
    """Background and faults may pause."""
    new = flow((100, EVEN), (10, EVEN), (50, EVEN), (20, 0), (50, EVEN))
    kinds = [(kind, n) for kind, n, _ in phases_of(new, (1000 * MS, 1100 * MS))]
    assert kinds == [("bulk", 1), ("switchover", 1), ("resume", 1), ("resume", 2)]


def test_a_switchover_in_a_pause_carried_nothing() -> None:
    """It is a phase all the same, with its own times."""
    told = measured(streaming(flow((100, EVEN), (100, 0), (50, EVEN))))
    phases = name_phases(0, told, (1200 * MS, 1300 * MS))
    switchover = next(p for p in phases if p.kind == "switchover")
    assert (switchover.payload_bytes, switchover.mbps) == (0, 0.0)
    assert (switchover.start_ts, switchover.end_ts) == (iso_utc(1200 * MS), iso_utc(1300 * MS))


def test_the_time_from_syn_to_the_first_data_is_set_up() -> None:
    """Nothing was said then; a stream that is in view from its first byte only has none."""
    told = measured(streaming(flow((100, EVEN)), 100 * MS))
    assert [p.kind for p in name_phases(0, told, None)] == ["setup", "bulk"]
    assert [p.kind for p in name_phases(100 * MS, told, None)] == ["bulk"]


def test_without_data_there_are_no_phases() -> None:
    """An attempt has none."""
    assert name_phases(0, figures(), None) == []


def assert_in_order_within(told: StreamFigures, phases: list[Phase]) -> None:
    """Each begins where or after the one before it ends, and none reaches beyond the stream."""
    assert all(a.end_ts <= b.start_ts for a, b in itertools.pairwise(phases))
    assert (iso_utc(told.first_data_ts) or "") <= phases[0].start_ts
    assert phases[-1].end_ts <= (iso_utc(told.last_data_ts) or "")


def test_a_bracket_that_cuts_a_bin_cuts_its_bytes() -> None:
    """800 Mbps before, in and after it, wherever in its bin it begins and ends; every byte counts once."""
    told = measured(streaming(flow((300, EVEN))))
    phases = name_phases(0, told, (1003 * MS + 7, 1046 * MS + 1))
    assert [p.kind for p in phases] == ["bulk", "switchover", "resume"]
    assert [p.mbps for p in phases] == pytest.approx([800] * 3)
    assert sum(p.payload_bytes for p in phases) == 300 * EVEN


def test_the_last_bin_of_a_stream_flowed_until_its_last_byte() -> None:
    """Three of its ten milliseconds carried it: the rate is that of those."""
    told = measured(streaming(flow((10, EVEN), (1, 300_000)), last_data_ts=103 * MS))
    phases = name_phases(0, told, (101 * MS, 500 * MS))
    assert [(p.kind, p.payload_bytes) for p in phases] == [("bulk", 10_100_000), ("switchover", 200_000)]
    assert [p.mbps for p in phases] == pytest.approx([800] * 2)
    assert phases[-1].end_ts == iso_utc(103 * MS)


@pytest.mark.parametrize("stun", [(-550, 2000), (0, 900), (-50, 500), (510, 900)])
def test_a_bracket_that_does_not_lie_in_the_stream_makes_no_phase_of_it(stun: tuple[int, int]) -> None:
    """A quiet guest was last seen before the stream began: which of its bytes were the switchover's is not known."""
    told = measured(streaming(flow((50, EVEN)), 10 * MS))
    phases = name_phases(0, told, (stun[0] * MS, stun[1] * MS))
    assert [(p.kind, p.payload_bytes) for p in phases if p.kind not in ("setup", "resume")] in (
        [("bulk", 50 * EVEN)],
        [("bulk", 49 * EVEN)],
    )
    assert sum(p.payload_bytes for p in phases) == 50 * EVEN
    assert "switchover" not in {p.kind for p in phases}


@given(
    st.lists(st.sampled_from([0, 0, 5_000, EVEN]), min_size=5, max_size=80).filter(any),
    st.tuples(st.integers(0, 90), st.integers(0, 90)),
)
def test_phases_hold_every_byte_once_and_rise(new: list[int], stun: tuple[int, int]) -> None:
    """Wherever the bracket lies; numbers count from 1 without a gap."""
    marks = (min(stun) * BIN, max(stun) * BIN + BIN)
    if sum(new) < 4_000_000:
        new = [*new, *flow((5, EVEN))]
    told = measured(streaming(new))
    phases = name_phases(0, told, marks)
    assert sum(p.payload_bytes for p in phases) == sum(new)
    assert [p.start_ts for p in phases] == sorted(p.start_ts for p in phases)
    bulk = [p.n for p in phases if p.kind in ("bulk", "burst")]
    assert bulk == list(range(1, len(bulk) + 1))
    assert sum(p.kind == "switchover" for p in phases) <= 1
    assert_in_order_within(told, [p for p in phases if p.kind != "setup"])


# stuck segments


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"unique_bytes": 9200, "acked_bytes": 252, "retransmissions": 5, "max_payload_bytes": 8948}, 8948),
        ({"unique_bytes": 200_000, "acked_bytes": 190_000, "retransmissions": 5, "max_payload_bytes": 8948}, None),
        ({"unique_bytes": 9200, "acked_bytes": 252, "retransmissions": 2, "max_payload_bytes": 8948}, None),
        ({"unique_bytes": 8948, "acked_bytes": 0, "retransmissions": 5, "max_payload_bytes": 8948}, None),
        ({"unique_bytes": 1000, "acked_bytes": 252, "retransmissions": 5, "max_payload_bytes": 748}, None),
        ({"unique_bytes": 9200, "acked_bytes": 9200, "retransmissions": 5, "max_payload_bytes": 8948}, None),
    ],
)
def test_a_segment_is_stuck_where_nothing_as_large_was_ever_acknowledged(
    known: dict[str, int], expected: int | None
) -> None:
    """
    Resent again and again.

    Not after large ones got through, not after one loss, not once it arrived, not where nothing passed or all is small.
    """
    sender = side(packets=9, payload_bytes=30_000, opening=b"QEVM\x00\x00\x00\x03", **known)
    jumbo = stream(a=sender, b=side(packets=9, mss=8960))
    assert stuck_segment(find_transfers([jumbo])[0][0].links) == expected
