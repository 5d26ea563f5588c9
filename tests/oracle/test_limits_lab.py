"""What limited real migrations when, beside how the lab's links were set."""

import itertools
from pathlib import Path

import pytest

from tests.oracle.test_lab import LAB, OWN, scenarios
from vmpcap.measures.limit_intervals import GROUPS
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile


def seen_at(folder: Path, point: str = "src-uplink") -> list[Migration]:
    """The migrations as this point alone shows them."""
    path = folder / f"{point}.pcap.zst"
    if not path.exists():
        pytest.skip("no such capture here")
    role = "source" if point == "src-uplink" else "destination"
    request = Request(points=(PointFiles(point, role, (str(path),)),), profile=load_profile("vsphere4"))
    return list(analyse(request).report.migrations)


@pytest.mark.parametrize(
    ("folder", "classes", "least"),
    [
        (OWN / "lossy", ("network_loss",), 0.9),  # 0.1 % of the packets dropped at random, 10 ms away
        (OWN / "jumbo_black_hole", ("mtu_black_hole",), 1.0),  # frames above 1500 swallowed
        (LAB / "s13", ("network_plateau",), 0.6),  # shaped to 500 Mbit/s, which its hosts can fill
        (LAB / "s5", ("network_plateau", "network_queueing"), 0.6),  # shaped to 400 Mbit/s
        (OWN / "clean", ("network_plateau", "network_queueing"), 0.6),  # 900 Mbit/s and 512 kB of queue
    ],
    ids=lambda value: value.name if isinstance(value, Path) else None,
)
def test_what_the_link_was_set_to_is_what_limited_the_stream(
    folder: Path, classes: tuple[str, ...], least: float
) -> None:
    """For most of the time, seen beside the sender."""
    (migration,) = seen_at(folder)
    shares = migration.throughput.limit_shares
    assert sum(share for name, share in shares.items() if name in classes) >= least, shares
    assert migration.throughput.limit == "network"


def test_the_shapers_rate_is_the_plateaus() -> None:
    """500 Mbit/s on the wire are 478 of payload (1448 of 1514 bytes)."""
    (migration,) = seen_at(LAB / "s13")
    plateaus = [one for one in migration.throughput.limits if one.limit == "network_plateau"]
    longest = max(plateaus, key=lambda one: one.payload_bytes)
    assert longest.mbps == pytest.approx(500 * 1448 / 1514, rel=0.03)


def test_a_receiver_that_closed_its_window_was_the_limit_then() -> None:
    """On the way there, the destination stopped reading: its zero windows lie in the intervals that say so."""
    there = seen_at(OWN / "there_and_back")[0]
    closed = [one for one in there.throughput.limits if one.limit == "receiver_window"]
    assert there.loss.zero_windows
    assert any(one.because == "the receiver closed its window" for one in closed)


HELD_BACK = {
    "receiver_window": ("receiver_window", {"receiver_window"}, 0.9),  # tcp_rmem of 128 KiB, 10 ms away
    "sender_buffer": ("sender", {"sender_buffer"}, 0.8),  # tcp_wmem of 32 KiB, 10 ms away
    "software_cap": ("sender", {"software_cap"}, 0.8),  # max-bandwidth of 30 MB/s
    "source_paused": ("sender", {"application"}, 0.4),  # SIGSTOP for 0.3 s in every 0.6 s, from 10 MB on
    "policer": ("network", {"network_loss", "network_plateau"}, 0.9),  # 200 Mbit/s and 24 kB of room
}
"""How each situation was set: the word for the whole, its classes, and how much of the time they take at least."""

ALSO = {
    "software_cap": {"application", "network_loss"},  # its last burst ends the stream; the first overflowed the queue
    "source_paused": {"network_loss", "network_queueing"},  # 167 frames overflowed the queue between the pauses
    "policer": {"network_queueing"},  # 24 kB are a queue of 1 ms
}
"""What else truly held there for a while."""


@pytest.mark.parametrize("name", HELD_BACK)
def test_beside_the_sender_the_limit_is_what_the_hosts_were_set_to(name: str) -> None:
    """For most of the time, and nothing that was not there for any of it."""
    word, classes, least = HELD_BACK[name]
    (migration,) = seen_at(OWN / name)
    shares = migration.throughput.limit_shares
    assert sum(share for one, share in shares.items() if one in classes) >= least, shares
    assert migration.throughput.limit == word, migration.throughput.limit_because
    assert set(shares) <= classes | ALSO.get(name, set()) | {"unknown"}, shares


@pytest.mark.parametrize("name", HELD_BACK)
def test_beside_the_receiver_it_is_the_same_limit_or_unknown(name: str) -> None:
    """The sender's flight and the queues before the point are out of view: then nothing else may be said."""
    word, classes, _ = HELD_BACK[name]
    (migration,) = seen_at(OWN / name, "dst-uplink")
    shares = migration.throughput.limit_shares
    assert set(shares) <= classes | ALSO.get(name, set()) | {"unknown"}, shares
    assert not {one for one in shares if one.startswith("network")}, shares
    assert migration.throughput.limit in (word, "unknown"), migration.throughput.limit_because


@pytest.mark.parametrize(
    ("folder", "lost", "queued"),
    [(OWN / "lossy", True, False), (LAB / "s4", True, False), (LAB / "s5", True, True), (LAB / "s13", True, True)],
    ids=lambda value: f"{value.parent.name}-{value.name}" if isinstance(value, Path) else None,
)
def test_beside_the_receiver_the_reason_follows_what_else_is_measured_there(
    folder: Path, lost: bool, queued: bool
) -> None:
    """Losses at random, a shaper: the word is unknown, and neither is denied where the same report counts it."""
    (migration,) = seen_at(folder, "dst-uplink")
    because = migration.throughput.limit_because
    assert migration.throughput.limit == "unknown"
    assert bool(migration.loss.lost_before_point) == lost
    assert (f"{migration.loss.lost_before_point} segments had been lost before this point" in because) == lost
    assert ("a queue stood on the path" in because) == queued
    assert "nor a queue" not in because
    assert not any(one.because.startswith("no queue, loss") for one in migration.throughput.limits)


@pytest.mark.parametrize("name", ["software_cap", "source_paused"])
def test_pauses_longer_than_a_round_trip_show_beside_the_receiver_too(name: str) -> None:
    """What the sender did not send for 60 or 300 ms did not arrive either."""
    _, classes, least = HELD_BACK[name]
    (migration,) = seen_at(OWN / name, "dst-uplink")
    shares = migration.throughput.limit_shares
    assert sum(share for one, share in shares.items() if one in classes) >= least, shares


def test_the_figures_of_an_interval_are_those_that_were_set() -> None:
    """30 MB/s are 3 MB in each 100 ms; the flight that a socket of 32 KiB lets go is 64 kB and a little more."""
    capped = max(seen_at(OWN / "software_cap")[0].throughput.limits, key=lambda one: one.payload_bytes)
    assert capped.because.startswith("the same 3.00 MB in every 100 ms")
    assert capped.mbps == pytest.approx(240, rel=0.02)
    held = max(seen_at(OWN / "sender_buffer")[0].throughput.limits, key=lambda one: one.payload_bytes)
    assert held.flight_bytes == pytest.approx(2 * 32_768, rel=0.05)
    filled = max(seen_at(OWN / "receiver_window")[0].throughput.limits, key=lambda one: one.payload_bytes)
    assert filled.window_mbps == pytest.approx(filled.mbps, rel=0.1)


@pytest.mark.parametrize("point", ["src-uplink", "dst-uplink"])
@pytest.mark.parametrize("folder", scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")
def test_the_word_for_the_whole_never_contradicts_its_intervals(folder: Path, point: str) -> None:
    """No other word held for longer, and for more than half of the time; intervals have frames and no gaps."""
    for migration in seen_at(folder, point):
        rate = migration.throughput
        groups: dict[str, float] = {}
        for name, share in rate.limit_shares.items():
            groups[GROUPS[name]] = groups.get(GROUPS[name], 0.0) + share
        others = {word: share for word, share in groups.items() if word not in (rate.limit, "unknown")}
        bar = 2 / 3 if rate.limit == "unknown" else 0.5
        assert max(others.values(), default=0.0) <= max(bar, groups.get(rate.limit, 0.0)), (rate.limit, groups)
        assert all(a.end_ts == b.start_ts for a, b in itertools.pairwise(rate.limits))
        assert all(one.from_frame and one.to_frame and one.from_frame <= one.to_frame for one in rate.limits)
