"""`vmpcap.report`: the same report as the command's, as an object."""

import html
import importlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import vmpcap
from tests.runs.made import START, migration, write
from vmpcap.report.as_parquet import FRAMES
from vmpcap.runs.answer import Answer
from vmpcap.runs.arguments import ports_of
from vmpcap.terms.errors import RequestError

CLEAN = Path(__file__).resolve().parents[2] / "captures" / "clean"
POINTS = {name: str(CLEAN / f"{name}.pcap.zst") for name in ("src-uplink", "gw-lan")}
ROLES = {"src-uplink": "source", "gw-lan": "gateway"}


@pytest.fixture(scope="module")
def found() -> Answer:
    return vmpcap.report(POINTS, roles=ROLES)


def test_the_function_stays_whatever_of_the_room_is_loaded() -> None:
    """A room of the house has its name: loading that must not take the function away."""
    importlib.import_module("vmpcap.report.as_html")
    assert callable(vmpcap.report)


def test_it_says_what_the_command_says(found: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to the last key, but for when it was made."""
    named = [part for name, path in POINTS.items() for part in ("--point", f"{name}={path}")]
    given = [part for name, role in ROLES.items() for part in ("--role", f"{name}={role}")]
    command = [sys.executable, "-m", "vmpcap", "report", "-q", "--json", "-", *named, *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours, theirs = json.loads(found.to_json()), json.loads(done.stdout)
    assert ours.pop("generated_at")
    assert theirs.pop("generated_at")
    assert ours == theirs


def test_its_parts_have_the_names_of_the_document(found: Answer) -> None:
    """What the contract names can be reached as it names it."""
    assert found.verdict == found.document.verdict == found.migrations[0].verdict
    assert found.migrations[0].rtt.p95_ms is not None
    assert [one.point for one in found.inputs] == list(POINTS)
    assert (found.profile.name, found.clocks, found.notes) == ("vsphere4", found.document.clocks, found.document.notes)
    assert repr(found).startswith(f"<vmpcap report: {found.verdict}, 1 migration; ")


def test_its_frames_are_those_of_the_parquet_folder(found: Answer) -> None:
    """By the same names, and with the migration's own series."""
    assert set(found.frames) == {frame.name for frame in FRAMES} | {"flows", "announcements"}
    assert found.frames["throughput"]["mbps"].to_list() == [point.mbps for point in found.migrations[0].series]
    assert found.frames["flows"]["point"].unique().sort().to_list() == sorted(POINTS)


def test_what_it_writes_is_what_it_gives(found: Answer, tmp_path: Path) -> None:
    """Page, ticket and JSON, the same text in the file."""
    for name in ("to_html", "to_markdown", "to_json", "to_junit", "to_metrics"):
        text = getattr(found, name)(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert all(len(line) <= 60 or "==" in line or "http" in line for line in found.to_text(60).splitlines())


def test_nothing_that_it_writes_replaces_a_capture(tmp_path: Path) -> None:
    """By any name of the file; the capture stays as it was."""
    capture = tmp_path / "a.pcap"
    capture.write_bytes(Path(next(iter(POINTS.values()))).read_bytes())
    before, other = capture.read_bytes(), tmp_path / "other"
    other.symlink_to(capture)
    here = vmpcap.report(str(capture))
    compared = vmpcap.bench([str(capture)])
    for made in (here, compared):
        for name in ("to_html", "to_markdown", "to_json"):
            for path in (capture, other):
                with pytest.raises(RequestError, match="is a capture that is to be read"):
                    getattr(made, name)(path)
    assert capture.read_bytes() == before


def test_what_cannot_be_written_is_said_in_words(found: Answer, tmp_path: Path) -> None:
    """A missing folder and a folder: which, and what to do."""
    (tmp_path / "full").mkdir()
    for made in (found, vmpcap.bench([found])):
        for name in ("to_html", "to_markdown", "to_json", "to_junit", "to_metrics"):
            with pytest.raises(RequestError, match=r"there is no folder '.*/none'; make it first"):
                getattr(made, name)(tmp_path / "none" / "r.html")
            with pytest.raises(RequestError, match="is a folder; name a file in it"):
                getattr(made, name)(tmp_path / "full")
            with pytest.raises(RequestError, match="cannot write"):
                getattr(made, name)("a\0b")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "full"]


def test_a_frame_that_is_not_there_is_answered_with_those_that_are(found: Answer) -> None:
    """And with the one that was perhaps meant."""
    with pytest.raises(KeyError, match=r"no frame 'announcments'; did you mean 'announcements'\? There are:.*checks"):
        found.frames["announcments"]
    with pytest.raises(KeyError, match=r"no frame 'x'; there are: differences|no frame 'x'; there are: .*spreads"):
        vmpcap.bench([found]).frames["x"]
    assert found.frames.get("x") is None


def test_a_time_that_is_no_time_is_refused_in_words() -> None:
    with pytest.raises(RequestError, match="give a datetime"):
        vmpcap.report(POINTS, since="2027-01-01")  # type: ignore[arg-type]


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(found: Answer) -> None:
    """Nothing but the page is in it, and its script cannot reach the notebook."""
    shown = re.fullmatch(
        r'<iframe sandbox="allow-scripts" style="[^"]*" srcdoc="([^"]*)"></iframe>', found._repr_html_()
    )
    assert shown is not None
    assert html.unescape(shown[1]) == found.to_html()


def test_one_file_a_list_or_a_mapping(tmp_path: Path) -> None:
    """A point called like a role has it; one that is called after its file is a proposal's."""
    path = write(tmp_path / "a.pcap", migration())
    for captures in (path, [path], {"source": path}):
        assert len(vmpcap.report(captures).migrations) == 1
    assert vmpcap.report({"source": path}).inputs[0].role == "source"


def test_a_stretch_of_time_is_what_the_command_has(tmp_path: Path) -> None:
    """Both ends are included; times have a zone, or they are refused."""
    path = write(tmp_path / "a.pcap", migration())
    begin = datetime.fromtimestamp(START // 10**9, tz=UTC)
    assert vmpcap.report(path, since=begin).migrations
    assert not vmpcap.report(path, until=begin - timedelta(seconds=1)).migrations
    with pytest.raises(RequestError, match="give it a time zone"):
        vmpcap.report(path, since=begin.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("roles", "words"), [({"b": "source"}, "no point 'b'; there are: a"), ({"a": "sauce"}, "no role 'sauce'")]
)
def test_a_role_or_point_that_is_not_there_is_named(tmp_path: Path, roles: dict[str, str], words: str) -> None:
    """With what there is."""
    path = write(tmp_path / "a.pcap", migration())
    with pytest.raises(RequestError, match=re.escape(words)):
        vmpcap.report({"a": path}, roles=roles)


def test_what_the_command_refuses_is_refused_here(tmp_path: Path) -> None:
    """A file named twice would count twice; an address in no known spelling would meet no guest, silently."""
    path = write(tmp_path / "a.pcap", migration())
    with pytest.raises(RequestError, match="named twice"):
        vmpcap.report({"source": path, "destination": path})
    with pytest.raises(RequestError, match="guests: 'guest7'"):
        vmpcap.report(path, guests=["guest7"])
    later = datetime.fromtimestamp(START // 10**9, tz=UTC)
    with pytest.raises(RequestError, match="nothing lies between"):
        vmpcap.report(path, since=later, until=later - timedelta(seconds=1))


STRANGE: tuple[tuple[dict[str, object], str], ...] = (
    ({"captures": 3}, "captures=3: needed a file"),
    ({"captures": None}, "captures=None: needed a file"),
    ({"captures": [3]}, "needed a file, a list of files"),
    ({"captures": {"source": 3}}, "needed a file, a list of files"),
    ({"captures": {"source": ["{path}", b"x"]}}, "needed a file, a list of files"),
    ({"captures": b"a.pcap"}, "needed a file, a list of files"),
    ({"profile": 3}, "profile=3: needed a name of `vmpcap profiles`"),
    ({"profile": Path("none.toml")}, "none.toml"),
    ({"ports": [70_000]}, "ports: 70000: needed numbers of TCP ports, from 1 to 65535"),
    ({"ports": "8000"}, "ports: '8000': needed numbers"),
    ({"ports": 0}, "ports: 0: needed numbers"),
    ({"guests": ["x"]}, "guests: 'x'"),
    ({"roles": ["a"]}, "roles=['a']: needed a mapping"),
    ({"max_unpacked_bytes": "1G"}, "max_unpacked_bytes='1G': needed a number of bytes"),
)


@pytest.mark.parametrize(("arguments", "words"), STRANGE, ids=[words for _, words in STRANGE])
def test_an_argument_of_the_wrong_kind_is_refused_in_words(
    tmp_path: Path, arguments: dict[str, object], words: str
) -> None:
    """Before anything is read; nothing of numpy's or Python's inside comes out."""
    given: dict[str, object] = {"captures": write(tmp_path / "a.pcap", migration())} | arguments
    with pytest.raises(vmpcap.RequestError, match=re.escape(words)):
        vmpcap.report(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("strange", [3, None])
def test_what_is_no_input_of_a_benchmark_is_refused_in_words(strange: object) -> None:
    """The same of a comparison."""
    for called in (vmpcap.bench, lambda one: vmpcap.compare(one, one)):
        with pytest.raises(vmpcap.RequestError, match="is no input"):
            called(strange)  # type: ignore[operator]


def test_one_port_one_guest_and_a_path_of_a_profile_need_no_list(tmp_path: Path) -> None:
    """As one would write them."""
    path, profile = write(tmp_path / "a.pcap", migration()), tmp_path / "mine"
    profile.write_text('title = "mine"\nrtt_ms_max = 9\n')
    found = vmpcap.report(path, ports=8000, guests="00:50:56:aa:77:10", profile=profile)
    assert found.profile.rtt_ms_max == 9
    assert found.migrations[0].guests[0].mac == "00:50:56:aa:77:10"


@pytest.mark.parametrize(
    "ports",
    [np.array([8000]), np.uint16(8000), np.array(8000), pl.Series([8000, 8000]), range(8000, 8002), {8000}],
    ids=["array", "scalar", "no dimension", "series", "range", "set"],
)
def test_ports_are_any_integers_one_by_one(tmp_path: Path, ports: object) -> None:
    """Of numpy, polars or Python: what counts is that each is a whole number."""
    assert ports_of(ports)[0] == 8000
    assert all(type(port) is int for port in ports_of(ports))
    path = write(tmp_path / "a.pcap", migration())
    assert vmpcap.report(path, ports=ports).migrations  # type: ignore[arg-type]
    assert vmpcap.bench([path], ports=ports).groups  # type: ignore[arg-type]


def test_ports_that_can_be_gone_through_once_serve_every_capture(tmp_path: Path) -> None:
    """What is asked of the first input is asked of the second as well."""
    vmotion = bytes.fromhex("0000000003000500")
    odd = [
        one._replace(data=one.data.replace(b"\x1f\x40", b"\x23\xa3").replace(b"QEVM\0\0\0\3", vmotion))
        for one in migration()
    ]
    paths = [write(tmp_path / f"{name}.pcap", odd) for name in "ab"]
    assert not vmpcap.report(paths[0]).migrations, "what begins so proves nothing on any other port"
    assert len(vmpcap.report(paths[0], ports=(port for port in [9123])).migrations) == 1
    found = vmpcap.bench(paths, ports=(port for port in [9123]))
    assert [given.migrations for given in found.inputs] == [1, 1]


@pytest.mark.parametrize("ports", [np.array([True]), np.array([8000.0]), np.array(["8000"]), [None], b"8000", [True]])
def test_what_is_no_whole_number_is_no_port(ports: object) -> None:
    """Nor is one that would have to be rounded or read."""
    with pytest.raises(vmpcap.RequestError, match="needed numbers of TCP ports"):
        ports_of(ports)


def test_errors_can_be_caught_by_their_public_names() -> None:
    """All are VmpcapError."""
    with pytest.raises(vmpcap.CaptureError, match="there is no such file"):
        vmpcap.report("none.pcap")
    for name in vmpcap.__all__:
        assert getattr(vmpcap, name) is not None
        if name.endswith("Error"):
            assert issubclass(getattr(vmpcap, name), vmpcap.VmpcapError)


def test_a_guest_is_meant_whatever_its_address_is_written_like(tmp_path: Path) -> None:
    """As the command takes it."""
    path = write(tmp_path / "a.pcap", migration())
    written = [vmpcap.report(path, guests=[text]) for text in ("00:50:56:aa:77:10", "0050.56AA.7710")]
    told = [json.loads(one.to_json()) | {"generated_at": ""} for one in written]
    assert told[0] == told[1]


def test_a_page_has_the_graph_of_the_stream_where_it_is_asked_for(found: Answer) -> None:
    """As `vmpcap report --graph` draws it."""
    assert 'data-kind="sequence"' in found.to_html(graph=True)
    assert 'data-kind="sequence"' not in found.to_html()
