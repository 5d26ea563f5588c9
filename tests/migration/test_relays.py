"""Streams on both sides of relays: one migration where they are alike to the byte at both hosts' cards, else a note."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vmpcap
from tests.migration.make import S, moves_of, stream, view
from tests.migration.moving import (
    HOST_A,
    HOST_B,
    LAN_DESTINATION,
    LAN_SOURCE,
    SEGMENT,
    Scene,
    Way,
    add_announcement,
    add_pings,
    add_stream,
)
from vmpcap.migration.stream.relays import join_relayed, say_relayed
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.points.clock import Offset
from vmpcap.report.document import Migration
from vmpcap.runs.answer import Answer

FAR = {"a_ip": "10.60.1.200", "b_ip": "10.60.1.12"}


def test_equal_bytes_at_one_time_between_four_hosts_may_be_one_migration() -> None:
    """HCX's appliances are the destination of one stream and the source of the other."""
    (told,) = say_relayed(moves_of(view("a", streams=(stream(),)), view("b", streams=(stream(S // 50, **FAR),))))
    assert "10.60.1.200 to 10.60.1.12 at b carried equally much at the same time" in told
    assert "told as two" in told


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (60 * S, FAR),
        (S // 50, FAR | {"b_ip": stream().b_ip}),
        (S // 50, FAR | {"size": 90_000_000}),
    ],
    ids=["later", "one host in both", "less"],
)
def test_streams_at_other_times_of_one_host_or_of_other_sizes_are_no_relays(start: int, more: dict[str, Any]) -> None:
    """Two machines of one host leave it side by side."""
    assert not say_relayed(moves_of(view("a", streams=(stream(),)), view("b", streams=(stream(start, **more),))))


def test_three_alike_are_machines_that_are_alike() -> None:
    """Which two of them would be one, nobody knows."""
    third = stream(S // 40, a_ip="10.70.1.200", b_ip="10.70.1.12")
    views = view("a", streams=(stream(),)), view("b", streams=(stream(S // 50, **FAR),)), view("c", streams=(third,))
    assert not say_relayed(moves_of(*views))


def test_of_three_streams_alike_to_the_byte_none_is_joined() -> None:
    """Which of two that leave the source is the one that arrives, nobody knows; of one alone it is known."""
    arrives, second = stream(S // 50, **FAR), stream(S // 60, a_ip="10.80.1.1", b_ip="10.80.1.200")
    for leaving, count in (((stream(), second), 0), ((stream(),), 1)):
        views = view("a", "source", streams=leaving), view("b", "destination", streams=(arrives,))
        found, told = join_relayed([(v, find_transfers(v.streams)[0]) for v in views])
        assert len(told) == count
        assert sum(link.is_relayed for _, transfers in found for t in transfers for link in t.links) == count


PART = SEGMENT - 13
"""Bytes of a segment, of which no number of segments is a round one."""
RELAY_A, RELAY_B = "10.10.1.200", "10.10.2.200"
ROLES = {"src": "source", "dst": "destination", "a": "domain:source", "b": "domain:destination"}


def relayed(
    folder: Path, near: tuple[Way, ...] = (LAN_SOURCE,), far: tuple[Way, ...] = (LAN_DESTINATION,), **more: Any
) -> Answer:
    """A stream from the source to a relay, one from another relay to the destination, and the guest that moved."""
    near_segment, segment = more.pop("near_segment", PART), more.pop("segment", PART)
    scene, roles = Scene(), {**ROLES, **more.pop("roles", {})}
    add_stream(scene, near, a=HOST_A, b=RELAY_A, segment=near_segment)
    late = tuple(replace(way, late_s=0.02) for way in far)
    add_stream(scene, late, a=RELAY_B, b=HOST_B, isn=77_000, segment=segment, **more)
    add_announcement(scene, "a", "b")
    add_pings(scene, "a", until=1002.0)
    add_pings(scene, "b")
    paths = scene.write(folder)
    return vmpcap.report(paths, roles={name: role for name, role in roles.items() if name in paths})


def only(report: Answer) -> Migration:
    (migration,) = report.migrations
    return migration


def test_a_stream_that_relays_pass_on_to_the_byte_is_one_migration(tmp_path: Path) -> None:
    """It was told as two, of which one had no guest; the relays are named, and what was measured ends at the first."""
    report = relayed(tmp_path)
    migration = only(report)
    assert (migration.source, migration.destination) == (HOST_A, RELAY_A)
    assert [(n.end, n.address, n.other_address, n.by) for n in migration.other_names] == [
        ("source", HOST_A, RELAY_B, "relay"),
        ("destination", RELAY_A, HOST_B, "relay"),
    ]
    checks = {check.id: check for check in migration.checks}
    assert checks["completed"].outcome == "pass"
    assert checks["rtt"].outcome == "undecided", "the way between the relays is in no round trip"
    assert f"{RELAY_A} and {RELAY_B} end TCP between src and dst" in checks["tcp_split"].because
    assert all(not segment.frames and segment.lost is None for segment in migration.segments)
    assert "wan_optimizer" not in {row.name for guest in migration.guests for row in guest.mechanisms}
    (note,) = [note for note in report.notes if "relays" in note]
    assert "told as one migration through relays" in note
    assert f"{RELAY_A} took from the source, in as long a time, exactly as much as {RELAY_B} gave" in note
    assert note.endswith("nothing compares their clocks: that it was at the same time is not known")


@pytest.mark.parametrize(
    ("start", "seconds", "compared", "count"),
    [(3 * S, 1.0, True, 0), (3 * S, 1.0, False, 1), (3 * S, 4.0, False, 0), (120 * S, 1.0, False, 0)],
    ids=["seconds later", "by a clock that is off", "in longer a time", "minutes later"],
)
def test_clocks_that_nothing_compares_split_no_stream(start: int, seconds: float, compared: bool, count: int) -> None:
    """A clock that is seconds off changes no duration; compared ones say that it was another time."""
    near, far = stream(size=99_999_999), stream(start, seconds, size=99_999_999, **FAR)
    offset = Offset(0, 0, 0) if compared else None
    views = view("a", "source", streams=(near,)), view("b", "destination", streams=(far,), offset=offset)
    _, told = join_relayed([(v, find_transfers(v.streams)[0]) for v in views])
    assert len(told) == count


def test_what_may_be_one_by_clocks_as_given_is_told_as_that() -> None:
    """A round number of bytes joins nothing where no clock is compared; the note says by which clocks it was then."""
    views = view("a", "source", streams=(stream(),)), view("b", "destination", streams=(stream(**FAR),), offset=None)
    assert not join_relayed([(v, find_transfers(v.streams)[0]) for v in views])[1]
    (told,) = say_relayed(moves_of(*views))
    assert "at the same time by their clocks as given, which nothing compares" in told


BESIDE = Way("src", LAN_SOURCE.macs, LAN_SOURCE.back)
NOT_JOINED: dict[str, dict[str, Any]] = {
    "a byte less in each segment": {"segment": PART - 1},
    "a round number": {"near_segment": SEGMENT, "segment": SEGMENT},
    "both seen at the source": {"far": (LAN_DESTINATION, BESIDE)},
    "of no host's card": {"roles": {"src": "wan", "dst": "wan"}},
}


@pytest.mark.parametrize("more", NOT_JOINED.values(), ids=NOT_JOINED)
def test_streams_that_are_not_alike_to_the_byte_at_both_cards_stay_two(more: dict[str, Any], tmp_path: Path) -> None:
    """Two machines that move side by side, each between hosts of its own."""
    report = relayed(tmp_path, **more)
    assert len(report.migrations) == 2
    assert not any("told as one" in note for note in report.notes)
    assert not any(name.by == "relay" for migration in report.migrations for name in migration.other_names)
