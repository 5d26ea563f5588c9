"""Which numbers of a long column are among those of another?"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.alike import blend
from vmpcap.terms.arrays import doorway
from vmpcap.terms.kernels import kernel

I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

FEW: Final = 512
"""Below this numpy's own way is as fast."""
_LOOKS: Final = 64
"""Places in which a number is looked for."""
_FREE: Final = -1


@kernel
def mark_members(values: U64, among: U64, table: I32, out_is_among: Bools) -> bool:
    """
    Which of these values are among the others? False: they fall together too often, and nothing is told.

    Parameters
    ----------
    values : uint64[n]
    among : uint64[k]
    table : int32[t], scratch of -1; t a power of two, twice k and more
    out_is_among : bool[n]
    """
    mask = np.uint64(table.shape[0] - 1)
    for k in range(among.shape[0]):
        key = blend(np.uint64(1), among[k])
        key ^= key >> np.uint64(29)
        is_held = False
        for look in range(_LOOKS):
            place = np.int64((key + np.uint64(look)) & mask)
            if table[place] == _FREE:
                table[place] = k
            if among[table[place]] == among[k]:
                is_held = True
                break
        if not is_held:
            return False
    for i in range(values.shape[0]):
        key = blend(np.uint64(1), values[i])
        key ^= key >> np.uint64(29)
        out_is_among[i] = False
        for look in range(_LOOKS):
            place = np.int64((key + np.uint64(look)) & mask)
            if table[place] == _FREE:
                break
            if among[table[place]] == values[i]:
                out_is_among[i] = True
                break
    return True


def is_among(values: U64, among: U64) -> Bools:
    """
    Which of these values are among the others? numpy's isin, which sorts both.

    Parameters
    ----------
    values, among : uint64[n], uint64[k]

    Returns
    -------
    bool[n]

    >>> is_among(np.array([1, 2, 3], np.uint64), np.array([3, 1], np.uint64)).tolist()
    [True, False, True]
    """
    if len(values) + len(among) < FEW:
        return np.isin(values, among)
    table = np.full(2 << len(among).bit_length(), _FREE, np.int32)
    found = np.empty(len(values), np.bool_)
    looked_for: Any = doorway(values, np.uint64)
    those: Any = doorway(among, np.uint64)
    return found if mark_members(looked_for, those, table, found) else np.isin(values, among)
