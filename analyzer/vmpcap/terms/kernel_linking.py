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

from vmpcap.terms.kernel_store import KeptKernel, machine, numba_root

MODULES: Final = ("_helperlib", "_dynfunc")
"""Numba's modules in C that hold what compiled code calls."""


class Entry(Protocol):
    """What Python calls: the function that the compiler put around the kernel."""

    def __call__(self, closure: None, given: tuple[Any, ...], names: Any, /) -> Any: ...


_PROTOTYPE: Any = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.py_object, ctypes.py_object)
NO_NAMES: Final = ctypes.py_object()
"""NULL: nothing is given by its name."""


def _extension(name: str) -> Any:
    places = [numba_root() / (name + suffix) for suffix in EXTENSION_SUFFIXES]
    path = next((place for place in places if place.exists()), None)
    if path is None:
        raise ImportError(f"numba has no {name} for this Python")
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
        code = llvm.ObjectFileRef.from_data(kernel.code)
        if not code._ptr:
            raise ImportError("this is no object file")
        self._engine.add_object_file(code)
        self._engine.finalize_object()
        place = self._engine.get_global_value_address(kernel.environment)
        address = self._engine.get_function_address(kernel.entry)
        if not place or not address:
            raise ImportError(f"no {kernel.entry} is in this object file")
        ctypes.c_void_p.from_address(place).value = id(self._environment)
        entry: Entry = _PROTOTYPE(address)
        return entry


@cache
def _linker() -> _Linker:
    return _Linker()


def link(kernel: KeptKernel) -> Entry:
    """
    Put the code into the process.

    The tuple of what the kernel is given must be of the types that it was compiled for: nobody looks again. Raises
    ImportError where the code is not what it should be.
    """
    return _linker().link(kernel)
