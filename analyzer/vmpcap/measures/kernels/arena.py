"""Blocks of power-of-two sizes out of one array, taken and given back."""

import numpy as np

from vmpcap.measures.kernels.layout import ARENA_FREE, ARENA_LIMIT, ARENA_LINKS, ARENA_TOP, I32
from vmpcap.terms.kernels import Int, inline_kernel


@inline_kernel
def take_block(arena: I32, log2: Int) -> Int:
    """Where is a free block of 2**log2 records? -1 where the arena is used up."""
    at = np.int64(arena[ARENA_FREE + log2]) - 1
    if at >= 0:
        arena[ARENA_FREE + log2] = arena[ARENA_LINKS + (at >> 2)]
        return at
    at = np.int64(arena[ARENA_TOP])
    if at + (1 << log2) > arena[ARENA_LIMIT]:
        return np.int64(-1)
    arena[ARENA_TOP] = at + (1 << log2)
    return at


@inline_kernel
def give_block(arena: I32, at: Int, log2: Int) -> None:
    """Take this block back; the next one who asks for its size gets it."""
    arena[ARENA_LINKS + (at >> 2)] = arena[ARENA_FREE + log2]
    arena[ARENA_FREE + log2] = at + 1
