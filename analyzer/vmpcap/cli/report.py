"""`vmpcap report`: the verdict on every migration found in these captures."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from vmpcap.cli.completing import files, folders
from vmpcap.cli.copies import Output, put_text, wanted_outputs
from vmpcap.cli.enough import enough_on_ctrl_c
from vmpcap.cli.exits import STATUS
from vmpcap.cli.frames import damaged, say_damaged
from vmpcap.cli.links import link
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.output import STDOUT, emit, emit_data, write_file, write_text
from vmpcap.cli.progress import Progress, complain
from vmpcap.cli.proposed import say_proposed
from vmpcap.cli.reading import Reading
from vmpcap.report.clean import clean
from vmpcap.runs.overwriting import spare_captures
from vmpcap.runs.requests import Request
from vmpcap.terms.errors import CaptureError, RequestError

if TYPE_CHECKING:
    from vmpcap.report.document import Report
    from vmpcap.runs.pipeline import Analysis

FORMATS: Final = ("terminal", "json", "html", "markdown", "parquet", "junit", "metrics")


@click.command(cls=Reading, short_help="The verdict on every migration found in these captures.")
@reads_captures
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), help="How the report is written. Default: terminal."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=files,
    default=STDOUT,
    help="Where it is written; - is stdout, parquet needs a folder.",
)
@click.option("--json", "json_file", metavar="FILE", shell_complete=files, help="The report as JSON as well.")
@click.option(
    "--html", "html_file", metavar="FILE", shell_complete=files, help="The report as a page of its own as well."
)
@click.option(
    "--markdown", "markdown_file", metavar="FILE", shell_complete=files, help="The report as Markdown as well."
)
@click.option(
    "--parquet",
    "parquet_folder",
    metavar="DIR",
    shell_complete=folders,
    help="The report's frames, flows and announcements as well.",
)
@click.option(
    "--junit",
    "junit_file",
    metavar="FILE",
    shell_complete=files,
    help="The checks as JUnit XML as well, for pipelines.",
)
@click.option(
    "--metrics",
    "metrics_file",
    metavar="FILE",
    shell_complete=files,
    help="The figures as OpenMetrics as well, for dashboards.",
)
@click.option("--full", is_flag=True, help="On a terminal all of the report, not what fits one screen.")
@click.option("--graph", is_flag=True, help="Draw the stream's sequence numbers over time into the page (--html).")
@click.option("--partial", is_flag=True, help="On Ctrl-C report on what was read by then; the exit status stays 130.")
@click.option(
    "--what-if",
    multiple=True,
    metavar="RATE,RTT[,LOSS]",
    help="What each migration is expected to take on another link: 622Mbps,5ms or 1Gbps,20ms,0.01%. Repeatable.",
)
@click.option("--json-schema", is_flag=True, help="Show the JSON Schema of the report and exit.")
def report(
    common: Common,
    format_name: str | None,
    output: str,
    json_file: str | None,
    html_file: str | None,
    markdown_file: str | None,
    parquet_folder: str | None,
    junit_file: str | None,
    metrics_file: str | None,
    full: bool,
    graph: bool,
    partial: bool,
    what_if: tuple[str, ...],
    json_schema: bool,
) -> int:
    """
    The verdict on every migration found in these captures.

    Name the captures of one incident together. Each is a capture point of its own; --point gives names and roles, which
    decide how much can be proven. Times are UTC.

    \b
      vmpcap report wan.pcapng
      vmpcap report --point source=src.pcap --point destination=dst.pcap --point gateway=gw.pcap
      tcpdump -w - tcp port 8000 | vmpcap report -
    """
    if json_schema:
        from vmpcap.report.schema import schema_text

        emit_data(schema_text())
        return STATUS["fine"]
    copies = {"json": json_file, "html": html_file, "markdown": markdown_file}
    copies |= {"junit": junit_file, "metrics": metrics_file}
    links = [link(text) for text in dict.fromkeys(what_if)]
    request = request_of(common)
    spare_captures(request, [output, *filter(None, copies.values())])
    outputs = wanted_outputs(format_name, output, {**copies, "parquet": parquet_folder}, FORMATS, full)
    if graph:
        _refuse_graph(request, outputs)
    from vmpcap.runs.pipeline import analyse

    with enough_on_ctrl_c(partial) as is_enough, Progress(common.quiet) as progress:
        try:
            analysis = analyse(replace(request, is_enough=is_enough), progress, progress.stage)
        except CaptureError as problem:
            if not is_enough():
                raise
            complain(clean(f"interrupted: there is nothing to report on yet: {problem}"))
            return STATUS["interrupted"]
        was_interrupted = is_enough()
        if graph and not was_interrupted:
            progress.stage("reading again for the graph")
            analysis = _with_graphs(analysis, request)
    if links:
        from vmpcap.runs.expected import with_expected

        analysis = replace(analysis, report=with_expected(analysis.report, links))
    say_proposed(analysis.report.inputs, common.quiet)
    _write(analysis, outputs)
    return STATUS["interrupted"] if was_interrupted else _status(analysis.report, common)


def _refuse_graph(request: Request, outputs: list[Output]) -> None:
    """Asked before any packet is read: is there a page to draw into, and can the captures be read twice?"""
    from vmpcap.runs.graph import refuse_unreadable

    if all(wanted.format != "html" for wanted in outputs):
        raise RequestError("--graph is drawn into the page; add --html FILE")
    refuse_unreadable(request)


def _with_graphs(analysis: "Analysis", request: Request) -> "Analysis":
    from vmpcap.runs.graph import sequence_graphs

    return replace(analysis, graphs=sequence_graphs(analysis, request))


def _write(analysis: "Analysis", outputs: list[Output]) -> None:
    """
    Write every copy; one that cannot be written does not cost the others.

    Raises RequestError that names those that could not be.
    """
    problems = []
    for wanted in outputs:
        try:
            WRITERS[wanted.format](analysis, wanted.path)
        except RequestError as problem:
            problems.append(str(problem))
    if problems:
        raise RequestError("; ".join(problems))


def _write_terminal(analysis: "Analysis", path: str, in_full: bool = False) -> None:
    """On one screen, or in full; a file has all of it, since it outlives the screen."""
    from vmpcap.report.as_terminal import to_terminal
    from vmpcap.report.look import Look, look_of

    if path == STDOUT:
        emit(to_terminal(analysis.report, look_of(sys.stdout), in_full))
    else:
        write_text(path, to_terminal(analysis.report, Look(width=100)))


def _write_full(analysis: "Analysis", path: str) -> None:
    _write_terminal(analysis, path, in_full=True)


def _write_json(analysis: "Analysis", path: str) -> None:
    from vmpcap.report.as_json import to_json

    put_text(to_json(analysis.report), path)


def _write_markdown(analysis: "Analysis", path: str) -> None:
    from vmpcap.report.as_markdown import to_markdown

    put_text(to_markdown(analysis.report), path)


def _write_html(analysis: "Analysis", path: str) -> None:
    from vmpcap.report.as_html import to_html

    put_text(to_html(analysis.report, analysis.graphs), path)


def _write_junit(analysis: "Analysis", path: str) -> None:
    from vmpcap.report.as_junit import to_junit

    put_text(to_junit(analysis.report), path)


def _write_metrics(analysis: "Analysis", path: str) -> None:
    from vmpcap.report.as_metrics import to_metrics

    put_text(to_metrics(analysis.report), path)


def _write_parquet(analysis: "Analysis", path: str) -> None:
    from vmpcap.report.as_parquet import report_frames
    from vmpcap.report.tables import format_named

    written = format_named("parquet").written
    assert written is not None, "parquet is for programs"
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as problem:
        raise RequestError(f"cannot make the folder {path!r}: {problem.strerror or problem}") from problem
    frames = {**report_frames(analysis.report), "flows": analysis.flows, "announcements": analysis.announcements}
    for name, frame in frames.items():
        write_file(os.path.join(path, f"{name}.parquet"), written(frame))


WRITERS: Final[dict[str, Callable[["Analysis", str], None]]] = {
    "terminal": _write_terminal,
    "full": _write_full,
    "json": _write_json,
    "html": _write_html,
    "markdown": _write_markdown,
    "parquet": _write_parquet,
    "junit": _write_junit,
    "metrics": _write_metrics,
}


def _status(report: "Report", common: Common) -> int:
    """Which exit status has this report? Under --strict damage comes first: the verdict rests on a part."""
    faults = damaged(report.inputs)
    say_damaged(faults, common.strict, common.quiet)
    if common.strict and faults:
        return STATUS["not_readable"]
    if report.verdict == "fail":
        return STATUS["failed"]
    if common.strict and report.verdict == "undecided":
        return STATUS["undecided"]
    return STATUS["fine"]
