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
