"""Compiling a kernel with numba, which is imported with this."""

import sys
from collections.abc import Callable
from typing import Any, Final

from vmpcap.terms.kernel_store import KNOWN, KeptKernel


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


numba = _import_numba()

from numba.core import types  # noqa: E402 # numba first, and as above

NEEDS_NUMBA: Final = (b"NRT_", b"__svml")
"""Names of what only an imported numba brings into the process begin so: its counted memory, Intel's vector maths."""


def type_of(dispatcher: Any) -> Any:
    """What a kernel is to another one that calls it."""
    return types.Dispatcher(dispatcher)


def make_dispatcher(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """What numba makes of this function; nothing is compiled yet."""
    return numba.njit(**options)(function)


def compile_kernel(dispatcher: Any, given: tuple[Any, ...]) -> KeptKernel | None:
    """
    Compile it for what is given; None where the code cannot be called without numba, or numba's inside is not known.

    From then on the dispatcher can be called with the same.
    """
    argument_types = tuple(numba.typeof(one) for one in given)
    dispatcher.compile(argument_types)
    if not numba.__version__.startswith(KNOWN):
        return None
    made = dispatcher.overloads[argument_types]
    described = made.fndesc
    code = made.library._get_compiled_object()
    if made.environment.consts or any(name in code for name in NEEDS_NUMBA):
        return None
    return KeptKernel(described.llvm_cpython_wrapper_name, described.env_name, code)
