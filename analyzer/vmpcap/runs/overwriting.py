"""No result replaces the capture that it came from."""

import os
from collections.abc import Iterable

from vmpcap.runs.requests import Request
from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import STDIN


def spare_captures(request: Request, outputs: Iterable[str]) -> None:
    """
    Ask before any packet is read: is an output one of the captures, by whatever name?

    Raises RequestError where it is.
    """
    spare_files((path for point in request.points for path in point.files), outputs)


def spare_files(captures: Iterable[str], outputs: Iterable[str]) -> None:
    """The same of captures by their paths."""
    files = [path for path in captures if path != STDIN and os.path.exists(path)]
    for output in outputs:
        if output == STDIN or not os.path.isfile(output):
            continue
        if any(os.path.samefile(capture, output) for capture in files):
            raise RequestError(f"{output!r} is a capture that is to be read; give the output another name")
