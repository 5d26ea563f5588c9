"""`vmpcap verify`: the same measures by tshark, and where the two differ."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from vmpcap.cli.capture_points import refuse_interfaces
from vmpcap.cli.exits import STATUS
from vmpcap.cli.frames import FORMAT, OUTPUT, checked_format, damaged, say_damaged, say_outside, write_frame
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.output import STDOUT, emit, write_text
from vmpcap.cli.progress import Progress, complain
from vmpcap.cli.reading import Reading
from vmpcap.runs.overwriting import spare_captures
from vmpcap.terms.columns import VERIFY
from vmpcap.terms.errors import CaptureError, RequestError
from vmpcap.terms.files import STDIN

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.reference.findings import Findings
    from vmpcap.reference.parts import Part
    from vmpcap.reference.tshark import Question, Values
    from vmpcap.report.document import Input
    from vmpcap.runs.packets import PacketRows
    from vmpcap.runs.requests import PointFiles, Request

Row = dict[str, Any]
RECORD_HEADER_BYTES: Final = 16
"""Before each packet of a classic pcap; pcapng has more: a bar then ends a little before its end."""
BATCH_ROWS: Final = 8_192
MOST_SHOWN: Final = 50
"""Kinds of findings that a person is shown."""
FRAMES_SHOWN: Final = 8


@click.command(cls=Reading, short_help="Second opinion: the same measures by tshark, and where the two differ.")
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
    request = file_by_file(request_of(common, ("native", "tshark")))
    refuse_interfaces(request.points, "verify")
    spare_captures(request, [output])
    wanted = checked_format(format_name, output)
    from vmpcap.reference.findings import Findings
    from vmpcap.reference.packets import refused_rules
    from vmpcap.reference.tshark import program
    from vmpcap.terms.columns import through_gate

    program()
    found = Findings()
    rules = [rule.text for rule in request.decode_as]
    for rule, said in refused_rules(rules).items():
        rules.remove(rule)
        complain(f"--decode-as {rule!r}: tshark cannot be told so, and reads without it ({said})")
    inputs: list[Input] = []
    with Progress(common.quiet) as progress:
        for point in request.points:
            inputs += hold_against(request, point, found, rules, progress)
    frame = through_gate(found.frame(), VERIFY, "verify")
    if wanted.written is not None:
        write_frame(frame, wanted, output, ())
    elif output == STDOUT:
        emit(words(found, frame))
    else:
        write_text(output, words(found, frame))
    say_outside(inputs, request, common.quiet)
    faults = [fault for one in found.faults.values() for fault in one]
    is_told = wanted.written is None
    say_damaged(faults, is_heard=common.strict or not (is_told or common.quiet), quiet=common.quiet or is_told)
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
    request: "Request", point: "PointFiles", found: "Findings", rules: Sequence[str], progress: Progress
) -> "list[Input]":
    """Compare one capture, packet for packet and stream for stream; rules : those of --decode-as that tshark takes."""
    from vmpcap.readers.byte_stream import open_bytes
    from vmpcap.reference.layers import in_tsharks_words
    from vmpcap.reference.packets import NAMES
    from vmpcap.reference.parts import fields_of, parts_for
    from vmpcap.reference.streams import STREAM_FIELDS, Streams
    from vmpcap.reference.tshark import Question
    from vmpcap.runs.packets import PacketRows

    path = point.files[0]
    parts = parts_for(set(NAMES))
    opens = partial(open_bytes, max_bytes=request.max_unpacked_bytes)
    question = Question(path, (*fields_of(parts), *STREAM_FIELDS), in_tsharks_words(rules), opens=opens)
    streams = Streams()
    own = PacketRows(replace(request, points=(point,), since_ns=None, until_ns=None))
    theirs = Theirs(question, parts)
    compared_bytes, size = 0, plain_size(path)
    for our_row, their_row, values in by_frame(rows_one_by_one(own), theirs.rows()):
        told = our_row if our_row is not None else their_row
        if told is not None and not _is_inside(told["ts"], request):
            continue
        ended = theirs.ended() if their_row is None else our_end(own) if our_row is None else None
        found.pair(point.name, our_row, their_row, ended)
        if values is not None and their_row is not None:
            streams.absorb(their_row, values, our_row)
            if our_row is not None:
                found.analysed(point.name, our_row, their_row, streams)
        compared_bytes += RECORD_HEADER_BYTES + ((told or {}).get("captured_bytes") or 0)
        progress(path, compared_bytes, size)
    found.compared.setdefault(point.name, 0)
    words = [our_faults(own), theirs.ended()]
    found.faults[point.name] = [word for word in words if word is not None]
    if request.since_ns is None and request.until_ns is None:
        from vmpcap.runs.pipeline import list_flows

        flows, _ = list_flows(replace(request, points=(point,)))
        with_number = (row for row in flows.iter_rows(named=True) if row["tcp_stream"] is not None)
        found.flows(point.name, with_number, streams)
    return own.inputs


def plain_size(path: str) -> int | None:
    """How many bytes have this file's packets, about? None where it is packed, or cannot be read: reading says why."""
    from vmpcap.readers import FORMATS

    try:
        with open(path, "rb") as file:
            magic = file.read(4)
        return os.path.getsize(path) if any(magic.startswith(row.magic) for row in FORMATS) else None
    except (OSError, ValueError):
        return None


def our_faults(own: "PacketRows") -> str | None:
    """What is damaged for our engine, of what it has read to its end?"""
    return next((f"vmpcap: {words}" for words in damaged(own.inputs)), None)


def our_end(own: "PacketRows") -> str | None:
    """What kept our engine from the rest of this capture?"""
    return our_faults(own) if any(given.truncated for given in own.inputs) else None


@dataclass(slots=True)
class Theirs:
    """tshark's packets of one capture, as far as it can read it."""

    question: "Question"
    parts: "tuple[Part, ...]"
    refusal: str | None = None
    """What it says of a file that it cannot read at all."""

    def rows(self) -> "Iterator[tuple[Row, Values]]":
        """Each packet as a row of the packets table, and the values of its fields."""
        from vmpcap.reference.packets import NAMES
        from vmpcap.reference.parts import row_of

        nothing = dict.fromkeys(NAMES)
        try:
            for values in self.question.answer():
                yield nothing | row_of(values, self.parts), values
        except CaptureError as problem:
            self.refusal = str(problem)

    def ended(self) -> str | None:
        """What kept tshark from the rest of this capture? None where nothing did, or it reads on."""
        if self.refusal is not None:
            return self.refusal
        faults = self.question.faults()
        return f"tshark: {self.question.path}: {', '.join(faults)}" if faults else None


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


def rows_one_by_one(own: "PacketRows") -> Iterator[dict[str, Any]]:
    """Our packets of this request; of a time the nanoseconds."""
    import polars as pl

    rows = own.lazy().with_columns(pl.col("ts").cast(pl.Int64))
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
        lines += [f"  damaged: {clean(fault)}" for fault in found.faults.get(point, ())]
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
