"""What happened between two points: made packets, and the lab's own record of every frame it dropped."""

import csv
import random
from pathlib import Path

import numpy as np
import pytest

from tests.points.made import MS, kept_of
from vmpcap.points.between import Between, overtaken, reordered_between
from vmpcap.runs.packets import PacketRows
from vmpcap.runs.pipeline import compare_points
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import DEFAULT, load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
LAB = ("clean", "routed_stretched", "lossy", "there_and_back", "cancelled")
SET_DELAY_MS = {"clean": 0.0, "routed_stretched": 1.0, "lossy": 5.0}
"""Half of the round trip that the emulator was set to: it holds each direction back alike."""


def between(situation: str, *names: str) -> Between:
    """The first two of these points."""
    points = tuple(PointFiles(n, None, (str(CAPTURES / situation / f"{n}.pcap.zst"),)) for n in names)
    together, _ = compare_points(Request(points=points, profile=load_profile(DEFAULT)))
    return together.pairs[0]


@pytest.mark.parametrize("situation", LAB)
def test_every_frame_that_the_emulator_dropped_is_found_lost_between_the_uplinks(situation: str) -> None:
    """And no other: as many in either direction, and the first hundred are those very segments."""
    pair = between(situation, "src-uplink", "dst-uplink")
    with (CAPTURES / situation / "wan-drops.csv").open() as file:
        drops = [row for row in csv.DictReader(file) if row["chan"] == "mig" and row["ethertype"] == "0x0800"]
    for way, direction, name in ((pair.forth, "ab", "src-uplink"), (pair.back, "ba", "dst-uplink")):
        assert way is not None
        dropped = sorted(int(row["tcp_seq"]) for row in drops if row["dir"] == direction)
        assert way.lost + way.not_after == len(dropped), direction
        path = str(CAPTURES / situation / f"{name}.pcap.zst")
        request = Request(points=(PointFiles(name, None, (path,)),), profile=load_profile(DEFAULT))
        if way.lost_frames and not way.not_after and way.lost <= len(way.lost_frames):
            rows = PacketRows(request).lazy().select("frame", "tcp_seq").collect()
            seqs = rows.filter(rows["frame"].is_in(list(way.lost_frames)))["tcp_seq"].to_list()
            assert sorted(seqs) == dropped


def test_what_a_black_hole_swallows_is_lost_though_nothing_of_the_stream_comes_after_it() -> None:
    """Segments too large for the way, sent again in vain: each that the emulator dropped, by its own record."""
    pair = between("jumbo_black_hole", "src-uplink", "dst-uplink")
    with (CAPTURES / "jumbo_black_hole" / "wan-drops.csv").open() as file:
        dropped = [row for row in csv.DictReader(file) if row["dir"] == "ab" and row["ethertype"] == "0x0800"]
    assert pair.forth is not None
    assert (pair.forth.lost, pair.forth.not_after) == (len(dropped), 0)


@pytest.mark.parametrize("situation", SET_DELAY_MS)
def test_the_delay_is_what_the_emulator_was_set_to(situation: str) -> None:
    """Both captures are on one clock: the least delay is what was set, to 0.3 ms."""
    pair = between(situation, "src-uplink", "dst-uplink")
    assert pair.clock is not None
    low, high = pair.clock.at(pair.clock.middle_ts)
    assert low <= 0 <= high
    for way in (pair.forth, pair.back):
        assert way is not None
        assert way.delays_ms is not None
        assert way.uncertainty_ms is not None
        assert abs(way.delays_ms[0] - SET_DELAY_MS[situation]) <= 0.3
    assert pair.forth is not None
    assert pair.forth.ttl_step == (0 if situation == "clean" else 1)


def test_one_point_cannot_be_compared() -> None:
    """It takes two."""
    points = (PointFiles("a", None, (str(CAPTURES / "clean" / "client.pcap.zst"),)),)
    with pytest.raises(RequestError, match="takes two"):
        compare_points(Request(points=points, profile=load_profile(DEFAULT)))


def late_by_rfc_4737(sent: list[int], came: list[int], group: list[int]) -> int:
    """One packet at a time in the order in which they came: is one there already that was sent later?"""
    latest: dict[int, int] = {}
    late = 0
    for _, number, of in sorted(zip(came, sent, group, strict=True)):
        late += number < latest.get(of, number)
        latest[of] = max(latest.get(of, number), number)
    return late


@pytest.mark.parametrize("seed", range(100))
def test_reordered_are_the_packets_that_are_late(seed: int) -> None:
    """In several groups, with equal times among them."""
    rng = random.Random(seed)
    sent = sorted(rng.randrange(1000) for _ in range(rng.randrange(1, 80)))
    came = [ts + 5 + rng.choice((0, 0, 0, 0, 3, 40, 200)) for ts in sent]
    group = [rng.randrange(3) for _ in sent]
    columns = [np.array(column, np.int64) for column in (sent, came, group)]
    assert overtaken(*columns) == late_by_rfc_4737(sent, came, group)


@pytest.mark.parametrize("order", [range(40), [*range(20), 39, *range(20, 39)]])
@pytest.mark.parametrize("kind", ["set_back", "queues"])
def test_only_what_times_and_the_captures_order_show_is_reordered(kind: str, order: list[int]) -> None:
    """A clock set back by 0.6 ms, or a card whose queues are read in turn, lets no packet be overtaken that was not."""
    here = kept_of([(n, n * MS // 5, 0, 10) for n in range(40)])
    place = list(order)
    times = [i * MS // 5 - (600_000 if kind == "set_back" and i >= 30 else 0) for i in range(40)]
    rows = list(zip(place, times, strict=True))
    if kind == "queues":
        rows[4], rows[5] = rows[5], rows[4]
    there = kept_of([(n, ts, 0, 10) for n, ts in rows])
    right = np.argsort([n for n, _ in rows])
    overtaken_by_truth = sum(n < max(place[:i], default=-1) for i, n in enumerate(place))
    found = reordered_between(here, np.arange(40), there, right, np.zeros(40, np.int64))
    assert found == overtaken_by_truth


def test_one_packet_that_fifty_others_pass_is_one_that_is_reordered() -> None:
    """RFC 4737 section 3 counts the late one."""
    sent = np.arange(100, dtype=np.int64)
    came = sent + np.where(sent == 20, 50, 0)
    assert overtaken(sent, came, np.zeros(100, np.int64)) == 1
