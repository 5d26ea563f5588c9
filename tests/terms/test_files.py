"""Names of captures: what a pattern means, and what a point is called after its file."""

from pathlib import Path

import pytest

from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import called_after_files, expanded, stem


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("wan.pcap", "wan"),
        ("/a/b/gw-lan.pcapng.zst", "gw-lan"),
        ("x.pcap.gz", "x"),
        ("ring.pcap0", "ring"),
        ("ring.pcap12", "ring"),
        ("v1.2.pcap", "v1.2"),
        (".pcap", ".pcap"),
        ("plain", "plain"),
        ("-", "stdin"),
    ],
)
def test_a_file_without_a_name_is_called_after_itself(path: str, name: str) -> None:
    """Without the ends that say its format and packing."""
    assert stem(path) == name


def test_a_pattern_means_its_matches_in_natural_order(tmp_path: Path) -> None:
    """x2 before x10; folders are no captures."""
    for name in ("x10.pcap", "x2.pcap", "y1.pcap"):
        (tmp_path / name).touch()
    (tmp_path / "x3.pcap").mkdir()
    assert [Path(path).name for path in expanded(str(tmp_path / "x*.pcap"))] == ["x2.pcap", "x10.pcap"]


def test_a_name_without_a_pattern_means_itself(tmp_path: Path) -> None:
    """Also where there is no such file, and where a file's own name looks like a pattern."""
    odd = tmp_path / "x[1].pcap"
    odd.touch()
    assert expanded(str(odd)) == [str(odd)]
    assert expanded("missing.pcap") == ["missing.pcap"]
    assert expanded("-") == ["-"]


def test_what_cannot_be_a_capture_is_refused(tmp_path: Path) -> None:
    """With what to name instead."""
    for name, words in (("", "has no name"), (str(tmp_path), "is a folder"), (str(tmp_path / "*.pcap"), "no file")):
        with pytest.raises(RequestError, match=words):
            expanded(name)


def test_files_of_one_name_are_told_apart_by_folder_then_by_number() -> None:
    """And from points that have the name already."""
    pairs = called_after_files(["a/x.pcap", "b/x.pcap", "b/x.pcap.gz", "y.pcap"], ["y"], str)
    assert [name for name, _ in pairs] == ["a/x", "b/x", "b/x#2", "y#2"]


def test_names_are_made_safe_before_they_are_compared() -> None:
    """Two names that look alike once they are safe are two points."""
    pairs = called_after_files(["x\x1b.pcap", "x\x1b.pcap.gz"], (), lambda name: name.replace("\x1b", "?"))
    assert [name for name, _ in pairs] == ["./x?", "./x?#2"]
