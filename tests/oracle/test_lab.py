"""Real QEMU migrations against their ground truth: what QEMU, the kernel, the emulator and the client say."""

from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.oracle.lab_truth import ROLES, Truth, read_truth
from tests.tshark import nanoseconds, tshark_fields
from vmpcap.report.document import Migration, Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

LAB = Path(__file__).resolve().parents[3] / "shared" / "lab"
OWN = Path(__file__).resolve().parents[2] / "captures"


def scenarios() -> list[Path]:
    """The lab's scenarios where they are beside the checkout, and those that the project carries itself."""
    found = [p.parent for root in (LAB, OWN) for p in sorted(root.glob("*/truth.json"))]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="no lab captures"))]  # type: ignore[list-item]


@lru_cache(maxsize=2)
def run(folder: Path, points: tuple[str, ...] | None = None) -> tuple[Truth, Report]:
    truth = read_truth(folder)
    names = points or tuple(truth.points)
    files = tuple(PointFiles(n, ROLES.get(n), (str(folder / f"{n}.pcap.zst"),)) for n in names)
    return truth, analyse(Request(points=files, profile=load_profile("vsphere4"))).report


def seconds(text: str | None) -> float:
    assert text is not None
    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()


def pairs(folder: Path) -> list[tuple[Truth, int, Migration]]:
    truth, report = run(folder)
    assert len(report.migrations) == len(truth.legs)
    return [(truth, n, m) for n, m in enumerate(report.migrations)]


pytestmark = pytest.mark.parametrize("folder", scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")


def test_hosts_and_outcome_are_those_of_the_hypervisor(folder: Path) -> None:
    """Source, destination and outcome of each leg, exactly."""
    for truth, n, migration in pairs(folder):
        leg = truth.legs[n]
        assert (migration.source, migration.destination) == (leg.source, leg.destination)
        assert migration.outcome == ("completed" if leg.completed else "aborted"), migration.outcome_because
        assert migration.hypervisor == "qemu"


def test_connections_are_counted_exactly(folder: Path) -> None:
    """One connection, or multifd's channels beside the main one."""
    for truth, _, migration in pairs(folder):
        syns = [s for s in truth.raw["captures"][migration.point]["syn"] if s["flags"] == 2]
        assert migration.connections * len(truth.legs) == len({s["sport"] for s in syns})


def test_payload_bytes_at_the_point_are_exact(folder: Path) -> None:
    """All payload of port 8000 that the point saw, both directions together."""
    point = run(folder)[1].migrations[0].point
    truth, report = run(folder, (point,))
    ours = sum(m.bytes.payload for m in report.migrations)
    theirs = truth.raw["captures"][point]["tcp8000_payload_bytes"]
    assert ours <= theirs
    assert theirs - ours <= 2000  # the return path of post-copy: page requests


def test_mean_goodput_is_what_qemu_transferred(folder: Path) -> None:
    """Within 3 % of ram.transferred over the time from the first to the last data byte."""
    for truth, n, migration in pairs(folder):
        leg = truth.legs[n]
        if not leg.completed:
            continue
        captured = truth.raw["captures"][migration.point]
        if len(truth.legs) == 1:
            span = captured["tcp8000_last_data"] - captured["tcp8000_first_data"]
            expected = leg.transferred * 8 / span / 1e6
            assert migration.throughput.mean_mbps == pytest.approx(expected, rel=0.03)
        assert migration.bytes.unique == pytest.approx(leg.transferred, rel=0.03)


def test_smallest_round_trip_is_the_ping(folder: Path) -> None:
    """Within 15 % or 0.25 ms of the smallest ping before the migration, whichever is more."""
    if folder.name == "split_tcp":
        pytest.skip("a proxy joins two connections: each point sees the part up to it")
    for truth, _, migration in pairs(folder):
        assert migration.rtt.coverage == "full"
        assert migration.rtt.min_ms is not None
        assert abs(migration.rtt.min_ms - truth.ping_min_ms) <= max(0.15 * truth.ping_min_ms, 0.25)


def test_routed_or_not_is_exact(folder: Path) -> None:
    """Routers between the hosts show in the TTL."""
    if folder.name == "split_tcp":
        pytest.skip("a proxy joins two connections: each point sees the part up to it")
    for truth, _, migration in pairs(folder):
        assert migration.path.routed == truth.raw["configured"]["routed_l3"]
        assert migration.path.word == ("routed" if truth.raw["configured"]["routed_l3"] else "adjacent")


def test_announcements_at_each_point_are_exact(folder: Path) -> None:
    """The RARPs of the guest, point by point, against those that were sent."""
    truth, report = run(folder)
    for point in truth.points:
        sent = truth.rarps_at(point)
        ours = sum(
            len(list(guest.announcements.by_point[point].frames))
            for migration in report.migrations
            for guest in migration.guests
        )
        garps = len(truth.raw["captures"][point]["garp"])
        assert sent <= ours <= sent + garps, point


LOST = {"s6", "destination_isolated"}
"""Its destination's bridge is not connected: no packet compares the clocks of that and of the other points."""


def test_the_bracket_contains_stop_to_resume(folder: Path) -> None:
    """From QEMU's STOP to its RESUME, within 10 ms, by the clock of the stream's point, however others were shifted."""
    for truth, n, migration in pairs(folder):
        leg = truth.legs[n]
        if leg.stop is None or leg.resume is None:
            continue
        figure = migration.guests[0].switchover
        shifts = {p: c.get("clock_offset_applied_s", 0) for p, c in truth.raw["captures"].items()}
        if folder.name in LOST:
            assert figure.bracket_ms is None
            assert figure.bracket.because == "the clocks of the two points were not compared"
            continue
        assert figure.bracket_ms is not None, figure.bracket.because
        shift = shifts[migration.point]
        assert seconds(figure.bracket.from_ts) - shift <= leg.stop + 0.010
        assert seconds(figure.bracket.to_ts) - shift >= leg.resume - 0.010


def test_clocks_are_known_to_what_was_put_on_them(folder: Path) -> None:
    """Within the stated uncertainty, which is below 0.5 ms over a path of 2 ms; within the bound in any case."""
    truth, report = run(folder)
    shifts = {p: 1e3 * c.get("clock_offset_applied_s", 0) for p, c in truth.raw["captures"].items()}
    for clock in report.clocks:
        if clock.offset_ms is None:
            continue
        assert clock.uncertainty_ms is not None
        assert clock.bound_ms is not None
        off = abs(clock.offset_ms - (shifts[clock.point] - shifts[clock.reference]))
        assert off <= clock.uncertainty_ms + 1e-3, clock
        assert clock.uncertainty_ms <= clock.bound_ms
        assert clock.uncertainty_ms <= max(0.5, 0.15 * truth.raw["configured"]["rtt_ms"]), clock


def never_tried_since(folder: Path) -> bool:
    """
    Were the client's pings answered again only after its TCP's last try, and was the next due behind the capture's end?

    By what tshark reads at the client: after each try TCP waits twice as long (RFC 6298 section 5.5).
    """
    names = ("frame.time_epoch", "tcp.len", "icmp.type")
    rows = tshark_fields(folder / "client.pcap.zst", names)
    times = [nanoseconds(row["frame.time_epoch"][-1]) or 0 for row in rows]
    tries = [at for at, row in zip(times, rows, strict=True) if row["tcp.len"] and int(row["tcp.len"][-1]) > 0]
    replies = [at for at, row in zip(times, rows, strict=True) if row["icmp.type"] == ["0"]]
    back = max(pairwise(replies), key=lambda beside: beside[1] - beside[0])[1]
    return tries[-1] < back and tries[-1] + 2 * (tries[-1] - tries[-2]) > times[-1]


def test_the_peers_outage_is_the_clients_own(folder: Path) -> None:
    """
    Within one probe interval of what the client counted.

    One that never came back is lost. It is not known where tshark shows that each try fell before the client was
    answered again, and that the next would be due (RFC 6298 section 5.5) only after the capture's end.
    """
    truth, report = run(folder)
    around = [leg.resume for leg in truth.legs if leg.resume is not None]
    peers = [p for m in report.migrations for g in m.guests for p in g.peers]
    for probe, interval, outage, ended in truth.outages:
        if not around:
            continue
        ours = [p for p in peers if p.protocol.lower().startswith(probe)]
        assert ours, f"no {probe} peer"
        if not ended:
            assert not any(p.survived for p in ours)
            assert any(p.survived is False for p in ours) or never_tried_since(folder), ours
            continue
        nearest = min(abs((p.outage_ms or 0) - outage) for p in ours)
        assert nearest <= interval + 1, [(p.outage_ms, outage) for p in ours]


def test_reached_or_not_is_exact(folder: Path) -> None:
    """A gateway that saw no RARP was not reached; one that did was."""
    truth, report = run(folder)
    if "gw-lan" not in truth.points or not truth.legs[-1].completed:
        return
    check = next(c for c in report.migrations[-1].checks if c.id == "announcement_reached_destination")
    assert check.outcome == ("pass" if truth.rarps_at("gw-lan") else "fail"), check.because


def test_a_guest_that_never_came_back_is_not_reachable(folder: Path) -> None:
    """Reachable afterwards exactly where some probe of the client was answered again."""
    truth, report = run(folder)
    if not truth.legs[-1].completed:
        return
    check = next(c for c in report.migrations[-1].checks if c.id == "guest_reachable_after")
    probes = {probe for probe, _, _, _ in truth.outages}
    ended = any(all(e for p, _, _, e in truth.outages if p == probe) for probe in probes)
    assert check.outcome == ("pass" if ended else "fail"), check.because


def test_retransmissions_are_what_the_kernel_counted(folder: Path) -> None:
    """At the source's NIC against the kernel's last tcp_info, which may be 300 ms early."""
    for truth, n, migration in pairs(folder):
        samples = truth.raw.get("tcp_info_last") or []
        if migration.point != "src-uplink" or len(truth.legs) > 1 or not samples:
            continue
        kernel = sum(s.get("retrans_total", 0) for s in samples if s["host"] == "host-src")
        ours = migration.loss.retransmissions or 0
        dropped = sum(
            c["a_to_b"]["drop_loss"] + c["a_to_b"]["drop_queue"] + c["a_to_b"]["drop_mtu"]
            for name, c in truth.raw["wan_stats"]["channels"].items()
            if name == "mig"
        )
        assert ours >= kernel - 2, (ours, kernel, n)
        assert ours >= 0.5 * dropped


def test_no_part_of_the_stream_is_faster_than_the_emulated_path(folder: Path) -> None:
    """What the emulator delays there and back bounds each part; the fastest of them has the stream's shortest."""
    if folder.name == "split_tcp":
        pytest.skip("a proxy joins two connections: each point sees the part up to it")
    for truth, _, migration in pairs(folder):
        delay_ms = 2 * truth.raw["configured"]["wan"]["one_way_delay_us"] / 1e3
        assert (migration.rtt.over_time != []) == (migration.rtt.measured_by == "ack")
        least = [part.least_ms for part in migration.rtt.over_time if part.least_ms is not None]
        assert all(one >= delay_ms for one in least)
        assert not least or min(least) == migration.rtt.min_ms
