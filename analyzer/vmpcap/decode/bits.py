"""Big-endian numbers out of a frame. Whoever calls has seen to it that the bytes are there."""

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import inline_kernel

Bytes = npt.NDArray[np.uint8]
Offset = int | np.int64

# Offsets become unsigned, so that the compiler need not think about negative ones.


@inline_kernel
def byte(buffer: Bytes, at: Offset) -> np.int64:
    """Which byte stands here?"""
    return np.int64(buffer[np.uint64(at)])


@inline_kernel
def be16(buffer: Bytes, at: Offset) -> np.int64:
    """Which 16 bits stand here?"""
    p = np.uint64(at)
    return (np.int64(buffer[p]) << 8) | np.int64(buffer[p + np.uint64(1)])


@inline_kernel
def be32(buffer: Bytes, at: Offset) -> np.int64:
    """Which 32 bits stand here?"""
    p = np.uint64(at)
    return (
        (np.int64(buffer[p]) << 24)
        | (np.int64(buffer[p + np.uint64(1)]) << 16)
        | (np.int64(buffer[p + np.uint64(2)]) << 8)
        | np.int64(buffer[p + np.uint64(3)])
    )


@inline_kernel
def be48(buffer: Bytes, at: Offset) -> np.int64:
    """Which 48 bits stand here?"""
    return (be16(buffer, at) << 32) | be32(buffer, at + 2)


@inline_kernel
def be64(buffer: Bytes, at: Offset) -> np.uint64:
    """Which 64 bits stand here?"""
    return (np.uint64(be32(buffer, at)) << np.uint64(32)) | np.uint64(be32(buffer, at + 4))
