"""The way that a walk took through the steps, as text."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from vmpcap.decode.keeps import STAMP
from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import MAX_DEPTH, Role, Step

_NOT_WRITTEN: Final = (STAMP,)
"""Ids that change from packet to packet: a path with them would name a packet, not an encapsulation."""


def _kept(step: Step) -> tuple[bool, ...]:
    """Which ids does a walk through this step list, and are they written behind its name?"""
    listed = [keep for keep in (step.keeps, step.also_keeps) if keep is not None and keep.role != Role.SEQUENCE]
    return tuple(keep not in _NOT_WRITTEN for keep in listed)


_KEPT: Final = tuple(_kept(step) for step in STEPS)


def _numbers(path_high: int, path_low: int) -> list[int]:
    """Which rows of STEPS did the walk take, first to last?"""
    return [number - 1 for number in ((path_high << 64) | path_low).to_bytes(MAX_DEPTH, "big") if number]


@lru_cache(maxsize=4096)
def path_steps(path_high: int, path_low: int) -> tuple[str, ...]:
    """Which steps did the walk take, first to last?"""
    return tuple(STEPS[number].name for number in _numbers(path_high, path_low))


@lru_cache(maxsize=4096)
def written_ids(path_high: int, path_low: int) -> tuple[bool, ...]:
    """Which of the ids that a walk lists on this path (`Frames.ids`) are written in its text?"""
    return tuple(is_written for number in _numbers(path_high, path_low) for is_written in _KEPT[number])


def path_text(path_high: int, path_low: int, ids: Sequence[int] = ()) -> str:
    """
    How is this path written? With the ids behind their headers, where they are given.

    Parameters
    ----------
    path_high, path_low : as in Frames
    ids : as in Frames, the first `id_count` of them; negative where a header has none

    >>> path_text(0x01 << 56, 0)
    'eth'
    """
    path_high, path_low = int(path_high), int(path_low)
    if not ids:
        return "/".join(path_steps(path_high, path_low))
    left = iter(ids)
    parts = []
    for number in _numbers(path_high, path_low):
        found = [(next(left, -1), is_written) for is_written in _KEPT[number]]
        parts.append(
            ":".join([STEPS[number].name, *(f"{one}" for one, is_written in found if is_written and one >= 0)])
        )
    return "/".join(parts)
