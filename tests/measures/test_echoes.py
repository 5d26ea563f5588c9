"""Echoed time stamps and held ACKs: the kernel and a twin say the same, and neither says more than is true."""

import random
from collections import Counter

import pytest

from tests.measures.followed import follow_batches
from tests.measures.stories import ACK, MS, NO_TIME, SYN, Packet, cut_at_random
from tests.measures.test_analysis import CLIENT, SERVER, judged, told
from tests.twins.echoes import echoes_of
from tests.twins.rtt import nearest_rank
from vmpcap.measures.flow_frame import flow_frame
from vmpcap.measures.rtt_histogram import RttHistogram, summarise

SIZE = 10
NAMES = ("needless_eifel", "delayed_acks", "rtt_ts_samples", "rtt_ts_least_ns")


class Story:
    """A sender beside the capture point, and a receiver that keeps to RFC 7323: TS.Recent, cumulative ACKs."""

    def __init__(self) -> None:
        self.packets = [
            Packet(MS, *CLIENT, *SERVER, seq=99, flags=SYN, stamps=(1, 0)),
            Packet(3 * MS, *SERVER, *CLIENT, seq=0, ack=100, flags=SYN | ACK, stamps=(1, 1)),
            Packet(3 * MS, *CLIENT, *SERVER, seq=100, ack=1, stamps=(3, 1)),
        ]
        self.now, self.sent, self.recent, self.acked, self.in_vain = 4 * MS, 0, 3, 0, 0
        self.arrived: dict[int, int] = {}

    def send(self, index: int, arrives: bool) -> None:
        """Segment number index passes the point."""
        stamp = self.now // MS
        self.packets.append(
            Packet(self.now, *CLIENT, *SERVER, seq=100 + SIZE * index, ack=1, size=SIZE, stamps=(stamp, 1))
        )
        if not arrives:
            return
        self.in_vain += index in self.arrived
        if index <= self.acked and stamp >= self.recent:
            self.recent = stamp
        self.arrived.setdefault(index, stamp)

    def answer(self, after: int) -> None:
        """The receiver acknowledges what it has in one piece."""
        self.now += after
        while self.acked in self.arrived:
            self.acked += 1
        ack = 100 + SIZE * self.acked
        self.packets.append(Packet(self.now, *SERVER, *CLIENT, seq=1, ack=ack, stamps=(self.now // MS, self.recent)))


def told_at_random(rng: random.Random, steps: int = 120) -> Story:
    """Losses both ways, timeouts that were right and wrong, ACKs that were held."""
    story = Story()
    for _ in range(steps):
        story.now += rng.choice((MS // 20, MS // 20, MS, 7 * MS, 250 * MS))
        lowest = story.acked
        if story.sent > lowest and rng.random() < 0.4:
            story.send(rng.choice((lowest, lowest, rng.randrange(lowest, story.sent))), rng.random() < 0.8)
        else:
            story.send(story.sent, rng.random() < 0.8)
            story.sent += 1
        if rng.random() < 0.6:
            story.answer(rng.choice((MS, 2 * MS, 41 * MS, 100 * MS)))
    return story


def found(batches: list[list[Packet]]) -> dict[str, int]:
    analysis = judged(batches)[1]
    data, back = analysis.told[0, 0], analysis.told[0, 1]
    return {name: int((back if name == "delayed_acks" else data)[name]) for name in NAMES}


@pytest.mark.parametrize("seed", range(150))
def test_the_kernel_says_what_the_twin_says(seed: int) -> None:
    """Wherever the batches are cut; and what is called in vain was."""
    rng = random.Random(seed)
    story = told_at_random(rng)
    wanted = echoes_of(story.packets, told(story.packets), CLIENT)
    assert found(cut_at_random(rng, story.packets)) == wanted
    assert wanted["needless_eifel"] <= story.in_vain


@pytest.mark.parametrize("seed", range(40))
def test_the_spread_of_echoes_is_that_of_the_twins_round_trips(seed: int) -> None:
    """Nearest ranks within 0.2 %, smallest and largest exactly; the receiver, which sends no data, has none."""
    rng = random.Random(seed)
    story = told_at_random(rng)
    trips: list[int] = []
    echoes_of(story.packets, told(story.packets), CLIENT, trips)
    trips.sort()
    analysis = judged(cut_at_random(rng, story.packets))[1]
    buckets = analysis.finish_echoes()
    spread = summarise(buckets.of((0,)), 0)
    assert (spread.samples, spread.min_ns, spread.max_ns) == (len(trips), trips[0], trips[-1])
    for percent in (50, 95):
        assert getattr(spread, f"p{percent}_ns") == pytest.approx(nearest_rank(trips, percent), rel=0.002)
    assert summarise(buckets.of((1,)), 0).samples == 0


def test_what_has_no_time_is_no_round_trip() -> None:
    """Neither data nor its echo: a difference to no time would be a figure out of nothing."""
    for untimed in (3, 4):
        story = Story()
        story.send(0, arrives=True)
        story.answer(2 * MS)
        packets = [p._replace(ts_ns=NO_TIME) if n == untimed else p for n, p in enumerate(story.packets)]
        assert found([packets])["rtt_ts_samples"] == 0
        assert found([story.packets])["rtt_ts_samples"] == 1


def test_a_side_whose_samples_found_no_room_has_no_spread() -> None:
    """Its number and smallest are counted apart and stay; percentiles of a part would be wrong."""
    story = told_at_random(random.Random(1))
    follower = follow_batches([story.packets])
    whole = flow_frame(follower.table, follower, "here").row(0, named=True)
    assert whole["a_rtt_ts_p50_us"] <= whole["a_rtt_ts_p95_us"]
    follower.analysis._echoes = RttHistogram()
    part = flow_frame(follower.table, follower, "here").row(0, named=True)
    assert (part["a_rtt_ts_p50_us"], part["a_rtt_ts_p95_us"]) == (None, None)
    assert (part["a_rtt_ts_samples"], part["a_rtt_ts_min_us"]) == (whole["a_rtt_ts_samples"], whole["a_rtt_ts_min_us"])
    assert follower.connections()[0].sides[0].stamp_rtt.samples == 0


def test_stories_meet_every_case() -> None:
    """What no story shows was not compared."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        packets = told_at_random(random.Random(seed)).packets
        seen.update(echoes_of(packets, told(packets), CLIENT))
    assert all(seen[name] > 0 for name in NAMES)


def test_a_timeout_that_came_too_soon_is_proven_by_the_echo() -> None:
    """The segment had arrived, its ACK was slow: what is acknowledged then is the first, by its time stamp."""
    story = Story()
    story.send(0, arrives=True)
    story.now += 300 * MS
    first = story.recent
    story.send(0, arrives=False)
    story.answer(MS)
    assert story.packets[-1].stamps is not None
    assert story.packets[-1].stamps[1] == first
    assert found([story.packets])["needless_eifel"] == 1


def test_a_timeout_after_a_loss_was_needed() -> None:
    """The first was lost: the receiver echoes the second."""
    story = Story()
    story.send(0, arrives=False)
    story.now += 300 * MS
    story.send(0, arrives=True)
    story.answer(MS)
    one = found([story.packets])
    assert one["needless_eifel"] == 0
    assert one["rtt_ts_samples"] == 0  # the first time stamp was never echoed
    assert one["delayed_acks"] == 0  # the ACK came at once: what took its time was the timeout


def test_a_round_trip_ends_with_the_echo_of_its_stamp() -> None:
    """Two segments in one tick are one time stamp: it was first seen on the first."""
    story = Story()
    story.send(0, arrives=True)
    story.now += MS // 4
    story.send(1, arrives=True)
    story.answer(2 * MS)
    one = found([story.packets])
    assert (one["rtt_ts_samples"], one["rtt_ts_least_ns"]) == (1, 2 * MS + MS // 4)


@pytest.mark.parametrize(
    ("segments", "after_ms", "wanted"),
    [(1, 42, 1), (1, 200, 1), (1, 5, 0), (1, 700, 0), (2, 42, 0)],
    ids=["Linux", "Windows", "at once", "longer than allowed", "two are answered at once"],
)
def test_an_ack_is_held_only_for_a_lone_segment(segments: int, after_ms: int, wanted: int) -> None:
    """The handshake took 2 ms."""
    story = Story()
    for index in range(segments):
        story.send(index, arrives=True)
    story.answer(after_ms * MS)
    assert found([story.packets])["delayed_acks"] == wanted


def test_a_second_connection_awaits_nothing_of_the_first() -> None:
    """The same ports and a SYN: what was being timed and what was sent again belongs to what is over."""
    story = Story()
    story.send(0, arrives=False)
    story.now += 300 * MS
    story.send(0, arrives=False)
    story.packets.append(Packet(story.now + MS, *CLIENT, *SERVER, seq=99, flags=SYN, stamps=(1, 0)))
    story.packets.append(Packet(story.now + 3 * MS, *SERVER, *CLIENT, seq=0, ack=110, stamps=(1, 4)))
    one = found([story.packets])
    assert (one["rtt_ts_samples"], one["needless_eifel"]) == (0, 0)
