"""The benchmark runs, knows the truth about its own captures, and prints no figure beside a wrong answer."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """One of the benchmark's programs."""
    command = [sys.executable, str(BENCHMARKS / script), *(str(a) for a in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """The folder of a quick run, and what it said."""
    folder = tmp_path_factory.mktemp("bench")
    yield folder, run("run.py", "--smoke", "--folder", folder, "--markdown", folder / "tables.md")
    shutil.rmtree(folder)


def test_the_quick_run_measures_vmpcap_and_whoever_is_installed(
    smoke: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """Every rival has a row, or is named as skipped; the tables are there as Markdown too."""
    folder, done = smoke
    assert done.returncode == 0, done.stderr
    named = ("vmpcap report", "limit.c", "tcpdump -w", "tcptrace -l -r", "tshark -z", "tshark -T", "scapy", "pyshark")
    lines = done.stdout.splitlines()
    for name in named:
        assert any(line.startswith((f"{name} ", f"skipped: {name}", name)) for line in lines), name
    assert any(line.startswith("vmpcap report  ") for line in lines)
    tables = (folder / "tables.md").read_text()
    assert tables.count("| --- |") + tables.count("| ---: |") >= 3
    assert "load average" in tables


def test_a_wrong_answer_leaves_no_figure(smoke: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Where the truth says one retransmission more than vmpcap, the run names the answer and measures nothing."""
    folder, _ = smoke
    path = next(folder.glob("head-60000-*.truth.json"))
    whole = path.read_text()
    truth = json.loads(whole)
    truth["migration"]["retransmissions"] += 1
    path.write_text(json.dumps(truth))
    try:
        done = run("run.py", "--smoke", "--folder", folder)
    finally:
        path.write_text(whole)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "retransmissions: " in done.stderr
    assert "no answer, no number" in done.stderr


def test_the_time_of_a_report_is_told_part_by_part(smoke: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Every part still has the name by which it is watched, and the parts are all of the time."""
    folder, _ = smoke
    done = run("where.py", next(folder.glob("head-60000-????????????.pcap")))
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if line.count("%") == 1]
    shares = [float(line.split("%")[0].split()[-1]) for line in told]
    assert len(shares) > 10
    assert 98 < sum(shares) < 102
    assert any(line.startswith("most at any time") for line in done.stdout.splitlines())


@needs_tshark
@pytest.mark.parametrize(("kind", "extra"), [("head", ()), ("full", ()), ("many", ("--flows", 2500))])
def test_tshark_finds_in_the_capture_what_the_generator_says(
    tmp_path: Path, kind: str, extra: tuple[object, ...]
) -> None:
    """Packets, bytes and retransmissions of each connection; every checksum good, no frame malformed."""
    capture = tmp_path / f"{kind}.pcap"
    done = run("generate.py", kind, capture, "--packets", 30_000, "--seed", 7, *extra)
    assert done.returncode == 0, done.stderr
    truth = json.loads((tmp_path / f"{kind}.pcap.truth.json").read_text())
    fields = ("tcp.srcport", "tcp.len", "tcp.analysis.retransmission", "tcp.checksum.status", "ip.checksum.status")
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=f"]
    checked = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    chosen = [word for field in (*fields, "frame.len", "_ws.malformed") for word in ("-e", field)]
    seen = subprocess.run([*command, *checked, *chosen], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in seen.splitlines()]
    assert len(rows) == truth["packets"]
    assert sum(int(row[5]) for row in rows) == truth["wire_bytes"]
    payload, resent = Counter[str](), Counter[str]()
    for port, length, is_resent, *_ in rows:
        if port:
            payload[port] += int(length)
            resent[port] += bool(is_resent)
    for port, sent in truth["connections"].items():
        assert (port, payload[port], resent[port]) == (port, sent["payload_bytes"], sent["retransmissions"])
    none, good, cut = "", "1", "2"
    assert {row[4] for row in rows} == {none, good}
    assert {row[3] for row in rows} == ({none, good} if kind == "full" else {none, good, cut})
    assert {row[6] for row in rows} == {""}


def test_the_same_seed_makes_the_same_capture(tmp_path: Path) -> None:
    """A figure can be measured again: seed and size decide every byte, and another seed decides others."""
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        assert run("generate.py", "head", tmp_path / name, "--packets", 20_000, "--seed", seed).returncode == 0
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_two_builds_walk_in_turn() -> None:
    """A build beside itself: a figure of each, and the ratio of the second to the first."""
    build = BENCHMARKS.parent / "analyzer"
    capture = BENCHMARKS.parent / "captures" / "encapsulations" / "tcp.pcap"
    done = run("walks.py", capture, build, build, "--rounds", 2, "--starts", 1)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.endswith("ns a frame, 1.000 of the first's")
    assert float(second.split(" ns a frame, ")[1].split()[0]) > 0
