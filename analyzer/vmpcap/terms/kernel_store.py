"""Where compiled kernels are kept: a folder of the user's cache, named by what the machine code depends on."""

import hashlib
import json
import os
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SUFFIX: Final = ".kernel"
PART: Final = ".part"
"""Of a file that is being written."""
KNOWN: Final = "0.68."
"""The numba whose machine code is kept and called without numba; that of another is compiled by each process."""
SETTINGS: Final = ".numba_config.yaml"
"""numba reads its settings from the environment, and from this file where it is run."""
UNUSED_S: Final = 30 * 86_400
"""Kernels of other sources that nobody has used for so long are thrown away."""

_PACKAGE: Final = Path(__file__).resolve().parent.parent
KERNEL_ROOMS: Final = ("terms", "readers", "decode", "flows", "measures", "points")
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


@cache
def machine() -> str:
    """The processor as the compiler names it, with what it can: code for another one may not run here."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def is_covered(module: str) -> bool:
    """Is a kernel of this module one of those whose sources name the folder? Only those may be kept."""
    return module.startswith(tuple(f"vmpcap.{room}." for room in KERNEL_ROOMS))


@cache
def _source_digest() -> str:
    digest = hashlib.sha256(repr((KNOWN, sys.version, sys.platform)).encode())
    digest.update((numba_root() / "_version.py").read_bytes())
    for room in KERNEL_ROOMS:
        for source in sorted((_PACKAGE / room).rglob("*.py")):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _settings() -> str:
    asked = {key: value for key, value in os.environ.items() if key.startswith("NUMBA_") and key != "NUMBA_CACHE_DIR"}
    written = b""
    with suppress(OSError):
        written = Path(SETTINGS).read_bytes()
    return json.dumps([asked, written.hex()], sort_keys=True)


@cache
def _root() -> Path:
    """NUMBA_CACHE_DIR, where it is set, is where a user wants them."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(chosen) if chosen else Path(base) / "vmpcap" / "kernels"


@cache
def folder() -> Path:
    """Where the kernels of these sources are kept, for this processor and what was set of numba's options."""
    here = hashlib.sha256(f"{machine()} {_settings()}".encode()).hexdigest()[:8]
    return _root() / f"{_source_digest()}-{here}"


@cache
def can_keep() -> bool:
    """May something be written there?"""
    probe = folder() / f"{os.urandom(8).hex()}{PART}"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError:
        return False
    return True


def how_many() -> int:
    """How many kernels were kept here that can be read."""
    return sum(os.access(path, os.R_OK) for path in folder().glob("*" + SUFFIX))


def is_cold() -> bool:
    """Must the kernels be compiled now? True where none was kept for these sources and this processor."""
    return how_many() == 0


def has_kept(name: str) -> bool:
    """Was this kernel kept, by its module and name, for whatever it is given?"""
    return any(os.access(path, os.R_OK) for path in folder().glob(f"{name}-*{SUFFIX}"))


def _path(name: str, given: str) -> Path:
    return folder() / f"{name}-{hashlib.sha256(given.encode()).hexdigest()[:16]}{SUFFIX}"


def find(name: str, given: str) -> KeptKernel | None:
    """The kernel of this name, for what it is given; None where it was not kept, or is damaged."""
    try:
        whole = _path(name, given).read_bytes()
    except OSError:
        return None
    digest, _, rest = whole.partition(b"\n")
    symbols, _, code = rest.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        return None
    _note_use()
    entry, environment = json.loads(symbols)
    return KeptKernel(entry, environment, code)


@cache
def _note_use() -> None:
    """These kernels are used: let no other version throw them away. Once a process, and told once a day."""
    with suppress(OSError):
        if time.time() - folder().stat().st_mtime > 86_400:
            os.utime(folder())


def keep(name: str, given: str, kernel: KeptKernel) -> None:
    """Keep it for other processes, and for other users as their umask has it; where that fails they compile it, too."""
    if not can_keep():
        return
    rest = json.dumps([kernel.entry, kernel.environment]).encode() + b"\n" + kernel.code
    part = folder() / f"{os.urandom(8).hex()}{PART}"
    with suppress(OSError):
        part.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
        os.replace(part, _path(name, given))
    _throw_away()


@cache
def _throw_away() -> None:
    """
    Once a process: the kernels of sources that nobody uses any more, and what a process left that was ended.

    A folder that a user chose may hold what is not ours, by whatever name: there only our own folder is tidied.
    """
    old = time.time() - UNUSED_S
    with suppress(OSError):
        for other in () if os.environ.get("NUMBA_CACHE_DIR") else _root().iterdir():
            if re.fullmatch(r"[0-9a-f]{16}(-[0-9a-f]{8})?", other.name) and other.stat().st_mtime < old:
                shutil.rmtree(other, ignore_errors=True)
        for part in folder().glob("*" + PART):
            if part.stat().st_mtime < old:
                part.unlink(missing_ok=True)
