"""`vmpcap compare` and `vmpcap bench` as a user calls them: what may be named, what is written, what is refused."""

import json
from pathlib import Path

import msgspec
import pytest

from tests.cli.calls import CAPTURES, RARPS, vmpcap
from tests.docs.test_reference import told
from tests.report.sample import good
from tests.runs.made import migration, write
from tests.runs.test_compared import moved
from vmpcap.cli.compare import spread_out
from vmpcap.report.as_json import to_json


@pytest.fixture
def reports(tmp_path: Path) -> list[Path]:
    """Ten reports of a migration each: five of 400 Mbps, five of 800."""
    paths = []
    for day in range(1, 11):
        path = tmp_path / f"{day:02d}.json"
        one = moved(day, (400.0 if day < 6 else 800.0) + day)
        path.write_text(to_json(msgspec.structs.replace(good(), migrations=[one])), encoding="utf-8")
        paths.append(path)
    return paths


def test_names_behind_with_are_the_other_side(reports: list[Path]) -> None:
    """As the usage line writes it: A... --with B..."""
    found = json.loads(told("compare", *reports[:5], "--with", *reports[5:], "--format", "json"))
    assert found["schema"] == "vmpcap.compare/1"
    assert [g["migrations"] for g in found["groups"]] == [5, 5]
    words = {d["figure"]: d["word"] for d in found["differences"]}
    assert words["throughput"] == "higher"


@pytest.mark.parametrize(
    ("args", "spread"),
    [
        (["a", "--with", "b", "c"], ["a", "--with", "b", "--with", "c"]),
        (["-q", "a", "--with", "b", "c", "-qv"], ["-q", "a", "--with", "b", "--with", "c", "-qv"]),
        (["a", "--with", "b", "-o", "x", "--html=y"], ["a", "--with", "b", "-o", "x", "--html=y"]),
        (["a", "--with", "b", "-qo", "x", "-oy"], ["a", "--with", "b", "-qo", "x", "-oy"]),
        (["a", "--with", "b", "-q", "--with", "c", "d"], ["a", "--with", "b", "-q", "--with", "c", "--with", "d"]),
        (["a", "--with", "b", "--htlm", "x"], ["a", "--with", "b", "--htlm", "x"]),
        (["a", "--with=b", "c"], ["a", "--with=b", "--with", "c"]),
        (["a", "--with", "b", "--with", "c"], ["a", "--with", "b", "--with", "c"]),
    ],
)
def test_with_takes_all_names_up_to_the_next_option(args: list[str], spread: list[str]) -> None:
    """However it is written."""
    assert spread_out(args, {"-q", "-v"}) == spread


@pytest.mark.parametrize(
    "behind", [["-q"], ["--html", "x.html"], ["--html=x.html"], ["-qo", "x.txt"], ["-ox.txt"], ["-vv"], ["--"]]
)
def test_a_name_behind_an_option_behind_with_is_refused(reports: list[Path], behind: list[str]) -> None:
    """Nobody can see on which side it is: status 2, and nothing is compared."""
    said = vmpcap("compare", reports[0], "--with", reports[5], *behind, reports[6])
    assert (said.status, said.out) == (2, "")
    assert "on the first side or on the other" in said.err
    assert str(reports[6]) in said.err


def test_options_before_both_sides_or_behind_them_are_fine(reports: list[Path], tmp_path: Path) -> None:
    """Values of options are no names."""
    written = tmp_path / "x.json"
    told("compare", "-q", reports[0], "--format", "json", reports[1], "--with", *reports[5:], "-qo", written)
    assert [g["migrations"] for g in json.loads(written.read_text())["groups"]] == [2, 5]


def test_captures_and_their_folders_are_analysed(tmp_path: Path) -> None:
    """A folder holds the captures of one incident; a file is one by itself."""
    folder = CAPTURES / "source_paused"
    captures = sorted(folder.glob("*.pcap*"))
    assert captures
    found = json.loads(told("bench", folder, "--format", "json", "--markdown", tmp_path / "b.md"))
    assert found["schema"] == "vmpcap.bench/1"
    assert [i["migrations"] for i in found["inputs"]] == [1]
    assert "# 1 migration on 1 path" in (tmp_path / "b.md").read_text(encoding="utf-8")


def test_every_copy_is_written_in_its_form(reports: list[Path], tmp_path: Path) -> None:
    """By option, and by the end of the output's name."""
    text = told("bench", *reports, "--by", "all", "--json", tmp_path / "b.json", "--html", tmp_path / "b.html")
    assert "10 migrations on 1 path" in text
    assert json.loads((tmp_path / "b.json").read_text())["groups"][0]["name"] == "all migrations"
    assert (tmp_path / "b.html").read_text().startswith("<!doctype html>")
    told("bench", *reports, "-o", tmp_path / "c.md")
    assert (tmp_path / "c.md").read_text().startswith("# ")
    told("bench", *reports, "--junit", tmp_path / "b.xml", "-o", tmp_path / "b.prom")
    assert "<testsuites " in (tmp_path / "b.xml").read_text()
    assert (tmp_path / "b.prom").read_text().endswith("# EOF\n")
    assert "<testsuites " in told("compare", *reports[:5], "--with", *reports[5:], "--format", "junit")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", "{0}"), "two sides are compared"),
        (("compare", "--with", "{0}"), "two sides are compared"),
        (("bench",), "no capture is named"),
        (("bench", "{0}", "{0}"), "named twice"),
        (("compare", "{0}", "--with", "{0}"), "named twice"),
        (("bench", "{0}", "-o", "x.parquet"), "not written as parquet; end the name with .json, .md"),
        (("bench", "{folder}/empty"), "no capture in this folder"),
        (("bench", "{folder}/other.json"), "no report of vmpcap"),
    ],
)
def test_what_cannot_be_done_is_said(
    reports: list[Path], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """In one sentence, with status 2."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.json").write_text('{"a": 1}')
    said = vmpcap(*(a.format(reports[0], folder=tmp_path) for a in arguments))
    assert (said.status, words in said.err) == (2, True), said.err


def test_one_that_cannot_be_read_costs_only_itself(reports: list[Path], tmp_path: Path) -> None:
    """It is told on stderr and in the document; only --strict makes it a failure."""
    (tmp_path / "bad.pcap").write_bytes(b"no capture at all, only words")
    said = vmpcap("bench", *reports, tmp_path / "bad.pcap", "--format", "json")
    assert said.status == 0
    assert "bad.pcap" in said.err
    assert [i["migrations"] for i in json.loads(said.out)["inputs"]][-1] == 0
    assert vmpcap("bench", *reports, tmp_path / "bad.pcap", "--strict").status == 4
    assert vmpcap("bench", tmp_path / "bad.pcap").status == 4


def test_captures_without_a_migration_are_no_benchmark(tmp_path: Path) -> None:
    """What to do next stands in the message."""
    (tmp_path / "gw.pcap").write_bytes(RARPS)
    said = vmpcap("bench", tmp_path / "gw.pcap")
    assert said.status == 2
    assert "no migration was found" in said.err


def test_an_output_never_replaces_a_capture(tmp_path: Path) -> None:
    """By whatever name."""
    (tmp_path / "gw.pcap").write_bytes(RARPS)
    said = vmpcap("bench", tmp_path / "gw.pcap", "-o", tmp_path / "gw.pcap")
    assert said.status == 2
    assert (tmp_path / "gw.pcap").read_bytes() == RARPS


def test_a_stretch_of_time_and_roles_are_taken_as_by_report(reports: list[Path]) -> None:
    """Of reports only migrations inside; a role fits the points of that name wherever there is one."""
    found = json.loads(told("bench", *reports, "--since", "2026-07-04", "--until", "2026-07-08", "--format", "json"))
    assert [g["migrations"] for g in found["groups"]] == [4]
    folder = CAPTURES / "source_paused"
    given = ("--role", "src-uplink=source", "--since", "2020-01-01")
    with_role = json.loads(told("bench", folder, reports[0], *given, "--format", "json"))
    assert [i["migrations"] for i in with_role["inputs"]] == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "2027-01-01"), "no migration lies in the time asked for"),
        (("--since", "2026-07-04", "--until", "2026-07-03"), "nothing lies between"),
        (("--since", "tomorrow"), "needed a time"),
        (("--role", "gw-lan=gateway"), "there is no point 'gw-lan'"),
        (("--guest", "nobody"), "nobody"),
    ],
)
def test_what_is_asked_for_in_vain_is_refused(reports: list[Path], arguments: tuple[str, ...], words: str) -> None:
    """Before anything is compared, with status 2."""
    said = vmpcap("bench", *reports, *arguments)
    assert (said.status, words in said.err) == (2, True), said.err


def test_a_profile_counts_how_many_keep_its_limits(reports: list[Path]) -> None:
    """Of both commands, and in no document where nobody asked for one."""
    for args in (("bench", *reports), ("compare", *reports[:5], "--with", *reports[5:])):
        found = json.loads(told(*args, "--profile", "vsphere4", "--format", "json"))
        held = [g["spreads"][0] for g in found["groups"]]
        assert sum(s["within"] for s in held) == 5
        assert {(s["figure"], s["limit"]) for s in held} == {("throughput", 622.0)}
        assert found["profile"]["name"] == "vsphere4"
        assert json.loads(told(*args, "--format", "json")).get("profile") is None
    said = vmpcap("bench", reports[0], "--profile", "nosuch")
    assert (said.status, "nosuch" in said.err) == (2, True)


def test_points_of_one_incident_are_an_input_of_a_benchmark(tmp_path: Path) -> None:
    """As of `vmpcap report`, with their names as roles; beside others, and alone."""
    files = [write(tmp_path / f"{name}.pcap", migration()) for name in ("one", "two")]
    named = ("--point", f"source={files[0]}", "--point", f"destination={files[1]}")
    for more in ((), (files[0],)):
        found = json.loads(told("bench", *more, *named, "--format", "json"))
        assert [g["migrations"] for g in found["groups"]] == [1]
        assert [s["kind"] for s in found["inputs"]] == ["captures"] * (1 + len(more))
    said = vmpcap("compare", files[0], "--with", files[1], *named)
    assert (said.status, "--point does not say on which side it is" in said.err) == (2, True)
    lost = vmpcap("bench", *named, "--role", "elsewhere=wan")
    assert (lost.status, "there is no point 'elsewhere'" in lost.err) == (2, True)


@pytest.mark.parametrize("command", ["bench", "compare"])
def test_an_engine_that_these_commands_have_not_is_refused(reports: list[Path], command: str) -> None:
    """In words, before anything is read; their own may be named."""
    sides = (reports[0],) if command == "bench" else (reports[0], "--with", reports[9])
    said = vmpcap(command, *sides, "--engine", "tshark")
    assert (said.status, said.out) == (2, "")
    assert "by vmpcap's own engine only" in said.err
    assert vmpcap(command, *sides, "--engine", "native").status == 0


def test_carve_says_why_it_writes_pcapng_only(tmp_path: Path) -> None:
    """And takes its one format by name."""
    path = write(tmp_path / "a.pcap", migration())
    said = vmpcap("carve", path, "-o", tmp_path / "b.pcapng", "--format", "json")
    assert (said.status, (tmp_path / "b.pcapng").exists()) == (2, False)
    assert "alone holds a comment" in said.err
    assert "vmpcap report --format json" in said.err
    assert vmpcap("carve", path, "-o", tmp_path / "b.pcapng", "--format", "pcapng").status in (0, 1)
    assert (tmp_path / "b.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


def test_points_of_the_settings_are_no_input_beside_others(tmp_path: Path, reports: list[Path]) -> None:
    """They are those of one incident that `report` reads; a benchmark of a month must not hold them without a word."""
    path = write(tmp_path / "a.pcap", migration())
    config = tmp_path / "settings.toml"
    config.write_text(f"point = ['source={path}']\n")
    environment = {"VMPCAP_CONFIG": str(config)}
    said = vmpcap("bench", *reports[:2], "--format", "json", environment=environment)
    assert len(json.loads(said.out)["inputs"]) == 2
    sides = (reports[0], "--with", reports[9])
    assert vmpcap("compare", *sides, environment=environment).status == 0
    said = vmpcap("bench", "--format", "json", environment=environment)
    assert [one["path"] for one in json.loads(said.out)["inputs"]] == [f"source={path}"]
