"""The way that a walk took through the steps, as text."""

from functools import lru_cache

from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import MAX_DEPTH


@lru_cache(maxsize=4096)
def path_steps(path_high: int, path_low: int) -> tuple[str, ...]:
    """Which steps did the walk take, first to last?"""
    numbers = ((path_high << 64) | path_low).to_bytes(MAX_DEPTH, "big")
    return tuple(STEPS[number - 1].name for number in numbers if number)


def path_text(path_high: int, path_low: int) -> str:
    """
    How is this path written?

    >>> path_text(0x01 << 56, 0)
    'eth'
    """
    return "/".join(path_steps(int(path_high), int(path_low)))
