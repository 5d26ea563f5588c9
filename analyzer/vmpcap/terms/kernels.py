"""How a kernel is compiled: without the GIL, and cached under a digest of every kernel's source."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

Int: TypeAlias = int | np.integer[Any]
"""A number inside a kernel: Python's without the compiler, numpy's with it."""
Bool: TypeAlias = bool | np.bool
"""The same for an answer of yes or no."""

_PACKAGE = Path(__file__).resolve().parent.parent
_KERNEL_ROOMS = ("terms", "readers", "decode", "flows", "measures", "points")
"""Rooms that hold kernels; numba does not notice an edited callee, so all of them share one digest."""


def _source_digest() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for room in _KERNEL_ROOMS:
        for source in sorted((_PACKAGE / room).rglob("*.py")):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "vmpcap" / "kernels"


def _prepare_cache() -> bool:
    """
    May compiled kernels be kept? Points numba at a folder of their own and says whether it can be written.

    Must run before numba is imported. A user's own NUMBA_CACHE_DIR is respected.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return True
    folder = _cache_root() / _source_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError:
        return False
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return True


OPTIONS: Final[dict[str, Any]] = {"nogil": True, "_nrt": False}
"""
Of every kernel. None makes an array, and who calls one holds those that it gives until it returns: so nobody has
to count who holds them (_nrt), which takes a locked instruction for each array of each call, and took two thirds of
the time of following a packet.
"""

CACHED = _prepare_cache()
"""Whether compiled kernels survive this process."""


def cache_is_cold() -> bool:
    """Must the kernels be compiled now? True where nothing was kept for these sources."""
    folder = os.environ.get("NUMBA_CACHE_DIR")
    if not CACHED or folder is None:
        return True
    return next(Path(folder).rglob("*.nbi"), None) is None


def _import_numba() -> Any:
    """
    The compiler, without a tool that measures the coverage of tests.

    Where one is installed numba loads it, in case it should be running, a third of its own time.
    One that does run is loaded already, and numba finds it.
    """
    if "numba" not in sys.modules and "coverage" not in sys.modules:
        sys.modules["coverage"] = None  # type: ignore[assignment] # so Python says: not to be found
        try:
            import numba
        finally:
            del sys.modules["coverage"]
    import numba

    return numba


def kernel(function: Function) -> Function:
    """Compile this function to machine code on its first call; the same function with NUMBA_DISABLE_JIT=1."""
    numba = _import_numba()
    made = numba.njit(cache=CACHED, **OPTIONS)(function)
    if CACHED and hasattr(made, "py_func"):  # NUMBA_DISABLE_JIT leaves the plain function
        from vmpcap.terms.kernel_cache import load_at_once

        load_at_once(made)
    return cast(Function, made)


def inline_kernel(function: Function) -> Function:
    """A small kernel that other kernels call; compiled into its callers' cache entries, never cached itself."""
    return cast(Function, _import_numba().njit(inline="never", **OPTIONS)(function))


def pasted_kernel(function: Function) -> Function:
    """A chapter of one hot loop, told apart for the reader: always compiled into the middle of its caller."""
    return cast(Function, _import_numba().njit(forceinline=True, **OPTIONS)(function))
