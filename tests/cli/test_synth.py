"""`vmpcap synth`: its list, its options, its folder."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.calls import here


def test_without_a_name_it_lists_the_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, with --list as well."""
    said = here(capsys, "synth")
    assert said == here(capsys, "synth", "--list")
    assert said.status == 0
    names = [line.split()[0] for line in said.out.splitlines()]
    assert {"stretched_vlan", "vrrp_leak", "hsrp2_isolated", "glbp_leak", "lisp_silent", "otv_no_lsp"} <= set(names)


def test_it_makes_a_folder_that_a_report_can_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Captures, roles, truth, story; the printed command names every point with its role."""
    folder = tmp_path / "x y"
    said = here(capsys, "synth", "stretched_vlan", "--bytes", "2MB", "--loss", "0.01", "--rtt", "3ms", "-o", folder)
    assert said.status == 0
    roles = tomllib.loads((folder / "points.toml").read_text())["points"]
    assert {path.stem for path in folder.glob("*.pcapng")} == set(roles)
    truth = json.loads((folder / "truth.json").read_text())
    assert truth["parameters"]["link"] == {
        "rate_mbps": 1000.0,
        "rtt_ms": 3.0,
        "loss": 0.01,
        "queue_bytes": 1_000_000,
        "is_routed": False,
    }
    assert truth["migration"]["payload_bytes"] == 2_000_000
    assert "`vmpcap synth stretched_vlan --loss 0.01 --rtt 3ms --bytes 2MB`" in (folder / "story.md").read_text()
    command = said.out.splitlines()[-1]
    for name, role in roles.items():
        assert f"'{name}={folder}/{name}.pcapng' --role {name}={role}" in command
    assert not list(tmp_path.glob(".*"))


def test_a_scenario_made_again_replaces_itself_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with other things is left alone."""
    folder = tmp_path / "made"
    assert here(capsys, "synth", "vxlan", "--bytes", "1MB", "-q", "-o", folder) == (0, "", "")
    first = (folder / "client.pcapng").read_bytes()
    assert here(capsys, "synth", "vxlan", "--bytes", "1MB", "--seed", "2", "-q", "-o", folder).status == 0
    assert (folder / "client.pcapng").read_bytes() != first
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"cat")
    said = here(capsys, "synth", "vxlan", "-o", other)
    assert said.status == 2
    assert "holds other things" in said.err
    assert [path.name for path in other.iterdir()] == ["cat.jpg"]


def test_folders_on_the_way_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the how-to guides have it: build/NAME, with no build there; a stream as small as the carried captures'."""
    folder = tmp_path / "build" / "deep" / "ospf"
    assert here(capsys, "synth", "ospf", "--bytes", "300kB", "-q", "-o", folder).status == 0
    assert (folder / "truth.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vrrp_leek", "-o", "x"], "did you mean 'vrrp_leak'?"),
        (["vrrp_leak"], "vmpcap synth vrrp_leak -o vrrp_leak"),
        (["-o", "x"], "vmpcap synth --list"),
        (["vxlan", "-o", "x", "--rate", "fast"], "a rate such as 622Mbps"),
        (["vxlan", "-o", "x", "--rtt", "5Mbps"], "a time such as 5ms"),
        (["vxlan", "-o", "x", "--bytes", "12"], "from 100000 to 1e+09 bytes"),
        (["vxlan", "-o", "x", "--loss", "2"], "0<=x<=0.5"),
        (["vxlan", "-o", "/dev/null/to/x"], "cannot make the folder"),
        (["vxlan", "-o", "x", "--loss", "0.5", "--rtt", "2s", "--bytes", "50MB"], "did not come to its end"),
    ],
)
def test_what_cannot_be_made_is_told_with_what_to_try(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 2, one sentence, nothing written."""
    monkeypatch.chdir(tmp_path)
    said = here(capsys, "synth", *arguments)
    assert said.status == 2
    assert words in said.err
    assert not list(tmp_path.iterdir())
