"""Loading kernels that were compiled before, without preparing to compile anything."""

from types import SimpleNamespace
from typing import Any, Final

import llvmlite.binding as llvm
import numba
import numba.core.runtime
from numba.core import caching, codegen, compiler

RUNTIME: Any = numba.core.runtime
NEEDS_RUNTIME: Final = b"NRT_"
"""Names of what kernels need of numba's runtime begin so; none does that counts nobody who holds its arrays."""

KNOWN: Final = "0.68."
"""The numba whose inside is relied upon here."""


class LoadedLibrary(codegen.JITCodeLibrary):
    """
    Machine code as it was kept, put beside all other.

    numba reads the code's blueprint first, in case another kernel wants to take some of it in, and that takes longer
    than all the rest. Here it is read when one does.
    """

    _blueprint: bytes = b""
    _read: Any = None

    @property
    def _shared_module(self) -> Any:
        if self._read is None and self._blueprint:
            self._read = llvm.parse_bitcode(self._blueprint)
        return self._read

    @_shared_module.setter
    def _shared_module(self, module: Any) -> None:
        self._read = module

    def put(self, code: bytes, blueprint: bytes, symbols: tuple[str, ...]) -> None:
        """Link the code, which defines these symbols, into the process."""
        engine: Any = self._codegen._engine
        engine._ee.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        engine._defined_symbols.update(symbols)
        self._blueprint = blueprint
        self._finalized = True


class LoadingImpl(caching.CompileResultCacheImpl):
    """numba's own way from what was kept to what can be called, but for the library."""

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        """The kernel, its code linked."""
        (name, kind, kept), described = payload[0], payload[1]
        if kind != "object" or NEEDS_RUNTIME in kept[0]:
            RUNTIME.rtsys.initialize(target_context)
            whole: Any = super().rebuild
            return whole(target_context, payload)
        make: Any = LoadedLibrary
        library = make(target_context.codegen(), name)
        library.put(*kept, (described.llvm_cpython_wrapper_name, described.llvm_func_name))
        shelf = SimpleNamespace(unserialize_library=lambda _: library)
        context = SimpleNamespace(
            codegen=lambda: shelf,
            get_executable=target_context.get_executable,
            typing_context=target_context.typing_context,
        )
        rebuild: Any = compiler.CompileResult._rebuild
        return rebuild(context, *payload)._replace(target_context=target_context)


class LoadingCache(caching.FunctionCache):
    """
    numba's own cache, but for what it does first: it readies everything that compiling could need, which takes longer
    than loading all kernels of a report (0.11 of 0.2 s).

    A kernel that is not in the cache is compiled as always: the compiler readies the same things by itself.
    """

    _impl_class = LoadingImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel of this signature; None where it was not kept."""
        with self._guard_against_spurious_io_errors():
            load: Any = self._load_overload
            return load(sig, target_context)


def load_at_once(dispatcher: Any) -> None:
    """Let this cached kernel be loaded so; where numba is otherwise inside than 0.68 is, by numba's own way."""
    if numba.__version__.startswith(KNOWN) and isinstance(getattr(dispatcher, "_cache", None), caching.FunctionCache):
        make: Any = LoadingCache
        dispatcher._cache = make(dispatcher.py_func)
