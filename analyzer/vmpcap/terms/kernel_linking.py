"""
Calling machine code that was kept, without the compiler that made it.

Importing numba takes longer than linking and running all kernels of a small report. What its code needs at run time is
little: a way from Python's objects to numbers (numba's `_helperlib`), and symbols of Python itself.
"""

import builtins
import ctypes
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, Final, Protocol

import llvmlite.binding as llvm

from vmpcap.terms.kernel_store import KeptKernel, numba_root

MODULES: Final = ("_helperlib", "_dynfunc")
"""Numba's modules in C that hold what compiled code calls."""


class Entry(Protocol):
    """What Python calls: the function that the compiler put around the kernel."""

    def __call__(self, closure: None, given: tuple[Any, ...], names: Any, /) -> Any: ...


_PROTOTYPE: Any = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.py_object, ctypes.py_object)
NO_NAMES: Final = ctypes.py_object()
"""NULL: nothing is given by its name."""


def _extension(name: str) -> Any:
    path = next(path for suffix in EXTENSION_SUFFIXES if (path := numba_root() / (name + suffix)).exists())
    loader = ExtensionFileLoader(f"numba.{name}", str(path))
    spec = spec_from_file_location(loader.name, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _name_symbols(modules: list[Any]) -> None:
    for module in modules:
        for name, address in module.c_helpers.items():
            llvm.add_symbol(f"numba_{name}", address)
    llvm.add_symbol("_Py_NoneStruct", id(None))
    for name, one in vars(builtins).items():
        if isinstance(one, type) and issubclass(one, BaseException):
            llvm.add_symbol(f"PyExc_{name}", id(one))


@cache
def machine() -> str:
    """The processor as the compiler names it, with what it can: code for another one may not run here."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


class _Linker:
    """The process's own linker of kept kernels. What it links lives as long as the process."""

    def __init__(self) -> None:
        machine()
        modules = [_extension(name) for name in MODULES]
        _name_symbols(modules)
        self._environment = modules[MODULES.index("_dynfunc")].Environment({})
        target = llvm.Target.from_triple(llvm.get_process_triple())
        reloc = "static" if target.name.startswith("x86") else "default"  # as numba has it
        self._target = target.create_target_machine(reloc=reloc, codemodel="jitdefault", jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self._target)

    def link(self, kernel: KeptKernel) -> Entry:
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(kernel.code))
        self._engine.finalize_object()
        place = self._engine.get_global_value_address(kernel.environment)
        if place:
            ctypes.c_void_p.from_address(place).value = id(self._environment)
        entry: Entry = _PROTOTYPE(self._engine.get_function_address(kernel.entry))
        return entry


@cache
def _linker() -> _Linker:
    return _Linker()


def link(kernel: KeptKernel) -> Entry:
    """
    Put the code into the process.

    The tuple of what the kernel is given must be of the types that it was compiled for: nobody looks again.
    """
    return _linker().link(kernel)
