"""Points of one request read side by side: each by a thread of its own, for the kernels let go of the interpreter."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Event, Lock
from typing import Final

from vmpcap.runs.first_run import compiled_by_two
from vmpcap.runs.point import PointRead, Progress, Wanted, read_point
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.beside import Beside
from vmpcap.terms.files import is_stream

WORTHWHILE_BYTES: Final = 1 << 20
"""Points with less than this are read faster one after the other: most of it is Python's own work."""


class _Stopped(Exception):
    """Somebody else failed, or the user had enough."""


class _Watch:
    """Passes on what one thread at a time says of its progress; ends the thread where reading was given up."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = Lock()
        self.given_up = Event()

    def __call__(self, path: str, done: int, size: int | None) -> None:
        if self.given_up.is_set():
            raise _Stopped
        if self._progress is not None:
            with self._lock:
                self._progress(path, done, size)


def read_points(request: Request, wanted: Wanted, progress: Progress | None = None) -> tuple[PointRead, ...]:
    """
    What do the points of this request hold, in its order?

    Raises
    ------
    CaptureError
        A file cannot be read as a capture; of several, the first in the order of the request.
    """
    with compiled_by_two() if wanted.flows else nullcontext():
        return _read_points(request, wanted, progress)


def _read_points(request: Request, wanted: Wanted, progress: Progress | None) -> tuple[PointRead, ...]:
    processors = len(os.sched_getaffinity(0))
    threads = min(processors, sum(_size(point) >= WORTHWHILE_BYTES for point in request.points))
    waits = any(is_stream(path) for point in request.points for path in point.files)
    if threads < 2 or waits:
        beside = Beside(processors > 1 and not waits)
        try:
            return tuple(read_point(files, request, wanted, progress, beside) for files in request.points)
        finally:
            beside.end()
    watch = _Watch(progress)
    with ThreadPoolExecutor(threads, "point") as pool:
        begun = [pool.submit(read_point, files, request, wanted, watch) for files in request.points]
        try:
            return tuple(one.result() for one in begun)
        except BaseException:
            watch.given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _size(point: PointFiles) -> int:
    """How many bytes have this point's files? What cannot be asked has none; reading it will say why."""
    return sum(os.path.getsize(path) for path in point.files if os.path.exists(path))
