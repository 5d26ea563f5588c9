"""The copies of a document that a command line asks for: how each is written and where to."""

import os
from collections.abc import Collection
from dataclasses import dataclass

from vmpcap.cli.output import STDOUT, check_file, check_folder, emit_data, write_text
from vmpcap.cli.suffixes import SUFFIXES, asked_format, end_of, is_refused
from vmpcap.terms.errors import RequestError


@dataclass(frozen=True, slots=True)
class Output:
    """One copy of the report: how and where to."""

    format: str
    path: str


def wanted_outputs(
    format_name: str | None,
    output: str,
    extra: dict[str, str | None],
    formats: Collection[str],
    full: bool = False,
) -> list[Output]:
    """
    Which copies are wanted, of these formats? Asked before any packet is read.

    Raises RequestError where a wish cannot be met or two of them meet in one place.
    """
    wished = [Output(name, path) for name, path in extra.items() if path is not None]
    to_stdout = [o for o in wished if o.path == STDOUT]
    if to_stdout and format_name is None and output == STDOUT:
        outputs = wished
    else:
        first = format_name or _format_of(output, formats)
        outputs = [Output("full" if full and first == "terminal" else first, output), *wished]
    if any(o.format == "parquet" and o.path == STDOUT for o in outputs):
        raise RequestError("the report as parquet is a folder of frames; name it with -o DIR or --parquet DIR")
    for wanted in outputs:
        (check_folder if wanted.format == "parquet" else check_file)(wanted.path)
    places = [o.path if o.path == STDOUT else os.path.realpath(o.path) for o in outputs]
    for place in places:
        if places.count(place) > 1:
            where = "stdout" if place == STDOUT else repr(place)
            raise RequestError(f"two copies of the report would go to {where}; give each its own place")
    return outputs


def _format_of(output: str, formats: Collection[str]) -> str:
    """
    Which format does the name of the output ask for? terminal where it asks for none, or is a pipe or device.

    Raises RequestError where it asks for what there is not: it would hold something else.
    """
    found = asked_format(output, SUFFIXES)
    if found is not None and found in formats:
        return found
    is_special = os.path.exists(output) and not os.path.isfile(output)
    if found is None and (is_special or not is_refused(output, SUFFIXES)):
        return "terminal"
    ends = ", ".join(end for end, name in SUFFIXES.items() if name in formats)
    asked = found or end_of(output)
    raise RequestError(f"{output!r}: this is not written as {asked}; end the name with {ends}, or add --format")


def put_text(text: str, path: str) -> None:
    """Write a text for programs: to stdout, or to a file that appears when it is complete."""
    if path == STDOUT:
        emit_data(text)
    else:
        write_text(path, text)
