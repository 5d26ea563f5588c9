"""`vmpcap verify`: the same measures by tshark, and where the two differ."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from vmpcap.cli.exits import STATUS
from vmpcap.cli.frames import FORMAT, OUTPUT, checked_format, say_damaged, write_frame
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.output import STDOUT, emit, write_text
from vmpcap.cli.overwriting import spare_captures
from vmpcap.cli.progress import Progress
from vmpcap.terms.columns import VERIFY
from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import STDIN

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.reference.findings import Findings
    from vmpcap.reference.tshark import Values
    from vmpcap.runs.requests import PointFiles, Request

Row = dict[str, Any]
BATCH_ROWS: Final = 8_192
MOST_SHOWN: Final = 50
"""Kinds of findings that a person is shown."""
FRAMES_SHOWN: Final = 8


@click.command(short_help="Second opinion: the same measures by tshark, and where the two differ.")
@reads_captures
@FORMAT
@OUTPUT
def verify(common: Common, format_name: str | None, output: str) -> int:
    """
    Second opinion: every packet and TCP stream by tshark, and where the two differ.

    Packets are held against each other column by column, streams count by count. Where tshark goes on behind the end
    of our walk, its names are shown. Exit status 0 where both say the same, 1 where they differ, 5 without tshark.

    \b
      vmpcap verify wan.pcapng
      vmpcap verify --decode-as mpls.label==100,pw dci.pcap --format json
    """
    wanted = checked_format(format_name, output)
    request = file_by_file(request_of(common, ("native", "tshark")))
    spare_captures(request, [output])
    from vmpcap.reference.findings import Findings
    from vmpcap.reference.tshark import program
    from vmpcap.terms.columns import through_gate

    program()
    found = Findings()
    faults: list[str] = []
    with Progress(common.quiet) as progress:
        for point in request.points:
            hold_against(request, point, found, faults, progress)
    frame = through_gate(found.frame(), VERIFY, "verify")
    if wanted.written is not None:
        write_frame(frame, wanted, output, ())
    elif output == STDOUT:
        emit(words(found, frame))
    else:
        write_text(output, words(found, frame))
    say_damaged(faults, common.strict, common.quiet)
    if common.strict and faults:
        return STATUS["not_readable"]
    return STATUS["fine"] if found.is_agreed else STATUS["failed"]


def file_by_file(request: "Request") -> "Request":
    """
    The same request with each file as a point of its own, since tshark counts frames and streams by file.

    Raises RequestError where a capture cannot be read twice.
    """
    points = []
    for point in request.points:
        for path in point.files:
            if path == STDIN or stat.S_ISFIFO(os.stat(path).st_mode if os.path.exists(path) else 0):
                raise RequestError(f"{path!r} can be read once only, and both engines read it: save it as a file first")
            name = point.name if len(point.files) == 1 else f"{point.name}:{os.path.basename(path)}"
            points.append(replace(point, name=name, files=(path,)))
    return replace(request, points=tuple(points))


def hold_against(
    request: "Request", point: "PointFiles", found: "Findings", faults: list[str], progress: Progress
) -> None:
    """Compare one capture, packet for packet and stream for stream."""
    from vmpcap.reference.layers import in_tsharks_words
    from vmpcap.reference.packets import NAMES
    from vmpcap.reference.parts import fields_of, parts_for, row_of
    from vmpcap.reference.streams import STREAM_FIELDS, Streams
    from vmpcap.reference.tshark import Question

    parts = parts_for(set(NAMES))
    rules = in_tsharks_words(rule.text for rule in request.decode_as)
    question = Question(point.files[0], (*fields_of(parts), *STREAM_FIELDS), rules)
    nothing = dict.fromkeys(NAMES)
    streams = Streams()
    is_narrowed = request.since_ns is not None or request.until_ns is not None
    ours_of = own_rows(replace(request, points=(point,), since_ns=None, until_ns=None))
    theirs_of = ((nothing | row_of(values, parts), values) for values in question.answer())
    for ours, theirs, values in by_frame(ours_of, theirs_of):
        told = ours if ours is not None else theirs
        if told is not None and not _is_inside(told["ts"], request):
            continue
        found.pair(point.name, ours, theirs)
        if values is not None and theirs is not None:
            streams.absorb(theirs, values, ours)
            if ours is not None:
                found.analysed(point.name, ours, theirs, streams)
        progress(point.files[0], found.compared[point.name], None)
    if question.damage is not None:
        faults.append(f"{point.files[0]}: {question.damage}")
    if not is_narrowed:
        from vmpcap.runs.pipeline import list_flows

        flows, _ = list_flows(replace(request, points=(point,)))
        found.flows(point.name, (row for row in flows.to_dicts() if row["tcp_stream"] is not None), streams)


def by_frame(
    ours: "Iterator[Row]", theirs: "Iterator[tuple[Row, Values]]"
) -> "Iterator[tuple[Row | None, Row | None, Values | None]]":
    """The packets of both, paired by their frame numbers; None where one has no such frame."""
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one["frame"] < other[0]["frame"]):
            yield one, None, None
            one = next(ours, None)
        elif one is None or other[0]["frame"] < one["frame"]:
            yield None, *other
            other = next(theirs, None)
        else:
            yield one, *other
            one, other = next(ours, None), next(theirs, None)


def own_rows(request: "Request") -> Iterator[dict[str, Any]]:
    """Our packets of this request, one by one; of a time the nanoseconds."""
    import polars as pl

    from vmpcap.runs.packets import PacketRows

    rows = PacketRows(request).lazy().with_columns(pl.col("ts").cast(pl.Int64))
    for part in rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, engine="streaming"):
        yield from part.iter_rows(named=True)


def _is_inside(ts_ns: int | None, request: "Request") -> bool:
    if request.since_ns is not None and (ts_ns is None or ts_ns < request.since_ns):
        return False
    return request.until_ns is None or (ts_ns is not None and ts_ns <= request.until_ns)


def words(found: "Findings", frame: "pl.DataFrame") -> str:
    """What was compared, whether it is the same, and each kind of difference, for people."""
    from vmpcap.report.clean import clean

    lines = []
    for point, packets in found.compared.items():
        streams = found.streams.get(point)
        flows = "" if streams is None else f", {streams:,} TCP streams"
        lines.append(f"{clean(point)}: {packets:,} packets{flows}")
    lines.append("vmpcap and tshark say the same" if found.is_agreed else "vmpcap and tshark differ")
    for row in frame.head(MOST_SHOWN).iter_rows(named=True):
        many = "" if row["packets"] is None else f" in {row['packets']:,} packet{'s' * (row['packets'] != 1)}"
        lines += ["", f"{clean(row['point'])}: {row['finding']}, {row['column']}{many}"]
        lines += [f"  {name:<8}{clean(row[name] or 'nothing')}" for name in ("vmpcap", "tshark")]
        lines += [f"  because {clean(row['because'])}"] if row["because"] else []
        lines.append(f"  filter  {_shortened(row['filter'], row['frames'], row['packets'])}")
    if len(frame) > MOST_SHOWN:
        lines += ["", f"... {len(frame) - MOST_SHOWN:,} further kinds; --format csv has all"]
    return "".join(f"{line}\n" for line in lines)


def _shortened(shown: str, frames: list[int] | None, packets: int | None) -> str:
    """A display filter of a few frames, and how many it leaves out."""
    if frames is None or packets is None:
        return shown
    first = ", ".join(str(frame) for frame in frames[:FRAMES_SHOWN])
    further = packets - len(frames[:FRAMES_SHOWN])
    return f"frame.number in {{{first}}}" + (f" and {further:,} further" if further else "")
