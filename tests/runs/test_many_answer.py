"""`vmpcap.compare`, `vmpcap.bench` and `what_if`: what the commands tell, as objects."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest

import vmpcap
from tests.cli.calls import CAPTURES
from tests.docs.test_reference import told
from tests.report.made import HOSTILE, poisoned
from tests.report.sample import good
from tests.runs.made import START, write
from tests.runs.made import migration as stream_of_a_guest
from tests.runs.test_compared import moved
from vmpcap.report.as_json import to_json
from vmpcap.report.comparison_frames import FRAMES
from vmpcap.report.document import Report
from vmpcap.runs.answer import Answer
from vmpcap.runs.expected_answer import expected_of
from vmpcap.terms.errors import CaptureError, RequestError


def report(day: int, mbps: float) -> Report:
    return msgspec.structs.replace(good(), migrations=[moved(day, mbps)])


def written(folder: Path, days: range, mbps: float) -> list[Path]:
    paths = []
    for day in days:
        paths.append(folder / f"{day:02d}.json")
        paths[-1].write_text(to_json(report(day, mbps + day)), encoding="utf-8")
    return paths


@pytest.fixture
def sides(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    return written(tmp_path, range(1, 6), 400.0), written(tmp_path, range(11, 16), 800.0)


def without_time(text: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(text)
    assert document.pop("generated_at")
    return document


def test_it_says_what_the_command_says(sides: tuple[list[Path], list[Path]]) -> None:
    """Down to the last key; a single input needs no list."""
    a, b = sides
    ours = vmpcap.compare(a, b)
    assert without_time(ours.to_json()) == without_time(told("compare", *a, "--with", *b, "--format", "json"))
    path = vmpcap.bench(a, by="networks")
    assert without_time(path.to_json()) == without_time(told("bench", *a, "--by", "networks", "--format", "json"))
    assert vmpcap.bench(a[0]).groups == vmpcap.bench([a[0]]).groups
    assert repr(ours) == "<vmpcap compare: A: 5 migrations, B: 5. Of B, throughput higher>"
    assert repr(path).startswith("<vmpcap bench: 5 migrations on 1 path")


def test_reports_in_memory_are_inputs_as_good_as_their_files(sides: tuple[list[Path], list[Path]]) -> None:
    """What `vmpcap.report` gave, or its document."""
    a, b = sides
    in_memory = vmpcap.compare([report(day, 400.0 + day) for day in range(1, 6)], b)
    assert in_memory.differences == vmpcap.compare(a, b).differences


def test_captures_and_folders_and_named_points_are_read() -> None:
    """With the roles that fit each of them: two folders, of which one lacks the point."""
    folders = [CAPTURES / name for name in ("source_paused", "software_cap")]
    found = vmpcap.bench(folders, by="all", roles={"src-uplink": "source"})
    assert [one.migrations for one in found.inputs] == [1, 1]
    capture = next(iter(folders[0].glob("src-uplink.pcap*")))
    by_name = vmpcap.bench({"source": str(capture)})
    answered = vmpcap.report({"source": str(capture)})
    assert isinstance(answered, Answer)
    assert vmpcap.bench(answered).groups[0].spreads == by_name.groups[0].spreads


def test_frames_have_their_declared_columns(sides: tuple[list[Path], list[Path]]) -> None:
    """Every migration's value, every group's spread, every difference."""
    a, b = sides
    found = vmpcap.compare(a, b)
    assert {name: frame.columns for name, frame in found.frames.items()} == {
        name: [column.name for column in columns] for name, (_, columns, _) in FRAMES.items()
    }
    values = found.frames["values"].filter(group="B", figure="throughput")["value"].sort().to_list()
    assert values == [811.0, 812.0, 813.0, 814.0, 815.0]
    assert found.frames["differences"].filter(figure="throughput")["word"].to_list() == ["higher"]
    assert len(found.frames["spreads"]) == 2 * len(found.groups[0].spreads)
    empty = vmpcap.bench(a).frames["differences"]
    assert (len(empty), empty.columns) == (0, found.frames["differences"].columns)


def test_a_stretch_of_time_leaves_out_what_does_not_lie_in_it(sides: tuple[list[Path], list[Path]]) -> None:
    """Of reports, whole migrations; how many is told. A time needs its zone."""
    a, _ = sides
    since = datetime(2026, 7, 3, tzinfo=UTC)
    found = vmpcap.bench(a, since=since)
    assert found.groups[0].migrations == 3
    assert [one.because for one in found.inputs][:3] == ["1 of 1 lie outside of the time asked for"] * 2 + [""]
    with pytest.raises(RequestError, match="no migration lies in the time asked for"):
        vmpcap.bench(a, since=datetime(2026, 8, 1, tzinfo=UTC))
    with pytest.raises(RequestError, match="time zone"):
        vmpcap.bench(a, since=datetime(2026, 7, 3))
    with pytest.raises(RequestError, match="nothing lies between"):
        vmpcap.bench(a, since=since, until=datetime(2026, 7, 2, tzinfo=UTC))


def test_what_cannot_be_done_is_said(sides: tuple[list[Path], list[Path]], tmp_path: Path) -> None:
    """As the command says it."""
    a, b = sides
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(b"no capture at all, only words")
    with pytest.raises(RequestError, match="named twice"):
        vmpcap.compare([*a, a[0]], b)
    with pytest.raises(RequestError, match="nothing is named on side B"):
        vmpcap.compare(a, [])
    with pytest.raises(RequestError, match="there is no point 'gw-lan'"):
        vmpcap.bench(a, roles={"gw-lan": "gateway"})
    with pytest.raises(RequestError, match="there is no role 'gate'"):
        vmpcap.bench(a, roles={"gw-lan": "gate"})
    with pytest.raises(RequestError, match="by='site'"):
        vmpcap.bench(a, by="site")  # type: ignore[arg-type]
    with pytest.raises(CaptureError, match="nothing could be read"):
        vmpcap.bench(bad)
    costs_itself = vmpcap.bench([*a, bad])
    assert costs_itself.groups[0].migrations == 5
    assert costs_itself.inputs[-1].because


def test_a_notebook_shows_the_page_in_a_frame_without_scripts(sides: tuple[list[Path], list[Path]]) -> None:
    """Nothing but the page is in it."""
    found = vmpcap.compare(*sides)
    shown = re.fullmatch(r'<iframe sandbox="" style="[^"]*" srcdoc="([^"]*)"></iframe>', found._repr_html_())
    assert shown is not None
    assert html.unescape(shown[1]) == found.to_html()
    assert found.to_markdown().startswith("# A: 5 migrations")
    assert max(map(len, found.to_text(60).splitlines())) <= 60


def test_what_if_tells_what_the_command_tells() -> None:
    """By the migration's id, as a mapping and as a frame."""
    folder = CAPTURES / "source_paused"
    capture = next(iter(folder.glob("src-uplink.pcap*")))
    found = vmpcap.report(str(capture)).what_if(rate_mbps=622, rtt_ms=5, loss=0.001)
    command = json.loads(told("report", capture, "--what-if", "622Mbps,5ms,0.1%", "--format", "json"))
    (migration,) = command["migrations"]
    assert list(found) == [migration["id"]]
    assert msgspec.to_builtins(found[migration["id"]]) == migration["what_if"][0]
    assert found.frame["migration"].to_list() == [migration["id"]]
    assert found.frame["goodput_mbps"].to_list() == [migration["what_if"][0]["goodput_mbps"]]
    assert "Expected on another link: 622 Mbps, 5 ms" in found._repr_html_()
    assert repr(found).startswith("<vmpcap what if 622 Mbps, 5 ms, 0.10 % lost; ")
    with pytest.raises(KeyError):
        found["m9"]


@pytest.mark.parametrize("link", [(0, 5, 0), (622, -1, 0), (622, 60_000, 0), (622, 5, 0.5), (float("nan"), 5, 0)])
def test_what_is_no_link_is_refused(link: tuple[float, float, float]) -> None:
    """No rate, no way back, no end, nothing that arrives."""
    with pytest.raises(RequestError, match="what_if"):
        expected_of(good(), *link)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_capture_says_stays_text_in_a_notebook(name: str) -> None:
    """The notebook shows it without a frame."""
    shown = expected_of(poisoned(HOSTILE[name]), 622.0, 5.0, 0.0)._repr_html_()
    for harmful in ("<script", "<img", "\x1b", "\u202e", "\u200b"):
        assert harmful not in shown


def test_a_capture_and_a_part_of_it_count_once(tmp_path: Path) -> None:
    """As files of one incident lie about: all of it, what somebody cut out, the same from mid-stream on."""
    packets = stream_of_a_guest()
    whole, begin, end = (tmp_path / name for name in ("whole.pcap", "begin.pcap", "end.pcap"))
    write(whole, packets)
    write(begin, [one for one in packets if one.ts_ns < START + 2_200_000_000])
    write(end, [one for one in packets if one.ts_ns >= START + 1_800_000_000])
    for order in ([begin, whole, end], [whole, end, begin]):
        found = vmpcap.bench([str(path) for path in order])
        assert [group.migrations for group in found.groups] == [1]
        assert {one.path: one.counted for one in found.inputs}[str(whole)] == 1
        assert any("begin.pcap: of a migration in it only a part is in view" in note for note in found.notes)


def test_a_profile_of_the_functions_counts_as_of_the_commands(sides: tuple[list[Path], list[Path]]) -> None:
    """By name or by file; a wrong one is refused in words."""
    found = vmpcap.compare(*sides, profile="vsphere4")
    assert found.frames["spreads"].filter(pl.col("figure") == "throughput")["within"].to_list() == [0, 5]
    assert vmpcap.bench([*sides[0]], profile="vsphere4").groups[0].spreads[0].limit == 622.0
    with pytest.raises(vmpcap.VmpcapError, match="nosuch"):
        vmpcap.bench([*sides[0]], profile="nosuch")
