"""What a user is told of the roles that points without one were given."""

import json
import shlex
from pathlib import Path

from tests.cli.calls import CAPTURES, here, vmpcap
from vmpcap.cli.proposed import words_that_name
from vmpcap.report.document import Input


def given(point: str, role: str | None, path: str) -> Input:
    return Input(
        point=point, role=role, path=path, format="pcap", byte_order=None, time_resolution=None, linktypes=[],
        packets=1, bytes=1, first_ts=None, last_ts=None, truncated=False, role_because="why",
    )  # fmt: skip


def test_the_line_to_copy_names_every_point() -> None:
    """A role of one point is its name; points that share one, have none, or were named by the user keep theirs."""
    inputs = [
        given("a b", "source", "a b.pcap"),
        given("far end", "destination", "x.pcap"),
        given("c1", "domain:destination", "c1.pcap"),
        given("c2", "domain:destination", "c2.pcap"),
        given("d", None, "d-1.pcap"),
        given("d", None, "d-2.pcap"),
    ]
    assert shlex.split(words_that_name(inputs)) == [
        *("--point", "source=a b.pcap"),
        *("--point", "far end=x.pcap", "--role", "far end=destination"),
        *("--point", "c1=c1.pcap", "--role", "c1=domain:destination"),
        *("--point", "c2=c2.pcap", "--role", "c2=domain:destination"),
        *("--point", "d=d-1.pcap,d-2.pcap"),
    ]


def test_the_line_to_copy_gives_the_same_report(tmp_path: Path) -> None:
    """Bare files first, then with the words of stderr: the same checks."""
    files = [CAPTURES / "clean" / f"{name}.pcap.zst" for name in ("dst-uplink", "gw-lan", "src-guestbr", "src-uplink")]
    said = vmpcap("report", *files, "--json", tmp_path / "a.json", "-o", tmp_path / "a.txt")
    (line,) = [line for line in said.err.splitlines() if "--point" in line]
    words = shlex.split(line[line.index("--point") :])
    again = vmpcap("report", *words, "--json", tmp_path / "b.json", "-o", tmp_path / "b.txt")
    assert "--point" not in again.err
    assert again.status == said.status
    first, second = (json.loads((tmp_path / n).read_text())["migrations"][0] for n in ("a.json", "b.json"))
    assert [(c["id"], c["outcome"]) for c in first["checks"]] == [(c["id"], c["outcome"]) for c in second["checks"]]
    assert first["throughput"] == second["throughput"]


def test_a_point_that_was_named_without_a_role_is_told_one_by_what_it_shows(capsys: object) -> None:
    """A name of the user's own says no role; one that does is kept."""
    files = {"left": "src-uplink", "right": "dst-uplink", "wan": "gw-lan"}
    named = [w for n, file in files.items() for w in ("--point", f"{n}={CAPTURES / 'clean' / f'{file}.pcap.zst'}")]
    said = here(capsys, "report", "--format", "json", *named)  # type: ignore[arg-type]
    roles = {one["point"]: (one["role"], bool(one["role_because"])) for one in json.loads(said.out)["inputs"]}
    assert roles == {"left": ("source", True), "right": ("destination", True), "wan": ("wan", False)}
    assert "--role left=source" in said.err


def test_quiet_says_nothing_of_roles(capsys: object) -> None:
    """-q: the report alone, whose inputs say it all the same."""
    files = [CAPTURES / "clean" / f"{name}.pcap.zst" for name in ("dst-guestbr", "gw-lan")]
    said = here(capsys, "report", "-q", "--format", "json", *files)  # type: ignore[arg-type]
    assert said.err == ""
    assert "role_because" in said.out
