"""Frames of points with several files, each told with the file that it is of."""

import os
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from vmpcap.report.document import Report
from vmpcap.terms.frame_numbers import PER_FILE, as_filter, by_file, in_words, parted

NAMES: Final = frozenset({"path", "file", "files", "from_file", "to_file", "point", "from_point", "to_point", "name"})
"""Fields that hold names: a number in one is no frame's."""
EVIDENCE: Final = frozenset({"point", "frames", "filter", "file"})
"""What a row of evidence holds; one of several files becomes a row for each."""


def name_files(report: Report, paths: Sequence[str]) -> Report:
    """
    The same report with each frame's number as its file has it, and beside it the file.

    Parameters
    ----------
    paths : the files of all points that have several, in the order in which their frames were numbered
    """
    if not paths:
        return report
    return msgspec.convert(_told(msgspec.to_builtins(report), paths), Report)


def _told(part: Any, paths: Sequence[str]) -> Any:
    if isinstance(part, str):
        return in_words(part, [os.path.basename(path) for path in paths])
    if isinstance(part, list):
        return [row for one in part for row in _rows(one, paths)]
    if isinstance(part, dict):
        return _of_fields({key: value if key in NAMES else _told(value, paths) for key, value in part.items()}, paths)
    return part


def _rows(one: Any, paths: Sequence[str]) -> list[Any]:
    """One item of a list; a row of evidence for each file that its frames are of."""
    if not (isinstance(one, dict) and one.keys() == EVIDENCE and _is_numbered(one["frames"])):
        return [_told(one, paths)]
    is_list = one["filter"] == "frame.number in {" + ", ".join(map(str, one["frames"])) + "}"
    return [
        one | {"file": paths[file - 1], "frames": frames, "filter": as_filter(frames) if is_list else one["filter"]}
        for file, frames in by_file(one["frames"]).items()
    ]


def _of_fields(fields: dict[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """`frames` get `files` beside them, one each; `from_frame` gets `from_file`, and so on."""
    for name, value in list(fields.items()):
        if name == "frames" and _is_numbered(value):
            places = [parted(number) for number in value]
            fields["frames"] = [frame for _, frame in places]
            fields["files"] = [paths[file - 1] for file, _ in places]
        elif (name == "frame" or name.endswith("_frame")) and isinstance(value, int) and value >= PER_FILE:
            file, fields[name] = parted(value)
            fields[name.removesuffix("frame") + "file"] = paths[file - 1]
    return fields


def _is_numbered(frames: Any) -> bool:
    return isinstance(frames, list) and bool(frames) and all(isinstance(n, int) and n >= PER_FILE for n in frames)
