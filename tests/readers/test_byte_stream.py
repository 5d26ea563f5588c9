"""The bytes of a capture without their packing, within the same limits and with the same words as a capture's."""

import gzip
from pathlib import Path

import pytest

from tests.cli.calls import RARPS
from vmpcap.readers.byte_stream import open_bytes
from vmpcap.readers.sources import open_capture
from vmpcap.terms.errors import CaptureError


def all_of(path: Path, max_bytes: int | None = None) -> tuple[bytes, list[tuple[str, int | None]]]:
    """Every byte, and what kept the rest back."""
    stream = open_bytes(str(path), max_bytes)
    assert stream is not None
    found = b""
    while piece := stream.piece():
        found += piece
    stream.close()
    return found, [(defect.kind, defect.offset) for defect in stream.defects]


def test_a_packed_capture_is_unpacked_up_to_the_limit(tmp_path: Path) -> None:
    """To the byte."""
    path = tmp_path / "c"
    path.write_bytes(gzip.compress(RARPS))
    assert all_of(path) == (RARPS, [])
    assert all_of(path, len(RARPS)) == (RARPS, [])
    assert all_of(path, 50) == (RARPS[:50], [("unpacked_limit", 50)])


def test_a_damaged_packing_is_told(tmp_path: Path) -> None:
    """With what was in front of it."""
    path = tmp_path / "c"
    path.write_bytes(gzip.compress(RARPS)[:-9])
    found, [(kind, _)] = all_of(path)
    assert RARPS.startswith(found)
    assert kind == "cut_packing"


def test_a_file_that_is_not_packed_is_left_to_the_program_itself(tmp_path: Path) -> None:
    """Of whatever format."""
    path = tmp_path / "c"
    for content in (RARPS, b"snoop\0\0\0"):
        path.write_bytes(content)
        assert open_bytes(str(path)) is None


@pytest.mark.parametrize("content", [b"", gzip.compress(b""), gzip.compress(gzip.compress(RARPS)), None], ids=range(4))
def test_what_is_no_capture_is_refused_in_the_words_of_our_own_reader(tmp_path: Path, content: bytes | None) -> None:
    """Nothing in it, packed twice, not there."""
    path = tmp_path / "c"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError) as by_reader:
        open_capture(path)
    with pytest.raises(CaptureError) as by_stream:
        open_bytes(str(path))
    assert str(by_stream.value) == str(by_reader.value)
