"""Whether the MSS was rewritten on the way, as the same SYN at several points tells."""

from dataclasses import replace
from typing import Any

import pytest

from tests.migration.make import moves_of, stream, view
from vmpcap.measures.connections import Connection
from vmpcap.migration.stream.segment_sizes import Clamping, find_clamping
from vmpcap.migration.views import PointView


def opened(there: int | None, back: int | None, isns: tuple[int | None, int | None] = (7, 9)) -> Connection:
    """A stream whose SYN and SYN/ACK offer these sizes."""
    made = stream()
    a, b = made.sides
    return replace(made, sides=(replace(a, mss=there, isn=isns[0]), replace(b, mss=back, isn=isns[1])))


def at(name: str, role: str | None, connection: Connection) -> PointView:
    return view(name, role, streams=(connection,))


def told(*views: PointView) -> Clamping:
    (move,) = moves_of(*views)
    return find_clamping(move)


@pytest.mark.parametrize(
    ("at_source", "at_destination", "sender"),
    [((8960, 8960), (1360, 8960), "source"), ((8960, 1360), (8960, 8960), "destination")],
)
def test_a_syn_that_arrives_with_another_mss_was_rewritten(
    at_source: tuple[int, int], at_destination: tuple[int, int], sender: str
) -> None:
    """Of either host; with the frames that show it."""
    found = told(at("src", "source", opened(*at_source)), at("dst", "destination", opened(*at_destination)))
    frame = 1 if sender == "source" else 2
    assert found.is_clamped is True
    assert {(s.point, s.sender, s.frame) for s in found.sizes} == {("src", sender, frame), ("dst", sender, frame)}
    assert {s.mss for s in found.sizes} == {8960, 1360}
    assert "8960 at" in found.because
    assert "1360 at" in found.because


def test_what_both_ends_saw_alike_was_left_alone() -> None:
    """SYN and SYN/ACK, each at both hosts."""
    found = told(at("src", "source", opened(8960, 1460)), at("dst", "destination", opened(8960, 1460)))
    assert found.is_clamped is False
    assert len(found.sizes) == 4


def test_points_without_names_can_prove_it_too() -> None:
    """Which host is nearer does not matter for that; but they do not prove the contrary."""
    assert told(at("x", None, opened(1460, 1460)), at("y", None, opened(1360, 1460))).is_clamped is True
    assert told(at("x", None, opened(1460, 1460)), at("y", None, opened(1460, 1460))).is_clamped is None


@pytest.mark.parametrize(
    "other",
    [
        opened(1360, 1360, isns=(70, 90)),
        opened(None, 1460),
        opened(1360, 1360, isns=(None, None)),
        opened(1460, None),
    ],
    ids=["another connection: a proxy", "no MSS seen in the SYN", "no SYN seen", "no MSS seen in the answer"],
)
def test_want_of_evidence_is_no_answer(other: Connection) -> None:
    """Neither yes nor no."""
    found = told(at("src", "source", opened(1460, 1460)), at("dst", "destination", other))
    assert (found.is_clamped, found.sizes) == (None, [])


def test_one_point_alone_tells_nothing() -> None:
    """Both sizes may have been rewritten before it."""
    known: dict[str, Any] = {"there": 1360, "back": 1360}
    assert told(at("src", "source", opened(**known))).is_clamped is None
