"""No result replaces the capture that it came from."""

import os
from collections.abc import Iterable

from vmpcap.cli.output import STDOUT
from vmpcap.runs.requests import Request
from vmpcap.terms.errors import RequestError


def spare_captures(request: Request, outputs: Iterable[str]) -> None:
    """
    Ask before any packet is read: is an output one of the captures, by whatever name?

    Raises RequestError where it is.
    """
    captures = [path for point in request.points for path in point.files if path != STDOUT]
    for output in outputs:
        if output == STDOUT or not os.path.isfile(output):
            continue
        for capture in captures:
            if os.path.exists(capture) and os.path.samefile(capture, output):
                raise RequestError(f"{output!r} is a capture that is to be read; give the output another name")
