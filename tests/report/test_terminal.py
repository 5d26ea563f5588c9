"""The report on a terminal: any width, with colour and without, in ASCII alone."""

import io
import re
import unicodedata
from itertools import pairwise

import msgspec
import pytest

from tests.report.made import one_line
from tests.report.sample import SAMPLES, good, guest, lost_guest, migration, several
from vmpcap.migration.results import Peer, Switchover
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report
from vmpcap.report.look import Look, look_of

WIDTHS = (40, 47, 59, 60, 66, 80, 100, 120)
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
UNITS = r"Mbps|ms|s|kB|MB|GB|bytes|byte|%|samples|segments"


def cells(line: str) -> int:
    """How many cells of a terminal a line fills, by the Unicode tables: a twin of what the product asks rich."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    marks = sum(unicodedata.combining(c) != 0 for c in line)
    return len(line) + wide - marks


def copied(report: Report) -> set[str]:
    """Lines that are there to be copied, and stay whole however long they are: filters, addresses, commands."""
    filters = {e.filter for m in report.migrations for c in m.checks for e in c.evidence}
    links = {line.rpartition(" ")[2] for line in report.profile.sources}
    files = " ".join(i.path for i in report.inputs[:2])
    commands = {f"vmpcap {words} {files}" for words in ("flows", "report --port N", "announcements")}
    return filters | links | commands


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_is_wider_than_the_terminal_except_what_is_there_to_be_copied(name: str, width: int) -> None:
    """A terminal that breaks our lines would break every table and picture."""
    report = SAMPLES[name]()
    for ascii_only in (False, True):
        shown = to_terminal(report, Look(width, ascii_only=ascii_only))
        wide = {line.strip() for line in shown.splitlines() if cells(line) > width}
        assert wide <= copied(report)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_there_to_be_copied_is_whole(name: str) -> None:
    """A display filter on the narrowest terminal can still be pasted into Wireshark."""
    report = SAMPLES[name]()
    shown = to_terminal(report, Look(40))
    for check in (c for m in report.migrations for c in m.checks):
        for evidence in check.evidence:
            assert evidence.filter in shown
    assert "    http://blog.example/\n" in shown


@pytest.mark.parametrize("name", SAMPLES)
def test_without_colour_there_is_no_escape_sequence(name: str) -> None:
    """What is piped into a file is text."""
    shown = to_terminal(SAMPLES[name](), Look(80))
    assert "\x1b" not in shown
    assert all(c == "\n" or c.isprintable() for c in shown)


@pytest.mark.parametrize("name", SAMPLES)
def test_colour_changes_no_word(name: str) -> None:
    """Nothing is said by colour alone: without it every character is the same."""
    coloured = to_terminal(SAMPLES[name](), Look(80, colour=True))
    plain = to_terminal(SAMPLES[name](), Look(80))
    assert ESCAPE.search(coloured)
    without = "\n".join(line.rstrip() for line in ESCAPE.sub("", coloured).split("\n"))
    assert without == plain


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_ascii_look_has_only_ascii(name: str, width: int) -> None:
    """A serial console or PYTHONIOENCODING=ascii shows every character."""
    shown = to_terminal(SAMPLES[name](), Look(width, ascii_only=True))
    assert shown.isascii()
    assert "\\x" not in shown
    assert "\\u" not in shown


@pytest.mark.parametrize("name", ["good", "lost_guest"])
def test_the_summary_of_a_migration_fits_one_screen(name: str) -> None:
    """On 80 by 24 nothing of the summary has scrolled away when the prompt is back."""
    shown = to_terminal(SAMPLES[name](), Look(80))
    summary = shown[: shown.index("── m1")]
    assert summary.count("\n") <= 24
    for check in SAMPLES[name]().migrations[0].checks:
        assert check.id in summary


def test_the_summary_fits_one_screen_though_every_check_fails_at_length() -> None:
    """Reasons give way; names of checks and their answers do not."""
    whole = good()
    long = "of a reason that goes on and on " * 30
    checks = [msgspec.structs.replace(c, outcome="fail", because=long) for c in whole.migrations[0].checks]
    failed = msgspec.structs.replace(whole.migrations[0], checks=checks, verdict="fail")
    shown = to_terminal(msgspec.structs.replace(whole, migrations=[failed], verdict="fail"), Look(80))
    summary = shown[: shown.index("── m1")]
    assert summary.count("\n") <= 24
    for check in checks:
        assert check.id in summary or "more advice" in summary
        assert not check.decides or check.id in summary


def test_the_summary_of_many_migrations_fits_one_screen() -> None:
    """As many as fit are listed, the others are counted by verdict."""
    one = several().migrations[0]
    many = [msgspec.structs.replace(one, id=f"m{n}", verdict=("pass", "fail")[n % 2]) for n in range(1, 41)]
    shown = to_terminal(msgspec.structs.replace(several(), migrations=many), Look(80))
    summary = shown[: shown.index("── m1 ")]
    assert summary.count("\n") <= 24
    listed = len(re.findall(r"^ (?:pass|fail) +m\d+ ", summary, re.MULTILINE))
    counted = re.search(r"and (\d+) further migrations: (\d+) pass, (\d+) fail", summary)
    assert counted
    further, passed, failed = map(int, counted.groups())
    assert further == passed + failed == 40 - listed
    assert listed >= 5


@pytest.mark.parametrize("width", WIDTHS)
def test_no_number_is_parted_from_its_unit(width: int) -> None:
    """No line ends in a number whose unit begins the next one."""
    for sample in SAMPLES.values():
        lines = to_terminal(sample(), Look(width)).splitlines()
        for above, below in pairwise(lines):
            if re.search(r"(?<![\w.:-])[\d,.]+$", above):
                assert not re.match(rf" +({UNITS})\b", below), (above, below)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_cell_of_a_table_is_shown_whole(width: int) -> None:
    """What finds no room beside the others stands under its row; nothing is squeezed or cut."""
    shown = one_line(to_terminal(lost_guest(), Look(width)))
    for words in ("10.99.0.2", "icmp", "never back", "2,371", "not_reached", "capturing, and saw other broadcasts"):
        assert words in shown
    assert "402, 405, 411, 420 and 1 more" in shown


def test_a_check_is_named_whole_on_the_narrowest_terminal() -> None:
    """The longest name of a check has 32 characters; 40 columns show it."""
    shown = to_terminal(good(), Look(40))
    summary = shown[: shown.index("── m1")]
    assert "announcement_reached_destination" in summary


class Stream(io.StringIO):
    """A stream that says of itself what it is told to."""

    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing about terminals but their kind."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


def test_a_terminal_gets_colour_and_a_pipe_does_not(bare: pytest.MonkeyPatch) -> None:
    """Colour is for eyes."""
    assert look_of(Stream(terminal=True)).colour
    assert not look_of(Stream(terminal=False)).colour


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_switched_off(bare: pytest.MonkeyPatch, name: str, value: str) -> None:
    """no-color.org, and terminals that know no colour."""
    bare.setenv(name, value)
    assert not look_of(Stream(terminal=True)).colour


@pytest.mark.parametrize(("columns", "width"), [("30", 40), ("40", 40), ("97", 97), ("300", 120)])
def test_columns_sets_the_width_between_40_and_120(bare: pytest.MonkeyPatch, columns: str, width: int) -> None:
    """Longer lines than 120 are hard to read, shorter ones than 40 hold no table."""
    bare.setenv("COLUMNS", columns)
    assert look_of(Stream(terminal=False)).width == width


@pytest.mark.parametrize(("encoding", "ascii_only"), [("utf-8", False), ("ascii", True), ("latin-1", True)])
def test_pictures_are_drawn_in_what_the_stream_can_encode(
    bare: pytest.MonkeyPatch, encoding: str, ascii_only: bool
) -> None:
    """Blocks and arrows only where they arrive."""
    assert look_of(Stream(terminal=False, encoding=encoding)).ascii_only is ascii_only


def test_a_peer_that_waited_longer_than_the_switchover_took_is_in_the_head() -> None:
    """A guest that panics after the switchover was back within 146 ms, and its peers waited for seconds."""
    peer = Peer(peer="10.77.0.100", protocol="tcp/80", outage_ms=3_240.0)
    for outage, wanted in (
        (3_240.0, "; the switchover took at most 146 ms; a peer was cut off for 3.24 s"),
        (90.0, "; the switchover took at most 146 ms\n"),
    ):
        one = guest(switchover=Switchover(bracket_ms=146.0), peers=[msgspec.structs.replace(peer, outage_ms=outage)])
        report = msgspec.structs.replace(good(), migrations=[migration(guests=[one])])
        shown = to_terminal(report, Look(120))
        assert wanted in "\n".join(line.rstrip() for line in shown.splitlines()[:8]) + "\n"
