"""Where compiled kernels are kept: a folder of the user's cache, named by a digest of every kernel's source."""

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SUFFIX: Final = ".kernel"
KNOWN: Final = "0.68."
"""The numba whose machine code is kept and called without numba; that of another is compiled by each process."""
DEPENDS: Final = (KNOWN, sys.version, sys.platform)

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_KERNEL_ROOMS: Final = ("terms", "readers", "decode", "flows", "measures", "points")
"""Rooms that hold kernels. One kernel is compiled into another, so all of them share one digest."""


@dataclass(frozen=True, slots=True)
class KeptKernel:
    """One kernel as the compiler left it."""

    entry: str
    """The symbol that Python calls: it takes a tuple of what the kernel is given."""
    environment: str
    """The symbol that holds what the compiler knows of the kernel's module."""
    code: bytes
    """An object file, as a compiler hands it to a linker."""


@cache
def numba_root() -> Path:
    """The folder of numba, which is not imported."""
    spec = find_spec("numba")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise ModuleNotFoundError("numba, which this package depends on, is not installed", name="numba")
    return Path(places[0])


def _source_digest() -> str:
    digest = hashlib.sha256(repr(DEPENDS).encode())
    digest.update((numba_root() / "_version.py").read_bytes())
    for room in _KERNEL_ROOMS:
        for source in sorted((_PACKAGE / room).rglob("*.py")):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def folder() -> Path:
    """Where the kernels of these sources are kept. NUMBA_CACHE_DIR, where it is set, is where a user wants them."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen) / _source_digest()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "vmpcap" / "kernels" / _source_digest()


@cache
def can_keep() -> bool:
    """May something be written there?"""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder()):
            pass
    except OSError:
        return False
    return True


def how_many() -> int:
    """How many kernels were kept for these sources."""
    return sum(1 for _ in folder().glob("*" + SUFFIX))


def is_cold() -> bool:
    """Must the kernels be compiled now? True where none was kept for these sources."""
    return how_many() == 0


def _path(name: str, machine: str, given: str) -> Path:
    asked = {key: value for key, value in os.environ.items() if key.startswith("NUMBA_") and key != "NUMBA_CACHE_DIR"}
    told = json.dumps([machine, given, asked], sort_keys=True)
    return folder() / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}{SUFFIX}"


def find(name: str, machine: str, given: str) -> KeptKernel | None:
    """
    The kernel of this name, for this processor and these types; None where it was not kept, or is damaged.

    What of numba's own settings the environment bears is part of the question: some of them change the code.
    """
    try:
        whole = _path(name, machine, given).read_bytes()
    except OSError:
        return None
    digest, _, rest = whole.partition(b"\n")
    symbols, _, code = rest.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        return None
    entry, environment = json.loads(symbols)
    return KeptKernel(entry, environment, code)


def keep(name: str, machine: str, given: str, kernel: KeptKernel) -> None:
    """Keep it for other processes; where that fails they compile it, too."""
    if not can_keep():
        return
    rest = json.dumps([kernel.entry, kernel.environment]).encode() + b"\n" + kernel.code
    whole = hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest
    with suppress(OSError):
        with tempfile.NamedTemporaryFile(dir=folder(), delete=False) as part:
            part.write(whole)
        os.replace(part.name, _path(name, machine, given))
