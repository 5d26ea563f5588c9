"""
How a kernel is compiled: without the GIL, on its first call, and kept for the next process.

numba compiles. A process that finds all its kernels kept never imports it: that would take longer than they run.
"""

import os
import time
from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import Any, Final, TypeAlias, TypeVar, cast

import numpy as np

from vmpcap.terms import kernel_store

Function = TypeVar("Function", bound=Callable[..., Any])

Int: TypeAlias = int | np.integer[Any]
"""A number inside a kernel: Python's without the compiler, numpy's with it."""
Bool: TypeAlias = bool | np.bool
"""The same for an answer of yes or no."""

OPTIONS: Final[dict[str, Any]] = {"nogil": True, "_nrt": False, "no_cfunc_wrapper": True}
"""
Of every kernel. None makes an array, and who calls one holds those that it gives until it returns: so nobody has
to count who holds them (_nrt), which takes a locked instruction for each array of each call, and took two thirds of
the time of following a packet. Nobody calls one from C.
"""
CALLED: Final[dict[str, Any]] = {"no_cpython_wrapper": True}
"""Of a kernel as another one calls it: not from Python, so a quarter of all compiling is spared."""
ROW_BY_ROW: Final = 1
"""numpy's flag of an array that lies in memory as C would have it."""
LOOK: Final = 0x503
"""numpy's flags on which compiled code depends: how an array lies in memory, aligned or not, writable or not."""
LOOKS: Final = tuple(look & ~2 if look & ROW_BY_ROW else look for look in range(LOOK + 1))
"""The same of each look: of an array that lies as C would have it nobody asks whether it lies otherwise, too."""
NUMBERS: Final = (bool, float, np.bool, np.integer, np.floating)
"""What a kernel may be given besides arrays, int, and tuples of all these."""
LOOK_AGAIN_S: Final = 0.02
"""Between two looks if another process has compiled what is needed here."""
LONGEST_WAIT_S: Final = 120.0
"""Whoever has not compiled a kernel by then is stuck: it takes seconds."""
_one_at_a_time = RLock()
_is_elsewhere: Callable[[str], bool] | None = None


def share_work(is_elsewhere: Callable[[str], bool] | None) -> None:
    """
    Another process compiles kernels too: who needs one here waits as long as that process is said to be about it.

    Parameters
    ----------
    is_elsewhere : asked with the module and name of a kernel; None: nobody else compiles
    """
    global _is_elsewhere  # noqa: PLW0603 - one other process for the process
    _is_elsewhere = is_elsewhere


def _renew_lock() -> None:
    """In a forked process: whoever held it is not there."""
    global _one_at_a_time  # noqa: PLW0603 - one lock for the process
    _one_at_a_time = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def kind_of(one: Any) -> Any:
    """
    What decides which machine code may work on this: an array's dtype, dimensions and flags, a number's dtype.

    Equal kinds are one type to numba. Of tuples: the kinds of all their parts, and whose tuple it is.
    """
    if type(one) is np.ndarray:
        return one.dtype, one.ndim, LOOKS[one.flags.num & LOOK]
    if isinstance(one, np.ndarray):
        return one.dtype, one.ndim, LOOKS[one.flags.num & LOOK], type(one)
    if type(one) is int:
        return np.int64 if -(2**63) <= one < 2**63 else np.uint64
    if isinstance(one, tuple):
        return type(one), *map(kind_of, one)
    if isinstance(one, NUMBERS):
        return type(one)
    raise TypeError(f"a kernel is given arrays, numbers and tuples of them, not {type(one).__name__}")


def _told(kind: Any) -> Any:
    """The same in words that are the same in every process."""
    if isinstance(kind, tuple):
        return [_told(part) for part in kind]
    if isinstance(kind, np.dtype):
        return [kind.str, str(kind.fields), kind.itemsize] if kind.fields else kind.str
    return f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else kind


class Kernel:
    """A function that is compiled, or taken from those that were kept, for each kind of what it is first given."""

    def __init__(self, function: Callable[..., Any], more: dict[str, Any], is_kept: bool) -> None:
        self.py_func: Final = function
        self.__wrapped__ = function
        self.__name__, self.__doc__, self.__module__ = function.__name__, function.__doc__, function.__module__
        self.is_kept: Final = is_kept and kernel_store.is_covered(function.__module__)
        """False for one that only other kernels call, kept as a part of theirs, and where no digest has its source."""
        self._options: Final = OPTIONS | more
        self._ready: dict[tuple[Any, ...], Callable[[tuple[Any, ...]], Any]] = {}
        self.found = 0
        """How many kinds were taken from those that were kept."""

    @property
    def kinds(self) -> int:
        """For how many kinds of arguments it can be called by now."""
        return len(self._ready)

    @cached_property
    def dispatcher(self) -> Any:
        """What numba makes of the function, to be called from Python."""
        from vmpcap.terms.kernel_compiling import make_dispatcher

        return make_dispatcher(self.py_func, self._options)

    @cached_property
    def _called(self) -> Any:
        from vmpcap.terms.kernel_compiling import make_dispatcher

        return make_dispatcher(self.py_func, self._options | CALLED)

    @property
    def _numba_type_(self) -> Any:
        """What numba asks of a thing that it does not know: a kernel that another one calls. It keeps no hold of it."""
        from vmpcap.terms.kernel_compiling import type_of

        return type_of(self._called)

    def __call__(self, *given: Any) -> Any:
        """Only by position: a kernel has no names for what it is given, and no defaults."""
        kinds = tuple(map(kind_of, given))
        call = self._ready.get(kinds)
        return (call or self._prepare(kinds, given))(given)

    def _prepare(self, kinds: tuple[Any, ...], given: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any]:
        with _one_at_a_time:
            if kinds not in self._ready:
                self._ready[kinds] = self._find(kinds) or self._wait_for(kinds) or self._compile(kinds, given)
            return self._ready[kinds]

    def _address(self, kinds: tuple[Any, ...]) -> tuple[str, str]:
        return f"{self.__module__}.{self.__name__}", repr(_told(kinds))

    def _find(self, kinds: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any] | None:
        kept = kernel_store.find(*self._address(kinds)) if self.is_kept else None
        if kept is None:
            return None
        from vmpcap.terms.kernel_linking import NO_NAMES, link

        try:
            entry = link(kept)
        except ImportError:
            return None
        self.found += 1
        return lambda given: entry(None, given, NO_NAMES)

    def _wait_for(self, kinds: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any] | None:
        """From another process that is about to keep it; None where none is, or it ended without."""
        if not self.is_kept or _is_elsewhere is None:
            return None
        found, is_about_it, (name, _) = None, True, self._address(kinds)
        deadline = time.monotonic() + LONGEST_WAIT_S
        while found is None and is_about_it:
            is_about_it = _is_elsewhere(name) and time.monotonic() < deadline
            time.sleep(LOOK_AGAIN_S if is_about_it else 0)
            found = self._find(kinds)
        return found

    def _compile(self, kinds: tuple[Any, ...], given: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any]:
        from vmpcap.terms.kernel_compiling import compile_kernel

        dispatcher = self.dispatcher
        made = compile_kernel(dispatcher, given)
        if made is not None and self.is_kept:
            kernel_store.keep(*self._address(kinds), made)
        return lambda given: dispatcher(*given)


def is_compiled() -> bool:
    """False with NUMBA_DISABLE_JIT=1: then kernels are the plain functions that they are written as."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def _make(function: Function, more: dict[str, Any], is_kept: bool) -> Function:
    return cast(Function, Kernel(function, more, is_kept)) if is_compiled() else function


def kernel(function: Function) -> Function:
    """Compile this function to machine code on its first call; the same function with NUMBA_DISABLE_JIT=1."""
    return _make(function, {}, True)


def inline_kernel(function: Function) -> Function:
    """A small kernel that other kernels call; compiled into its callers, never kept itself."""
    return _make(function, {"inline": "never"}, False)


def pasted_kernel(function: Function) -> Function:
    """A chapter of one hot loop, told apart for the reader: always compiled into the middle of its caller."""
    return _make(function, {"forceinline": True}, False)
