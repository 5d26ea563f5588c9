"""What `vmpcap compare` and `vmpcap bench` have in common: their options, their inputs, their outputs."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.core import ParameterSource

from vmpcap.cli.capture_points import capture_points, given_roles
from vmpcap.cli.completing import files, points, profiles, roles
from vmpcap.cli.copies import put_text, wanted_outputs
from vmpcap.cli.exits import STATUS
from vmpcap.cli.frames import damaged, say_damaged
from vmpcap.cli.options import Common, refuse_engine, request_of, stretch
from vmpcap.cli.output import STDOUT, emit, emit_data, write_text
from vmpcap.cli.progress import Progress, complain
from vmpcap.report.clean import clean
from vmpcap.runs.overwriting import spare_captures
from vmpcap.runs.requests import guest_address
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import DEFAULT, load_profile

if TYPE_CHECKING:
    from vmpcap.report.comparison import Comparison
    from vmpcap.report.document import Report
    from vmpcap.runs.gathered import Counted, Given
    from vmpcap.runs.requests import Request

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS: Final = ("terminal", "json", "html", "markdown", "junit", "metrics")

DECORATORS: Final = (
    click.option("--format", "format_name", type=click.Choice(FORMATS), help="How it is written. Default: terminal."),
    click.option(
        "-o", "--output", metavar="FILE", shell_complete=files, default=STDOUT, help="Where it is written; - is stdout."
    ),
    click.option("--json", "json_file", metavar="FILE", shell_complete=files, help="As JSON as well."),
    click.option("--html", "html_file", metavar="FILE", shell_complete=files, help="As a page of its own as well."),
    click.option("--markdown", "markdown_file", metavar="FILE", shell_complete=files, help="As Markdown as well."),
    click.option(
        "--junit", "junit_file", metavar="FILE", shell_complete=files, help="As JUnit XML as well, for pipelines."
    ),
    click.option(
        "--metrics",
        "metrics_file",
        metavar="FILE",
        shell_complete=files,
        help="As OpenMetrics as well, for dashboards.",
    ),
    click.option("--json-schema", is_flag=True, help="Show the JSON Schema of it and exit."),
    click.option(
        "--profile",
        metavar="NAME|FILE.toml",
        shell_complete=profiles,
        help="Count how many migrations of each group keep its limits; `vmpcap profiles` lists them.",
    ),
    click.option(
        "--point",
        multiple=True,
        metavar="NAME=FILE[,FILE...]",
        shell_complete=points,
        help="`bench` only: a capture point of one incident, which is a further input. Repeatable.",
    ),
    click.option("--engine", type=click.Choice(["native", "tshark"]), default="native", help="As of `vmpcap report`."),
    click.option("--port", multiple=True, type=click.IntRange(1, 65_535), metavar="N", help="A further TCP port."),
    click.option("--guest", multiple=True, metavar="MAC|IP", help="A guest that moved. Repeatable."),
    click.option(
        "--role",
        multiple=True,
        metavar="NAME=ROLE",
        help="The role of a point of this name in every folder of captures that has one. Repeatable.",
        shell_complete=roles,
    ),
    click.option(
        "--since",
        metavar="TIME",
        help="Leave out earlier packets of captures, and earlier migrations of reports. As of `vmpcap report`.",
    ),
    click.option("--until", metavar="TIME", help="Leave out later packets, and migrations that ended later."),
    click.option("-d", "--decode-as", multiple=True, metavar="LAYER==N,PROTOCOL", help="As of `vmpcap report`."),
    click.option("--max-unpacked", metavar="SIZE", help="What a packed capture may unpack to."),
    click.option("--strict", is_flag=True, help="Exit 4 where an input cannot be read, or a capture is damaged."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr."),
    click.option("-v", "--verbose", count=True, help="Say more on stderr; where a fault lies, too."),
)


def reads_many(command: Command) -> Command:
    """Give a command the options above; it is called with `options` and its own."""
    for decorate in reversed(DECORATORS):
        command = decorate(command)
    return command


def asked_points(options: dict[str, Any], alone: bool = False) -> tuple[str, ...]:
    """
    Which points were asked for? Those of the settings are of the captures that `report` reads: here only where `alone`.

    Parameters
    ----------
    alone : whether nothing else is named
    """
    source = click.get_current_context().get_parameter_source("point")
    named: tuple[str, ...] = options["point"]
    return () if source == ParameterSource.DEFAULT_MAP and not alone else named


def show_schema() -> int:
    """Write the JSON Schema of both documents."""
    from vmpcap.report.schema import comparison_schema_text

    emit_data(comparison_schema_text())
    return STATUS["fine"]


def told(
    sides: dict[str, tuple[str, ...]],
    options: dict[str, Any],
    made: "Callable[[list[Given], list[Counted], dict[int, str]], Comparison]",
) -> int:
    """
    Read these inputs, side by side by name, and write what they make together.

    Raises
    ------
    RequestError
        An output or input is not possible, or no migration was found on a side.
    """
    extra = {name: options[f"{name}_file"] for name in FORMATS if name != "terminal"}
    outputs = wanted_outputs(options["format_name"], options["output"], extra, FORMATS)
    paths = [path for side in sides.values() for path in side]
    for path in (p for p in paths if paths.count(p) > 1):
        raise RequestError(f"{path!r} is named twice; its migrations would count twice")
    since_ns, until_ns = stretch(options["since"], options["until"])
    refuse_engine(options["engine"])
    profile = None if options["profile"] is None else load_profile(options["profile"])
    from vmpcap.runs.against_limits import held_against
    from vmpcap.runs.gathered import counted_once, gather, refuse_nothing, together, within
    from vmpcap.runs.pipeline import analyse

    for text in options["guest"]:
        guest_address(text, "--guest")
    _refuse_strange_roles(paths, options["point"], options["role"])
    faults: list[str] = []
    with Progress(options["quiet"]) as progress:

        def read(captures: tuple[str, ...]) -> "Report":
            request = _request(captures, () if captures else options["point"], options)
            spare_captures(request, [wanted.path for wanted in outputs])
            report = analyse(request, progress, progress.stage).report
            faults.extend(damaged(report.inputs))
            return report

        found = [one for side, listed in sides.items() for one in gather(listed, side, read)]
        found += [together(", ".join(options["point"]), "", lambda: read(()))] if options["point"] else []
    given = [within(one, since_ns, until_ns) for one in found]
    counted, doubles = counted_once(given)
    refuse_nothing(sides, given, counted, narrowed=(since_ns, until_ns) != (None, None))
    document = held_against(made(given, counted, doubles), profile)
    problems = []
    for wanted in outputs:
        try:
            WRITERS[wanted.format](document, wanted.path)
        except RequestError as problem:
            problems.append(str(problem))
    if problems:
        raise RequestError("; ".join(problems))
    unread = [one.problem for one in given if one.problem]
    for words in unread:
        complain(words)
    say_damaged(faults, is_heard=not options["quiet"] or options["strict"])
    return STATUS["not_readable"] if (unread or faults) and options["strict"] else STATUS["fine"]


def _refuse_strange_roles(paths: list[str], named_points: tuple[str, ...], given: tuple[str, ...]) -> None:
    """Raises RequestError where a role, or a point of that name in any of the inputs, does not exist."""
    if not given:
        return
    from vmpcap.runs.gathered import captures_of, is_report

    named = [capture_points(captures_of(path), (), ()) for path in paths if not is_report(path)]
    named += [capture_points((), named_points, ())] if named_points else []
    given_roles(given, dict.fromkeys(point.name for points in named for point in points))


def _request(captures: tuple[str, ...], named: tuple[str, ...], options: dict[str, Any]) -> "Request":
    """These captures and named points, with the roles that were given to points of their names."""
    names = {point.name for point in capture_points(captures, named, ())}
    fitting = tuple(text for text in options["role"] if clean(text.partition("=")[0].strip()) in names)
    return request_of(_common(captures, {**options, "point": named, "role": fitting}))


def _common(captures: tuple[str, ...], options: dict[str, Any]) -> Common:
    return Common(
        captures=captures,
        read=(),
        point=options["point"],
        role=options["role"],
        profile=DEFAULT,
        port=options["port"],
        guest=options["guest"],
        since=options["since"],
        until=options["until"],
        max_unpacked=options["max_unpacked"],
        decode_as=options["decode_as"],
        strict=options["strict"],
        engine="native",
        quiet=options["quiet"],
        verbose=options["verbose"],
    )


def _write_terminal(document: "Comparison", path: str) -> None:
    from vmpcap.report.comparison_looks import comparison_to_terminal
    from vmpcap.report.look import Look, look_of

    if path == STDOUT:
        emit(comparison_to_terminal(document, look_of(sys.stdout)))
    else:
        write_text(path, comparison_to_terminal(document, Look(width=100)))


def _write_json(document: "Comparison", path: str) -> None:
    from vmpcap.report.as_json import to_json

    put_text(to_json(document), path)


def _write_html(document: "Comparison", path: str) -> None:
    from vmpcap.report.comparison_looks import comparison_to_html

    put_text(comparison_to_html(document), path)


def _write_markdown(document: "Comparison", path: str) -> None:
    from vmpcap.report.comparison_looks import comparison_to_markdown

    put_text(comparison_to_markdown(document), path)


def _write_junit(document: "Comparison", path: str) -> None:
    from vmpcap.report.comparison_pipelines import comparison_to_junit

    put_text(comparison_to_junit(document), path)


def _write_metrics(document: "Comparison", path: str) -> None:
    from vmpcap.report.comparison_pipelines import comparison_to_metrics

    put_text(comparison_to_metrics(document), path)


WRITERS: Final[dict[str, "Callable[[Comparison, str], None]"]] = {
    "terminal": _write_terminal,
    "json": _write_json,
    "html": _write_html,
    "markdown": _write_markdown,
    "junit": _write_junit,
    "metrics": _write_metrics,
}
