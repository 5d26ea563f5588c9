"""The packets table as tshark sees it: rows of a capture, and a LazyFrame over several."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vmpcap.reference.feeding import Opens
from vmpcap.reference.layers import in_tsharks_words
from vmpcap.reference.parts import OURS_ALONE, Row, fields_of, parts_for, row_of
from vmpcap.reference.tshark import WITHOUT, Question, program, refusals
from vmpcap.terms.columns import PACKETS, dtypes
from vmpcap.terms.errors import CaptureWarning, RequestError
from vmpcap.terms.leaving import until_the_end

if TYPE_CHECKING:
    import polars as pl

CHUNK_ROWS: Final = 8_192
"""Rows of a part of an answer: tshark needs a fifth of a second for them."""
NAMES: Final = tuple(column.name for column in PACKETS)

Ended = Callable[[str, str, Question], None]
"""Is told of each file of a point when tshark has ended with it: point, path, and how that went."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A capture point, its files in order, and how tshark is to decode them."""

    point: str
    files: tuple[str, ...]
    decode_as: tuple[str, ...] = ()
    opens: Opens | None = None
    """Who reads packed files and pipes for tshark, as `Question` takes it."""


def rows(question: Question, columns: Sequence[str] = NAMES) -> Iterator[Row]:
    """What does tshark say of every packet? Those columns that it knows something of."""
    parts = parts_for(set(columns))
    question.fields = fields_of(parts)
    for values in question.answer():
        yield row_of(values, parts)


def frames(
    sources: Sequence[Witnessed], columns: Sequence[str], chunk_rows: int, most: int | None, ended: Ended
) -> Iterator["pl.DataFrame"]:
    """
    The rows of these captures in chunks, in the order of sources, files and packets.

    Parameters
    ----------
    columns : of the packets table; others are null
    most : rows after which tshark is ended; None: never

    Raises
    ------
    EngineError, CaptureError, RequestError
        As `Question.answer`.
    """
    import polars as pl

    schema = {name: dtype for name, dtype in dtypes(PACKETS).items() if name in columns}
    left = most
    kept: list[Row] = []
    for source in sources:
        for path in source.files:
            if left == 0:
                break
            question = Question(path, (), in_tsharks_words(source.decode_as), most=left, opens=source.opens)
            for row in rows(question, columns):
                kept.append(row | {"point": source.point})
                if len(kept) >= chunk_rows:
                    yield pl.DataFrame(kept, schema=schema, orient="row").select(columns)
                    kept = []
                left = None if left is None else left - 1
            ended(source.point, path, question)
    if kept:
        yield pl.DataFrame(kept, schema=schema, orient="row").select(columns)


def scan(sources: Sequence[Witnessed], ended: Ended | None = None) -> "pl.LazyFrame":
    """
    The same as `vmpcap.scan`, by tshark: `stop` and `is_copy` are null.

    Columns that a query does not name are not asked for, and tshark is ended behind the rows that it needs.

    Raises EngineError where tshark is not installed, RequestError where it does not take a rule: at once.
    """
    from polars.io.plugins import register_io_source

    program(WITHOUT)
    refuse_rules(tuple(dict.fromkeys(rule for source in sources for rule in source.decode_as)))
    told = ended or warn

    def answers(
        with_columns: list[str] | None, predicate: "pl.Expr | None", n_rows: int | None, batch_size: int | None
    ) -> Iterator["pl.DataFrame"]:
        names = list(with_columns) if with_columns is not None else list(NAMES)
        asked = [] if predicate is None else predicate.meta.root_names()
        every = list(dict.fromkeys((*names, *asked)))
        for frame in frames(sources, every, min(batch_size or CHUNK_ROWS, CHUNK_ROWS), n_rows, told):
            chosen = frame if predicate is None else frame.filter(predicate)
            if len(chosen):
                yield chosen.select(names)

    def read(
        with_columns: list[str] | None, predicate: "pl.Expr | None", n_rows: int | None, batch_size: int | None
    ) -> Iterator["pl.DataFrame"]:
        return until_the_end(answers(with_columns, predicate, n_rows, batch_size))

    return register_io_source(read, schema=dtypes(PACKETS), validate_schema=True, is_pure=False, explain_name="tshark")


def refused_rules(rules: Sequence[str]) -> dict[str, str]:
    """Which of these rules of --decode-as does tshark not take, and what does it say of each?"""
    said = refusals(in_tsharks_words(rules))
    return {rule: said[theirs] for rule, theirs in zip(rules, in_tsharks_words(rules), strict=True) if theirs in said}


def refuse_rules(rules: Sequence[str]) -> None:
    """Raises RequestError, naming each of these rules of --decode-as that tshark does not take."""
    refused = refused_rules(rules)
    if refused:
        words = "; ".join(f"{rule!r} ({said})" for rule, said in refused.items())
        raise RequestError(
            f"--decode-as: tshark cannot be told {words}; leave that out, or read by vmpcap's own engine"
        )


def warn(point: str, path: str, question: Question) -> None:
    """Say as a Python warning where tshark could not read on."""
    faults = question.faults()
    if faults:
        words = "".join(f": {words}" for words in [" ".join(question.warnings)[:300]] if words)
        warnings.warn(f"{path!r} ({', '.join(faults)}), by tshark{words}", CaptureWarning, stacklevel=1)


__all__ = ["OURS_ALONE", "Witnessed", "frames", "rows", "scan", "warn"]
