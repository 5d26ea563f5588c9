"""The same migration at several points: one move, its best witness first."""

from dataclasses import replace
from typing import Any

import pytest

from tests.migration.make import S, moves_of, side, stream, view
from vmpcap.migration.stream.moves import has_super_segments, match_transfers
from vmpcap.migration.stream.transfers import find_transfers


def names(*views: Any) -> list[list[str]]:
    return [[s.view.name for s in move.sightings] for move in moves_of(*views)]


def test_points_that_share_a_connection_share_a_migration() -> None:
    """In whatever order they are given, the source's NIC comes first, the destination's last."""
    points = [
        view("dst", "destination", streams=(stream(),)),
        view("wan", "wan", streams=(stream(),)),
        view("odd", None, streams=(stream(),)),
        view("src", "source", streams=(stream(),)),
    ]
    assert names(*points) == [["src", "odd", "wan", "dst"]]


def test_different_connections_are_different_migrations() -> None:
    """Another port is another connection; moves come in the order of their start."""
    assert names(view("b", streams=(stream(60 * S, a_port=50_002),)), view("a", streams=(stream(),))) == [["a"], ["b"]]


def test_one_shared_connection_of_several_is_enough() -> None:
    """A point that missed some of a migration's connections saw the same migration."""
    both = (stream(), stream(a_port=50_001))
    assert names(view("a", streams=both), view("b", streams=both[:1])) == [["a", "b"]]


def test_a_capture_that_starts_in_the_middle_shares_the_connection_all_the_same() -> None:
    """There the destination spoke first: the key is the pair of ends, not their order."""
    made = stream()
    turned = replace(
        made, a_ip=made.b_ip, a_port=made.b_port, b_ip=made.a_ip, b_port=made.a_port, sides=made.sides[::-1]
    )
    assert names(view("a", streams=(made,)), view("b", streams=(turned,))) == [["a", "b"]]


def test_reused_ports_belong_to_the_migration_that_started_nearest() -> None:
    """The same four numbers twice in a day; each sighting goes to its own."""
    early, late = stream(), stream(600 * S)
    near = view("b", streams=(stream(S), stream(601 * S)))
    moves = moves_of(view("a", streams=(early, late)), near)
    assert [[s.transfer.start_ts // S for s in move.sightings] for move in moves] == [[0, 1], [600, 601]]


def test_hours_apart_are_two_migrations() -> None:
    """No clock is that wrong without being noticed."""
    assert len(moves_of(view("a", streams=(stream(),)), view("b", streams=(stream(7200 * S),)))) == 2


def test_a_point_that_saw_only_attempts_is_no_better_witness() -> None:
    """Data first, whatever the role."""
    attempt = stream(seconds=0.1, a=side(packets=1, syn_ts=0, syn_frame=1), b=side())
    assert names(view("src", "source", streams=(attempt,)), view("dst", "destination", streams=(stream(),))) == [
        ["dst", "src"]
    ]


def test_segments_as_they_were_on_the_wire_beat_those_before_the_card() -> None:
    """At equal places: super-segments show neither losses nor round trips of single packets."""
    made = stream()
    offloaded = replace(made, sides=(replace(made.sides[0], max_payload_bytes=65_160), made.sides[1]))
    assert names(view("a", streams=(offloaded,)), view("b", streams=(made,))) == [["b", "a"]]
    assert has_super_segments(find_transfers([offloaded])[0][0])
    assert not has_super_segments(find_transfers([made])[0][0])


def test_whoever_saw_more_tells_more() -> None:
    """At equal places and forms; then the name, so that the order never depends on the command line."""
    less = replace(stream(), sides=(replace(stream().sides[0], payload_bytes=90_000_000), stream().sides[1]))
    assert names(view("a", streams=(less,)), view("b", streams=(stream(),))) == [["b", "a"]]
    assert names(view("z", streams=(stream(),)), view("y", streams=(stream(),))) == [["y", "z"]]


@pytest.mark.parametrize("role", ["source", "destination", "wan"])
def test_a_sighting_is_found_by_its_role(role: str) -> None:
    """None where no point has it."""
    (move,) = moves_of(view("x", role, streams=(stream(),)))
    found = move.at_role(role)
    assert found is not None
    assert found.view.name == "x"
    assert move.at_role("client") is None


def test_nothing_seen_is_no_migration() -> None:
    """Points without streams, and no points at all."""
    assert match_transfers([]) == []
    assert moves_of(view("a"), view("b")) == []
