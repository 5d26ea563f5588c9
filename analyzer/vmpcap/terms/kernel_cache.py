"""Loading kernels that were compiled before, without preparing to compile anything."""

from typing import Any

import numba.core.runtime
from numba.core.caching import FunctionCache

RUNTIME: Any = numba.core.runtime


class LoadingCache(FunctionCache):
    """
    numba's own cache, but for what it does first: it readies everything that compiling could need, which takes longer
    than loading all kernels of a report (0.11 of 0.2 s).

    A kernel that is not in the cache is compiled as always: the compiler readies the same things by itself. What stays
    is numba's runtime, which code that is loaded is linked against.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel of this signature; None where it was not kept."""
        RUNTIME.rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            load: Any = self._load_overload
            return load(sig, target_context)


def load_at_once(dispatcher: Any) -> None:
    """Let this cached kernel be loaded so; where numba keeps its cache otherwise than 0.68 does, by numba's own way."""
    is_known = all(hasattr(FunctionCache, name) for name in ("_load_overload", "_guard_against_spurious_io_errors"))
    if is_known and isinstance(getattr(dispatcher, "_cache", None), FunctionCache):
        make: Any = LoadingCache
        dispatcher._cache = make(dispatcher.py_func)
