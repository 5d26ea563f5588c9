"""A capture as a polars LazyFrame: only the columns, rows and packets that a query asks for are made or read."""

import os
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from vmpcap.decode.decode_as import Rule, read_rules
from vmpcap.decode.gather import Observe, Source, Watcher, gather
from vmpcap.decode.packets import PacketTable, Rows
from vmpcap.readers.defects import Defect
from vmpcap.readers.sources import Capture, open_capture
from vmpcap.terms.columns import PACKETS, dtypes
from vmpcap.terms.errors import CaptureWarning, RequestError
from vmpcap.terms.files import STDIN, called_after_files, expanded
from vmpcap.terms.leaving import until_the_end

if TYPE_CHECKING:
    import polars as pl

Path = str | os.PathLike[str]
Captures = Path | Sequence[Path] | Mapping[str, Path | Sequence[Path]]

CHUNK_ROWS: Final = 1 << 16
"""Rows handed to polars at once: enough that its own overhead is small, few enough that memory stays flat."""


def scan(
    captures: Captures,
    decode_as: str | Sequence[str] = (),
    max_unpacked_bytes: int | None = None,
    observer: Callable[[], Observe] | None = None,
) -> "pl.LazyFrame":
    """The packets of these captures as a LazyFrame: `vmpcap.scan` has the whole story."""
    rules = read_rules([decode_as] if isinstance(decode_as, str) else decode_as)
    sources = [source._replace(max_unpacked_bytes=max_unpacked_bytes) for source in sources_of(captures)]
    for source in sources:
        for path in source.files:
            if not is_stream(path):
                open_capture(path).close()
    return scan_sources(sources, Warner(), rules, observer)


def scan_sources(
    sources: Sequence[Source],
    watcher: Watcher,
    rules: tuple[Rule, ...] = (),
    observer: Callable[[], Observe] | None = None,
) -> "pl.LazyFrame":
    """
    The packets of these capture points, in the order of sources, files and frames; read anew by each query.

    Parameters
    ----------
    sources : capture points with their files
    watcher : is told what was read, from whatever thread reads it
    rules : what a user said of numbers that the walk meets
    observer : as `gather` takes it; without it the columns of Wireshark's TCP analysis are null
    """
    from polars.io.plugins import register_io_source

    table = PacketTable([source.point for source in sources])

    def answers(
        with_columns: list[str] | None, predicate: "pl.Expr | None", n_rows: int | None, batch_size: int | None
    ) -> "Iterator[pl.DataFrame]":
        names = with_columns if with_columns is not None else [column.name for column in PACKETS]
        chunk_rows = min(batch_size or CHUNK_ROWS, CHUNK_ROWS)
        needs = table.needs({*names, *_asked(predicate)})
        for rows in gather(sources, needs, chunk_rows, n_rows, watcher, rules, observer):
            frame = _answer(table, rows, names, predicate)
            if len(frame):
                yield frame

    def read(
        with_columns: list[str] | None, predicate: "pl.Expr | None", n_rows: int | None, batch_size: int | None
    ) -> "Iterator[pl.DataFrame]":
        return until_the_end(answers(with_columns, predicate, n_rows, batch_size))

    is_pure = not any(is_stream(path) for source in sources for path in source.files)
    return register_io_source(
        read, schema=dtypes(PACKETS), validate_schema=True, is_pure=is_pure, explain_name="vmpcap"
    )


def _asked(predicate: "pl.Expr | None") -> list[str]:
    """Which columns does the condition look at?"""
    return [] if predicate is None else list(dict.fromkeys(predicate.meta.root_names()))


def _answer(table: PacketTable, rows: Rows, names: Sequence[str], predicate: "pl.Expr | None") -> "pl.DataFrame":
    """What do the rows that fulfil the condition say? Columns that it does not look at are made for those only."""
    import numpy as np

    asked = _asked(predicate)
    if predicate is None or not asked:
        frame = table.frame(names, rows)
        return frame if predicate is None else frame.filter(predicate)
    looked_at = table.frame(asked, rows)
    mask = looked_at.select(predicate.fill_null(False)).to_series()
    if not mask.any():
        return looked_at.clear()
    chosen = rows
    if not mask.all():
        which = np.flatnonzero(mask.to_numpy())
        chosen = {name: values[which] for name, values in rows.items()}
        looked_at = looked_at.filter(mask)
    others = table.frame([name for name in names if name not in asked], chosen)
    return looked_at.hstack(others).select(names)


class Warner:
    """Says as a Python warning where a capture ends before its time."""

    def saw(self, path: str, capture: Capture) -> None:
        """Nothing to say."""

    def ended(self, source: Source, path: str, capture: Capture) -> None:
        """Say what kept the reader from the rest of this file, if there is one."""
        for defect in capture.defects:
            if defect.ends_reading:
                warnings.warn(cut_words(path, defect), CaptureWarning, stacklevel=1)


def cut_words(path: str, defect: Defect) -> str:
    """Where was this file cut, and what does that mean?"""
    where = [] if defect.first_frame is None else [f"frame {defect.first_frame}"]
    where += [] if defect.offset is None else [f"byte {defect.offset}"]
    detail = f" ({defect.detail})" if defect.detail else ""
    return f"{path!r} was read up to {' at '.join(where) or 'its damage'} only: {defect.meaning}{detail}"


def sources_of(captures: Captures) -> tuple[Source, ...]:
    """
    Which capture points are these?

    Raises RequestError where none is named, or a name is no file's.
    """
    if isinstance(captures, Mapping):
        named = [(str(name), _files_of(files)) for name, files in captures.items()]
    else:
        files = _files_of(captures)
        named = [(name, [path]) for name, path in called_after_files(files, (), _encodable)]
    if not any(files for _, files in named):
        raise RequestError("no capture is named; give a file, a list of files, or - for standard input")
    return tuple(Source(name, tuple(files)) for name, files in named)


def _files_of(given: Path | Iterable[Path]) -> list[str]:
    paths = [given] if isinstance(given, str | os.PathLike) else list(given)
    return [file for path in paths for file in expanded(os.fspath(path))]


def _encodable(name: str) -> str:
    """A file name may hold bytes that are no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_stream(path: str) -> bool:
    """Can this be read once only: standard input, a pipe?"""
    try:
        return path == STDIN or stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False
