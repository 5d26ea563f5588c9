"""From the words of a command line to capture points."""

from pathlib import Path

import pytest

from tests.cli.calls import RARPS, here
from vmpcap.cli.capture_points import capture_points, role_of
from vmpcap.points.roles import ROLES
from vmpcap.terms.errors import RequestError


def names(*captures: str, point: tuple[str, ...] = (), role: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """The points by name, with their files."""
    return {p.name: p.files for p in capture_points(captures, point, role)}


def test_every_capture_without_a_name_is_a_point_of_its_own() -> None:
    """Two files of one stem get their folder in front; a third of the same folder name a number."""
    assert names("a/src.pcap", "b/dst.pcap") == {"src": ("a/src.pcap",), "dst": ("b/dst.pcap",)}
    assert set(names("a/x.pcap", "b/x.pcap")) == {"a/x", "b/x"}
    assert set(names("a/x.pcap", "a/x.pcapng")) == {"a/x", "a/x#2"}


def test_a_named_point_has_all_its_files_in_order(tmp_path: Path) -> None:
    """By commas, by naming it again, and by a pattern, whose matches come in natural order."""
    for number in (1, 2, 10):
        (tmp_path / f"ring{number}.pcap").write_bytes(RARPS)
    found = names(point=(f"wan={tmp_path}/ring*.pcap", "wan=later.pcap", "gw=g1.pcap,g2.pcap"))
    rings = tuple(f"{tmp_path}/ring{n}.pcap" for n in (1, 2, 10))
    assert found == {"wan": (*rings, "later.pcap"), "gw": ("g1.pcap", "g2.pcap")}


def test_a_file_whose_name_has_commas_or_wildcards_is_that_file(tmp_path: Path) -> None:
    """What exists is meant."""
    for name in ("a,b.pcap", "x[1].pcap"):
        (tmp_path / name).write_bytes(RARPS)
        assert names(point=(f"wan={tmp_path}/{name}",)) == {"wan": (f"{tmp_path}/{name}",)}


@pytest.mark.parametrize("role", ROLES)
def test_a_points_name_may_be_its_role(role: str) -> None:
    """In any of the spellings that file systems and shells allow."""
    for name in (role, role.replace(":", "-"), role.replace(":", "_"), role.upper()):
        assert role_of(name) == role
    assert role_of(f"{role}2") is None


def test_a_role_can_be_given_to_a_point_of_another_name() -> None:
    """And it overrides what the name says."""
    points = capture_points(["gw-lan.pcap"], ["source=s.pcap"], ["gw-lan=gateway", "source=wan"])
    assert {p.name: p.role for p in points} == {"source": "wan", "gw-lan": "gateway"}


@pytest.mark.parametrize(
    ("captures", "point", "role"),
    [
        ((), (), ()),
        (("a.pcap", "./a.pcap"), (), ()),
        (("-", "-"), (), ()),
        (("a.pcap",), ("wan=a.pcap",), ()),
        ((), ("wan",), ()),
        ((), ("=a.pcap",), ()),
        (("a.pcap",), (), ("a",)),
        (("a.pcap",), (), ("a=guest",)),
        (("a.pcap",), (), ("b=gateway",)),
    ],
)
def test_what_cannot_be_meant_is_refused(
    captures: tuple[str, ...], point: tuple[str, ...], role: tuple[str, ...]
) -> None:
    """Nothing named, one file twice, halves of a pair, unknown roles and points."""
    with pytest.raises(RequestError):
        capture_points(captures, point, role)


def test_several_captures_need_no_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`vmpcap report a.pcap b.pcap -r c.pcap`: three points, all read."""
    paths = [tmp_path / f"{letter}.pcap" for letter in "abc"]
    for path in paths:
        path.write_bytes(RARPS)
    said = here(capsys, "report", paths[0], paths[1], "-r", paths[2])
    assert said.status == 0
    assert "3 captures, 9 packets" in said.out
