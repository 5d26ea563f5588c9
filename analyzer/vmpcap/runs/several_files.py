"""What is said of a capture point that was named more than once: its files are one point's, one after the other."""

import os
from collections.abc import Sequence
from itertools import pairwise

from vmpcap.runs.point import FileRead, PointRead
from vmpcap.terms.units import count_of


def say_named_again(points: Sequence[PointRead]) -> list[str]:
    """Which points were named several times, and do their files run at the same time, as those of two places do?"""
    return [_sentence(point) for point in points if point.files.named_times > 1]


def _sentence(point: PointRead) -> str:
    name, files = point.files.name, [os.path.basename(path) for path in point.files.files]
    said = f"{name}: named {count_of(point.files.named_times, 'time')}, so its {count_of(len(files), 'file')}"
    said += f" ({', '.join(files)}) are read as one point, in this order"
    if any(_overlap(one, other) for one, other in pairwise(point.reads)):
        said += "; they run at the same time: captures of two places are two points, each with a name of its own"
    return said


def _overlap(one: FileRead, other: FileRead) -> bool:
    """Did the later file begin before the earlier one ended?"""
    ended, began = one.facts.latest_ts_ns, other.facts.earliest_ts_ns
    return ended is not None and began is not None and began < ended
