"""Modules that are needed next, imported while something else is at work."""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread


@contextmanager
def imported_beside(*names: str) -> Iterator[Callable[[], None]]:
    """
    While the block runs, another thread imports these modules, where there is a second processor.

    Kernels let go of the interpreter, so that it costs a block which calls them little. What the block does before its
    kernels run it does alone: it calls what it is given once they do, and as often as it likes. It must need the
    modules only behind its end. A module that cannot be imported says so to whoever imports it then.
    """
    thread = Thread(target=_import, args=(names,), name="import", daemon=True)

    def begin() -> None:
        if thread.ident is None and len(os.sched_getaffinity(0)) > 1:
            thread.start()

    try:
        yield begin
    finally:
        if thread.ident is not None:
            thread.join()


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)
