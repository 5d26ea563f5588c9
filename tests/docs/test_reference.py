"""The reference documents everything a user can meet: asked of the commands themselves, not of its own tables."""

import inspect
import json
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

import vmpcap as programs
from tests.docs.texts import ROOT, prose, script
from vmpcap.announcements.kinds import KINDS
from vmpcap.decode.steps import STEPS
from vmpcap.decode.stops import STOPS
from vmpcap.flows.streams import STREAMS
from vmpcap.migration.mechanisms.table import MECHANISMS
from vmpcap.points.roles import ROLES
from vmpcap.readers import FORMATS, PACKINGS
from vmpcap.readers.defects import DEFECT_KINDS
from vmpcap.runs.answer import Answer
from vmpcap.runs.expected_answer import Expected
from vmpcap.runs.many_answer import Compared
from vmpcap.verdicts.profile import KEYS

TINY = ROOT / "captures" / "jumbo_black_hole"


@cache
def pages() -> dict[str, str]:
    made: dict[str, str] = script("generate").pages()
    return made


def test_the_pages_of_a_fresh_clone_are_those_of_the_tables() -> None:
    """Where this fails: python docs/generate.py docs"""
    folder = ROOT / "docs"
    there = {file.relative_to(folder).as_posix(): file.read_text() for file in (folder / "reference").glob("*.md")}
    assert sorted(there) == sorted(pages())
    assert [path for path, text in pages().items() if there[path] != text] == []


def coded(page: str) -> set[str]:
    """All that stands as code in this page, options one by one."""
    found = re.findall(r"`([^`]+)`", prose(pages()[f"reference/{page}.md"]))
    return {word.replace("\\|", "|") for one in found for word in (one, *one.split(", "))}


def told(*arguments: str) -> str:
    """What does this command say?"""
    done = subprocess.run(
        [sys.executable, "-m", "vmpcap", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stderr == ""
    return done.stdout


@cache
def report() -> dict[str, Any]:
    """A report with guests, peers and phases in it."""
    folder = ROOT / "captures" / "destination_isolated"
    files = [f"--point={name}={folder / name}.pcap.zst" for name in ("src-guestbr", "dst-guestbr", "src-uplink")]
    roles = ["--role=src-guestbr=domain:source", "--role=dst-guestbr=domain:destination", "--role=src-uplink=source"]
    answer: dict[str, Any] = json.loads(told("report", *files, *roles, "--format", "json"))
    return answer


def commands() -> list[str]:
    """The commands, as --help lists them."""
    listed = told("--help").split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+) ", listed, re.MULTILINE)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented_with_every_option_of_its_help(command: str) -> None:
    """As `vmpcap COMMAND --help` shows them, but for --help itself."""
    page = pages()["reference/commands.md"]
    assert f"\n## {command}\n" in page
    options = re.findall(r"^  (?:-\w, )?(--[\w-]+)", told(command, "--help"), re.MULTILINE)
    assert set(options) - {"--help"} <= coded("commands"), command


def test_every_command_stands_in_the_readme() -> None:
    """A newcomer sees all of them in one table."""
    readme = (ROOT / "README.md").read_text()
    for command in commands():
        assert f"| `vmpcap {command}" in readme


@pytest.mark.parametrize("table", ["points", "flows", "announcements", "packets"])
def test_every_column_that_a_table_command_prints_is_documented(table: str) -> None:
    """The header of its CSV, in that order."""
    files = [str(TINY / f"{name}.pcap.zst") for name in ("src-uplink", "client")[: 2 if table == "points" else 1]]
    header = told(table, *files, "--format", "csv").splitlines()[0].split(",")
    section = pages()["reference/columns.md"].split(f"\n## {table}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == header


def test_every_frame_and_column_of_the_parquet_folder_is_documented(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `--parquet` really writes."""
    import polars as pl

    folder = tmp_path_factory.mktemp("frames") / "report"
    told("report", str(TINY / "src-uplink.pcap.zst"), "--parquet", str(folder), "-o", str(folder.parent / "report.txt"))
    page = pages()["reference/frames.md"] + pages()["reference/columns.md"]
    files = sorted(folder.glob("*.parquet"))
    assert files
    for file in files:
        section = page.split(f"\n## {file.stem}\n")[1].split("\n## ")[0]
        assert set(pl.read_parquet_schema(file)) <= set(re.findall(r"`(\w+)`", section)), file.stem


def test_every_key_of_a_report_is_documented() -> None:
    """Walked through a real report; keys that come from the data (point names, kinds, reasons) are not the report's."""
    from_data = {"by_point", "kinds", "not_walked", "limit_shares"}
    keys: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            keys.update(value)
            for key, inner in value.items():
                for one in inner.values() if key in from_data else [inner]:
                    walk(one)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(report())
    assert len(keys) > 100
    assert keys <= coded("report")


def test_every_check_of_a_report_is_documented_with_its_question_and_whether_it_decides() -> None:
    """One row a check; what a report lets decide is never called advice."""
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+\|[^|]+) \|$", pages()["reference/checks.md"], re.MULTILINE))
    checks = report()["migrations"][0]["checks"]
    assert [c["id"] for c in checks] == list(rows)
    for check in checks:
        question, _, decides = rows[check["id"]].partition("|")
        assert question.strip().endswith("?"), check["id"]
        assert (decides.strip() == "never") <= (not check["decides"])
        assert (decides.strip() == "always") <= check["decides"]


def test_every_profile_is_documented_with_its_figures() -> None:
    """As `vmpcap profiles` lists them; and every key that a profile file may have."""
    page = pages()["reference/profiles.md"]
    for profile in json.loads(told("profiles", "--format", "json")):
        assert f"\n## {profile['name']}\n" in page
        for limit in (profile["throughput_mbps_min"], profile["rtt_ms_max"], profile["switchover_ms_max"]):
            if limit is not None:
                assert f"| {limit:g} |" in page
        for source in profile["cited"]:
            assert source["says"].split("|")[0] in page
    assert {key.name for key in KEYS} <= coded("profiles")


def test_every_exit_status_that_help_names_is_documented() -> None:
    """`vmpcap --help` ends with them; the page has them all, and the fault of the program itself."""
    named = re.findall(r"(?:status:|,)\s+(\d+) ", told("--help").split("Exit status")[1].join(["status", ""]))
    assert {"0", "1", "2", "3", "4", "5", "130"} == set(named)
    assert {*named, "70"} <= coded("exit-status")


def test_every_row_of_the_tables_of_what_is_read_is_documented() -> None:
    """Headers, stops, formats, packings, defects, streams, announcement kinds, roles, mechanisms."""
    assert {step.name for step in STEPS} | {stop.name for stop in STOPS} <= coded("encapsulations")
    assert {one.magic.hex(" ") for one in (*FORMATS, *PACKINGS)} <= coded("formats")
    assert {kind.name for kind in DEFECT_KINDS} <= coded("formats")
    assert {stream.key for stream in STREAMS} <= coded("streams")
    assert {kind.name for kind in KINDS} <= coded("announcements")
    assert set(ROLES) <= coded("roles")
    assert {m.name for m in MECHANISMS} <= coded("mechanisms")


def test_every_mechanism_has_a_page_that_the_index_and_the_reference_link() -> None:
    """What marks it, what it must do, how it fails: one page a row."""
    folder = ROOT / "docs" / "explanation" / "mechanisms"
    index = (folder / "index.md").read_text()
    for row in MECHANISMS:
        assert (folder / f"{row.name}.md").exists(), row.name
        assert f"({row.name}.md)" in index, row.name
        assert f"](../explanation/mechanisms/{row.name}.md)" in pages()["reference/mechanisms.md"]


def test_each_of_the_twenty_questions_leads_to_an_answer_a_check_and_a_limit() -> None:
    """
    One row each; its page has the section, what the report says, a filter that was tried, and what cannot be told.
    """
    folder = ROOT / "docs" / "how-to"
    rows = re.findall(
        r"^\| (\d+) \| .+\? .*\]\(([\w-]+\.md)#([\w-]+)\) \|$", (folder / "questions.md").read_text(), re.M
    )
    assert [int(number) for number, _, _ in rows] == list(range(1, 21))
    for _, page, anchor in rows:
        text = (folder / page).read_text()
        headings = [re.sub(r"[^\w ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^## (.*)$", text, re.M)]
        assert anchor in headings, (page, anchor)
        section = re.split(r"^## ", text, flags=re.MULTILINE)[1 + headings.index(anchor)]
        assert "make report" in section or "vmpcap report" in section, (page, anchor)
        assert re.search(r"^\$ tshark .*-Y '", section, re.MULTILINE), (page, anchor)
        assert "**It cannot tell**" in text, page


def test_every_encapsulation_is_documented_with_what_it_is_an_example_and_tshark_s_word() -> None:
    """One row a header that is walked; each example is a file of the checkout; no cell is empty."""
    section = pages()["reference/encapsulations.md"].split("\n## What they are\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split(" | ")] for line in section.splitlines() if line.startswith("| `")]
    assert [row[0].strip("| `") for row in rows] == [step.name for step in STEPS if not step.chooses]
    for row in rows:
        assert len(row) == 6
        assert all(row), row
        assert (ROOT / "captures" / "encapsulations" / row[3].strip("`")).exists()


def test_every_place_where_bytes_decide_is_documented_with_its_candidates() -> None:
    """One row a choice, with all that may stand there."""
    section = pages()["reference/encapsulations.md"].split("\n## Where no number says what follows\n")[1]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|$", section.split("\n## ")[0], re.MULTILINE))
    assert {place: re.findall(r"`([\w-]+)`", named) for place, named in rows.items()} == {
        step.name: list(dict.fromkeys(one.step for one in step.chooses)) for step in STEPS if step.chooses
    }


def test_a_bar_inside_a_cell_does_not_end_it() -> None:
    """Every row of every table has as many cells as its head."""
    for path, text in pages().items():
        for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(cells) == 1, (path, block[:200])


def test_every_function_and_parameter_for_programs_is_documented() -> None:
    """By its own docstring: a parameter without words would be missing from the list."""
    page = pages()["reference/python.md"]
    for function in (programs.report, programs.compare, programs.bench, programs.scan):
        part = page.split(f"## vmpcap.{function.__name__}\n")[1].split("\n## ")[0]
        listed = part.split("**Parameters**")[1].split("**Returns**")[0]
        for name in inspect.signature(function).parameters:
            assert re.search(rf"^- `[^`]*\b{name}\b[^`]*`: \w", listed, re.MULTILINE), (function.__name__, name)
    for one in (Answer, Compared, Expected):
        part = page.split(f"## {one.__name__}\n")[1].split("\n## ")[0]
        for name in vars(one):
            assert name.startswith("_") or f"| `{name}" in part, (one.__name__, name)
