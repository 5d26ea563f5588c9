"""What fuzzing found stays mended: each case has the answer that a person gives, and passes every fuzzing target."""

from pathlib import Path

import polars as pl
import pytest

from tests.fuzz.targets import TARGETS, call
from tests.readers.writers import read_bytes
from tests.regressions.cases import CASES, Case, looks_patched
from tests.runs.made import analysed
from vmpcap import scan


def written(name: str, folder: Path) -> str:
    """The file of this case."""
    path = folder / f"{name}.pcap"
    path.write_bytes(next(case for case in CASES if case.name == name).make())
    return str(path)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_passes_every_target(case: Case, target: str) -> None:
    """Without the kernels' own bounds checks here; tests/fuzz runs them with."""
    TARGETS[target](case.make())


def test_padding_behind_the_last_part_is_nothing(tmp_path: Path) -> None:
    """Two files that differ only in the padding's bytes have the same packets; decode/bounds.py sees the reads."""
    path = Path(written("padded-last-part", tmp_path))
    sound = scan(path).drop("point").collect()
    other = tmp_path / "other.pcap"
    other.write_bytes(path.read_bytes().replace(b"\xaa" * 200, bytes(200)))
    assert scan(other).drop("point").collect().equals(sound)


def test_a_stream_that_came_in_parts_begins_with_its_own_bytes(tmp_path: Path) -> None:
    """The frame that completes the packet ends long before the place of its payload."""
    (point,) = analysed(written("short-last-part", tmp_path)).points
    (stream,) = point.follower.connections()
    assert stream.sides[0].opening == bytes(4) + b"QEVM\0\0\0\3"


def test_a_family_with_bits_in_both_halves_is_none(tmp_path: Path) -> None:
    """No packet of IP is seen in them."""
    rows = scan(written("family-in-both-halves", tmp_path)).select("encapsulation", "stop").collect()
    assert rows["encapsulation"].to_list() == ["null"] * 3
    assert rows["stop"].to_list() == ["unknown_payload"] * 3


def test_a_record_longer_than_its_packet_does_not_change_the_layout() -> None:
    """Three packets, as they were written."""
    read = read_bytes(looks_patched())
    assert [(len(packet.data), packet.wire) for packet in read.packets] == [(58, 58), (172, 170), (58, 58)]


def test_the_command_has_an_answer_to_every_case(tmp_path: Path) -> None:
    """All of them at once, each a point of its own."""
    paths = [written(case.name, tmp_path) for case in CASES]
    status, out, err = call("packets", *paths, "--format", "csv", "--columns", "point,frame", "-q")
    assert (status, err) == (0, "")
    assert pl.read_csv(out.encode())["point"].n_unique() == len(CASES)
