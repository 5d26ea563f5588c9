"""Room that is reserved: zeros that take memory where they are written, and give it back as a whole."""

import numpy as np
import pytest

from vmpcap.terms.arrays import LEAST_MAPPED, reserve

PAIR = np.dtype([("a", np.int64), ("b", np.uint8)], align=True)


def resident_mib() -> int:
    """Memory of this process that is really there."""
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096 >> 20


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, PAIR])
@pytest.mark.parametrize("count", [0, 1, 1000, 2 * LEAST_MAPPED])
def test_reserved_room_is_of_zeros_and_can_be_written(count: int, dtype: np.dtype[np.void]) -> None:
    """Whoever keeps it: the allocator or the system."""
    room = reserve(count, dtype)
    assert (len(room), room.dtype, room.flags.writeable, room.flags.aligned) == (count, np.dtype(dtype), True, True)
    assert not room.view(np.uint8).any()
    if count:
        room.view(np.uint8)[-1] = 7
        assert room.view(np.uint8)[-1] == 7


def test_reserved_room_takes_no_memory_until_it_is_written_and_gives_it_back() -> None:
    """A thousand MiB are reserved, fifty written: about fifty are there, and none afterwards."""
    before = resident_mib()
    room = reserve(1 << 30, np.uint8)  # type: ignore[arg-type]
    assert resident_mib() - before < 20
    room[: 50 << 20] = 1
    assert 40 < resident_mib() - before < 80
    del room
    assert resident_mib() - before < 20


def test_too_much_is_an_error_of_memory() -> None:
    """Not one of the operating system's."""
    with pytest.raises(MemoryError):
        reserve(1 << 60, np.uint8)  # type: ignore[arg-type]
