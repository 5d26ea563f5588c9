"""How far the reading is and what is done then, on stderr, where a person is looking."""

import sys
import time
from contextlib import suppress
from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE_S: Final = 0.4
"""What is done sooner needs no bar."""
INTERVAL_S: Final = 0.1
"""The bar is touched no more often than this."""


class Progress:
    """
    Told which file is read and how far; shows it with rate and time left, only where stderr is a terminal.

    What comes after the reading has no measure: its name is shown, and for how long it has been done.
    """

    def __init__(self, quiet: bool, draws: bool = True) -> None:
        """Say nothing where `quiet`; without `draws` no bar, since rows run over the same terminal."""
        self._shows = not quiet and is_watched()
        self._draws = draws
        self._begun = self._touched = time.monotonic()
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}
        """One for each file that is being read: points may be read side by side."""
        self._stage: Bar | None = None
        self._later: Timer | None = None
        self._one_at_a_time = Lock()
        """What is quick is not shown, so a stage may be by the clock, while it is over."""

    def __enter__(self) -> Self:
        if self._shows:
            self._warn_of_compiling()
        return self

    def _warn_of_compiling(self) -> None:
        from vmpcap.terms.kernel_store import is_cold

        if is_cold():
            notice("compiling for this machine, once; this takes some 20 s", quiet=False)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Take note: so many bytes of this file are read, of so many (None: nobody knows)."""
        now = time.monotonic()
        is_new, is_over = what not in self._tasks, total is not None and done >= total
        if (
            not (self._shows and self._draws)
            or (is_new and is_over)
            or now - self._begun < PATIENCE_S
            or (now - self._touched < INTERVAL_S and not is_new and not is_over)
        ):
            return
        self._end_stage()
        self._touched = now
        bar = self._bar or self._open()
        if is_new:
            self._tasks[what] = bar.add_task(_name(what), total=total, completed=done)
        bar.update(self._tasks[what], completed=done, total=total)
        if is_over:
            bar.remove_task(self._tasks.pop(what))

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_stage()
        if self._bar is not None:
            self._bar.stop()

    def stage(self, words: str) -> None:
        """Take note: from now on this is done. No file is read meanwhile."""
        if not (self._shows and self._draws):
            return
        self._end_stage()
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._tasks = None, {}
        left = PATIENCE_S - (time.monotonic() - self._begun)
        self._later = Timer(max(left, 0.0), self._begin_stage, (words,))
        self._later.daemon = True
        self._later.start()

    def _begin_stage(self, words: str) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        with self._one_at_a_time:
            if self._later is None:
                return
            self._stage = Bar(*columns, console=Console(stderr=True), transient=True)
            self._stage.add_task(words, total=None)
            self._stage.start()

    def _end_stage(self) -> None:
        with self._one_at_a_time:
            if self._later is not None:
                self._later.cancel()
            if self._stage is not None:
                self._stage.stop()
            self._later = self._stage = None

    def _open(self) -> "Bar":
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        return self._bar


def _name(path: str) -> str:
    """The file's name, safe and short."""
    from vmpcap.report.clean import clean, shorten

    return shorten(clean(path.rsplit("/", 1)[-1]), 28)


def is_watched() -> bool:
    """Does a person look at stderr?"""
    return sys.stderr is not None and sys.stderr.isatty()


def notice(words: str, quiet: bool) -> None:
    """Say something on stderr that is no result: to a person only."""
    if not quiet and is_watched():
        complain(words)


def complain(words: str) -> None:
    """Say something on stderr, whoever reads it."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(f"vmpcap: {words}\n")
        sys.stderr.flush()
