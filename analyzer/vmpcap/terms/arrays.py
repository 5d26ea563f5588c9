"""The one doorway to the kernels: contiguous, one dtype, read-only where a kernel only reads."""

import mmap
from typing import Final

import numpy as np
import numpy.typing as npt

WRAPPING: Final = np.errstate(over="ignore")
"""
Around kernels whose numbers may wrap (hashes, differences with a missing time): compiled they do so in silence, with
NUMBA_DISABLE_JIT=1 they would warn.
"""

MIXER: Final = np.uint64(0x9E3779B97F4A7C15)
"""Odd: a product with it spreads every bit (the golden ratio's fraction in 64 bits)."""


def doorway(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    """
    Which array may enter a kernel? A C-contiguous one of exactly this dtype, read-only.

    Read-only inputs let numba refuse a kernel that writes into them, and give every kernel one signature.
    """
    array = np.ascontiguousarray(values, dtype=dtype)
    view = array.view()
    view.flags.writeable = False
    return view


def as_read_only(buffer: bytes | bytearray | memoryview) -> npt.NDArray[np.uint8]:
    """Which bytes may a kernel read? The buffer as uint8[n], read-only whatever the buffer is."""
    array = np.frombuffer(buffer, dtype=np.uint8)
    array.flags.writeable = False
    return array


LEAST_MAPPED: Final = 1 << 20
"""Arrays of fewer bytes are the allocator's: a page of their own would be the larger part of them."""


def reserve(count: int, dtype: npt.DTypeLike) -> npt.NDArray[np.void]:
    """
    Which array can hold this many? One of zeros, as address space: memory is taken where it is first written.

    It is mapped by itself, and goes back to the system as a whole: what an allocator gets back from a thread it keeps,
    and would fill with zeros when it hands it out again.

    Raises MemoryError where not even the address space is there.
    """
    size = count * np.dtype(dtype).itemsize
    if size < LEAST_MAPPED:
        return np.zeros(count, dtype=dtype)
    try:
        room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as problem:
        raise MemoryError(f"no room for {size} bytes: {problem.strerror}") from problem
    return np.frombuffer(room, dtype=dtype)
