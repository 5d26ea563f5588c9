"""An example capture of every row of the walk's table: made by other hands, walked as named, and held to tshark."""

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from captures.example_frames import EXAMPLES

import vmpcap
from tests.captures.situations import CAPTURES
from tests.decode.test_against_tshark import PUBLIC, differences, our_rows
from tests.decode.tshark_rows import tshark_rows
from tests.tshark import needs_tshark, tshark_fields
from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import Role, Step

FOLDER = CAPTURES / "encapsulations"
ROWS: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "rows.toml").read_text())
FILES = sorted(FOLDER.glob("*.pcap"))
WITH_HEADER = [step for step in STEPS if not step.chooses]

each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def row_of_file(file: Path) -> str:
    """Which row is this an example of? The longest name of a row that the file's begins with."""
    return max((step.name for step in STEPS if file.stem.startswith(step.name)), key=len)


def test_the_files_are_those_that_the_script_makes(tmp_path: Path) -> None:
    """Byte for byte, so that nothing here is edited by hand."""
    script = CAPTURES / "make_encapsulations.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in FILES}


def test_every_row_has_a_capture_and_every_capture_is_explained() -> None:
    """A row without an example is not known to work; words stand with each row, and nothing else is explained."""
    assert {row_of_file(file) for file in FILES} == {step.name for step in WITH_HEADER}
    assert set(ROWS) == {file.stem for file in FILES}
    for step in WITH_HEADER:
        assert ROWS[step.name]["what"]
        assert ROWS[step.name]["seen"]


@cache
def rows_met() -> dict[str, set[str]]:
    """Which rows does each public capture pass? What a fuzzer wrote proves no header."""
    met: dict[str, set[str]] = {}
    for file in sorted(PUBLIC.iterdir()):
        if (PUBLIC / "oracle" / f"{file.name}.json").exists() and "fuzz" not in file.name and file.suffix != ".snoop":
            met[file.name] = {step for row in our_rows(file) for step in str(row["path"]).split("/")}
    return met


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize("step", WITH_HEADER, ids=lambda step: step.name)
def test_a_row_names_a_public_capture_or_there_is_none(step: Step) -> None:
    """tests/decode compares those captures with tshark, frame for frame."""
    having = {name for name, steps in rows_met().items() if step.name in steps}
    named = ROWS[step.name].get("public")
    assert named in having if named else having == set()


@each
def test_a_capture_is_walked_as_its_name_says(file: Path) -> None:
    """Every frame of it passes the row, and goes the way that it was built."""
    walked = [row["path"] for row in our_rows(file)]
    assert walked == [example.path for example in EXAMPLES if example.file == file.stem]
    assert all(row_of_file(file) in str(path).split("/") for path in walked)


def unlike(file: Path, options: list[str]) -> set[int]:
    """In which frames does tshark see something else than we do?"""
    theirs = {row["frame"]: row for row in tshark_rows(file, *options)}
    ours = {row["frame"]: row for row in our_rows(file)}
    assert ours.keys() == theirs.keys()
    return {number for number, row in theirs.items() if isinstance(number, int) and differences(ours[number], row)}


@needs_tshark
@each
def test_tshark_agrees_or_the_page_says_why_not(file: Path) -> None:
    """With the options that the page names; an explanation that is not needed any more must go."""
    words = ROWS[file.stem]
    if "unreadable" in words:
        assert list(tshark_rows(file)) == []
        return
    assert unlike(file, words.get("options", [])) == {int(number) for number in words.get("differs", {})}
    if "options" in words:
        assert unlike(file, []) == set(words["by_default"])


def _last(values: list[int]) -> list[int]:
    """Of a stack only the bottom counts."""
    return values[-1:]


def _subnet(values: list[int]) -> list[int]:
    return [value >> 8 for value in values]


def _same(values: list[int]) -> list[int]:
    return values


IDS: dict[tuple[str, str], tuple[str, Callable[[list[int]], list[int]]]] = {
    ("vntag", "to"): ("vntag.dst", _same),
    ("vntag", "from"): ("vntag.src", _same),
    ("etag", "ecid"): ("etag.ecid_base", _same),
    ("cmd", "sgt"): ("cmd.sgt", _same),
    ("pbb", "isid"): ("ieee8021ah.isid", _same),
    ("fence", "fence"): ("vmlab.pgrp", _same),
    ("vxlan", "vni"): ("vxlan.vni", _same),
    ("gpe", "vni"): ("vxlan.vni", _same),
    ("otv", "instance"): ("vxlan.vni", _same),
    ("lispl2", "iid"): ("vxlan.vni", _same),
    ("geneve", "vni"): ("geneve.vni", _same),
    ("lisp", "iid"): ("lisp-data.iid", _same),
    ("mpls", "label"): ("mpls.label", _last),
    ("pptp", "call"): ("gre.key.call_id", _same),
    ("pptp-ack", "call"): ("gre.key.call_id", _same),
    ("nvgre", "vsid"): ("gre.key", _subnet),
    ("erspan2", "session"): ("erspan.spanid", _same),
    ("erspan3", "session"): ("erspan.spanid", _same),
    ("erspan3", "stamp"): ("erspan.timestamp", _same),
    ("fabricpath", "ftag"): ("cfp.ftag", _same),
    ("esp", "spi"): ("esp.spi", _same),
    ("l2tpv3", "session"): ("l2tp.sid", _same),
    ("l2tpv3-udp", "session"): ("l2tp.sid", _same),
}
"""What tshark calls our ids. Tags are compared with the rest of a row; of TRILL's nicknames it has no field."""
NUMBERS = ("gre.sequence_number", "esp.sequence")


def ids_of(row: dict[str, object]) -> Iterator[tuple[tuple[str, str], int]]:
    """Which ids does this row list, each with its header and name?"""
    steps = {step.name: step for step in STEPS}
    listed = row["ids"]
    assert isinstance(listed, list)
    left = iter(listed)
    for name in str(row["path"]).split("/"):
        for keep in (steps[name].keeps, steps[name].also_keeps):
            if keep is not None and keep.role != Role.SEQUENCE:
                yield (name, keep.name), next(left)


def tshark_numbers(file: Path, fields: list[str], options: list[str]) -> list[list[list[int]]]:
    """All values of these fields, frame for frame."""
    return [
        [[int(value, 0) for value in values[field]] for field in fields]
        for values in tshark_fields(file, fields, options)
    ]


def clock_of(unit: int, count: int, platform: int | None, beyond: int | None) -> tuple[int | None, int | None]:
    """Nanoseconds and unit by draft-foschiano-erspan 4.3: granularity, timestamp, and what a platform's header adds."""
    if unit == 3:
        return None, None
    ns = [100_000, 100, 1][unit]
    clock = count * ns
    if beyond is not None and platform in (5, 6) and unit == 2:
        clock = beyond * 1_000_000_000 + count
    elif beyond is not None and platform in (0, 3, 7) and unit != 2:
        clock = (beyond * 2**32 + count) * ns
    return clock if clock < 2**63 else None, ns


MIRRORED = [FOLDER / "erspan3.pcap", PUBLIC / "tcpdump__erspan3.pcap", PUBLIC / "zeek__erspan3-icmp.pcap"]


@needs_tshark
@pytest.mark.parametrize("file", [file for file in MIRRORED if file.exists()], ids=lambda file: file.stem)
def test_clocks_of_mirrors_are_what_tshark_says(file: Path) -> None:
    """Its timestamp in the unit of its granularity, with the seconds or the upper half of a platform's header."""
    halves = [f"erspan.pid{number}.timestamp" for number in (3, 5, 7)]
    theirs = tshark_numbers(file, ["erspan.gra", "erspan.timestamp", "erspan.platid", *halves], [])
    rows = vmpcap.scan(file).select("mirror_clock_ns", "mirror_clock_unit_ns").collect().rows()
    assert any(row != (None, None) for row in rows)
    for row, (unit, count, platform, *more) in zip(rows, theirs, strict=True):
        beyond = [number for values in more for number in values]
        assert row == clock_of(unit[0], count[0], *(platform or [None]), *(beyond or [None])), (unit, count, platform)


@needs_tshark
@each
def test_ids_are_what_tshark_says(file: Path) -> None:
    """VNIs, labels, sessions, timestamps and sequence numbers of every frame that tshark can read at all."""
    words = ROWS[file.stem]
    if "unreadable" in words:
        return
    fields = sorted({field for field, _ in IDS.values()}) + list(NUMBERS)
    theirs = tshark_numbers(file, fields, words.get("options", []))
    for row, values in zip(our_rows(file), theirs, strict=True):
        if str(row["frame"]) in words.get("differs", {}):
            continue
        found = dict(zip(fields, values, strict=True))
        for key, mine in ids_of(row):
            if key in IDS:
                field, read = IDS[key]
                assert read(found[field])[-1:] == ([] if mine == -1 else [mine]), (row["frame"], key)
        numbers = [number for field in NUMBERS for number in found[field]]
        assert row["tunnel_seq"] == (numbers[0] if numbers else -1), row["frame"]
