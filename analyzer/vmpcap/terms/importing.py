"""Modules that are needed next, imported while something else is at work."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


@contextmanager
def imported_beside(name: str) -> Iterator[None]:
    """
    While the block runs, another thread imports this module, where there is a second processor.

    Kernels let go of the interpreter, so that it costs a block which calls them little. The block must need the module
    only behind its end. A module that cannot be imported says so to whoever imports it then.
    """
    thread = Thread(target=_import, args=(name,), name="import", daemon=True)
    if len(os.sched_getaffinity(0)) > 1:
        thread.start()
    try:
        yield
    finally:
        if thread.ident is not None:
            thread.join()


def _import(name: str) -> None:
    with suppress(Exception):
        importlib.import_module(name)
