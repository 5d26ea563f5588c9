"""A frame of rows written as a table, CSV, JSON, Parquet or Arrow."""

import io
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from vmpcap.report.clean import clean, to_ascii
from vmpcap.report.words import size

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.report.look import Look

LIST_JOINT: Final = ";"
"""Between the parts of a list in CSV, so that a comma always ends a field."""
MOST_ROWS: Final = 1_000
"""Rows that a table shows; the other formats hold every row."""
LONGEST_CELL: Final = 40


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing a frame."""

    name: str
    suffixes: tuple[str, ...]
    is_binary: bool
    written: Callable[["pl.DataFrame"], bytes] | None
    """The frame as a whole file, made in memory: polars would write past a file object and word errors of its own.
    None: for people, drawn by `to_table`."""
    poured: Callable[["pl.LazyFrame", IO[bytes]], None] | None
    """The same for more rows than memory holds: they are written as they come. None: for people."""


def _as_csv(frame: "pl.DataFrame", with_names: bool = True) -> bytes:
    return _flat(frame).write_csv(include_header=with_names).encode()


def _as_ndjson(frame: "pl.DataFrame") -> bytes:
    return _textual(frame).write_ndjson().encode()


def _as_json(frame: "pl.DataFrame") -> bytes:
    """An array with one object per line: valid JSON, and still readable by line tools."""
    lines = _as_ndjson(frame).split(b"\n")[:-1]
    return b"[\n" + b",\n".join(lines) + b"\n]\n" if lines else b"[]\n"


def _as_parquet(frame: "pl.DataFrame") -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _as_arrow(frame: "pl.DataFrame") -> bytes:
    return frame.write_ipc(None).getvalue()


def _pour_csv(rows: "pl.LazyFrame", out: IO[bytes]) -> None:
    out.write(_as_csv(rows.collect_schema().to_frame()))

    def pour(part: "pl.DataFrame") -> None:
        out.write(_as_csv(part, with_names=False))

    rows.sink_batches(pour, engine="streaming")


def _pour_ndjson(rows: "pl.LazyFrame", out: IO[bytes]) -> None:
    def pour(part: "pl.DataFrame") -> None:
        out.write(_as_ndjson(part))

    rows.sink_batches(pour, engine="streaming")


def _pour_json(rows: "pl.LazyFrame", out: IO[bytes]) -> None:
    joint = b"[\n"

    def pour(part: "pl.DataFrame") -> None:
        nonlocal joint
        out.write(joint + _as_ndjson(part).rstrip(b"\n").replace(b"\n", b",\n"))
        joint = b",\n"

    rows.sink_batches(pour, engine="streaming")
    out.write(b"[]\n" if joint == b"[\n" else b"\n]\n")


def _pour_parquet(rows: "pl.LazyFrame", out: IO[bytes]) -> None:
    rows.sink_parquet(out, engine="streaming")


def _pour_arrow(rows: "pl.LazyFrame", out: IO[bytes]) -> None:
    rows.sink_ipc(out, engine="streaming")


FORMATS: Final = (
    Format("table", (".txt",), False, None, None),
    Format("csv", (".csv",), False, _as_csv, _pour_csv),
    Format("ndjson", (".ndjson", ".jsonl"), False, _as_ndjson, _pour_ndjson),
    Format("json", (".json",), False, _as_json, _pour_json),
    Format("parquet", (".parquet",), True, _as_parquet, _pour_parquet),
    Format("arrow", (".arrow", ".ipc", ".feather"), True, _as_arrow, _pour_arrow),
)
"""Every format of the table commands."""


def format_named(name: str) -> Format:
    """Which format has this name? KeyError where none has."""
    return {f.name: f for f in FORMATS}[name]


def format_of_file(path: str) -> Format | None:
    """Which format does a file's name ask for? None where it does not say."""
    return next((f for f in FORMATS if path.lower().endswith(f.suffixes)), None)


def _textual(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The same rows with times as ISO 8601 UTC with nanoseconds."""
    import polars as pl
    import polars.selectors as cs

    times = [pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ") for name in frame.select(cs.temporal()).columns]
    return frame.with_columns(times)


def _flat(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The same rows with times as text and lists joined."""
    import polars as pl

    flat = _textual(frame)
    lists = [name for name, kind in flat.schema.items() if isinstance(kind, pl.List)]
    as_text = pl.List(pl.String)
    return flat.with_columns(pl.col(name).cast(as_text).list.join(LIST_JOINT, ignore_nulls=True) for name in lists)


@dataclass(frozen=True, slots=True)
class Shown:
    """One column of a table for people: what it is called, which columns it needs, how a row's values become text."""

    title: str
    needs: tuple[str, ...]
    text: Callable[..., str]
    right: bool = False


def as_is(value: Any) -> str:
    """Any value as text; nothing where it is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(str(v) if isinstance(v, int) else as_is(v) for v in value)  # ids count nothing
    return f"{value:,}" if isinstance(value, int) else clean(str(value), LONGEST_CELL)


def plain_number(value: Any) -> str:
    """An identifier: no thousands separators."""
    return "" if value is None else str(value)


def endpoint(ip: str | None, port: int | None) -> str:
    """An address with its port, as it is usually written."""
    host = clean(f"[{ip}]" if ip and ":" in ip and port is not None else ip or "?")
    return host if port is None else f"{host}:{port}"


def in_ms(us: float | None) -> str:
    """Microseconds as milliseconds."""
    return "" if us is None else f"{us / 1000:.3f}"


def as_size(count: int | None) -> str:
    """Bytes, in decimal units."""
    return "" if count is None else size(count)


def clock_time(value: Any) -> str:
    """The time of day to the microsecond; the day stands above the table."""
    return "" if value is None else f"{value:%H:%M:%S.%f}"


FLOW_VIEW: Final = (
    Shown("point", ("point",), as_is),
    Shown("stream", ("tcp_stream",), plain_number, True),
    Shown("proto", ("protocol",), as_is),
    Shown("a", ("a_ip", "a_port"), endpoint),
    Shown("b", ("b_ip", "b_port"), endpoint),
    Shown("a sent", ("a_payload_bytes",), as_size, True),
    Shown("b sent", ("b_payload_bytes",), as_size, True),
    Shown("first (UTC)", ("first_ts",), clock_time),
    Shown("a resent", ("a_resent_segments",), as_is, True),
    Shown("b resent", ("b_resent_segments",), as_is, True),
    Shown("a rtt p50 ms", ("a_rtt_p50_us",), in_ms, True),
    Shown("handshake ms", ("handshake_rtt_us",), in_ms, True),
    Shown("last (UTC)", ("last_ts",), clock_time),
    Shown("vlan", ("vlan",), as_is),
    Shown("vni", ("vni",), plain_number),
)
"""What a person wants to see of a flow first. `a` sent the first packet that was seen."""

ANNOUNCEMENT_VIEW: Final = (
    Shown("point", ("point",), as_is),
    Shown("frame", ("frame",), plain_number, True),
    Shown("time (UTC)", ("ts",), clock_time),
    Shown("kind", ("kind",), as_is),
    Shown("sender", ("sender_mac",), as_is),
    Shown("sender ip", ("sender_ip",), as_is),
    Shown("target ip", ("target_ip",), as_is),
    Shown("vlan", ("vlan_ids",), as_is),
    Shown("vni", ("vni",), plain_number),
    Shown("to", ("eth_dst",), as_is),
    Shown("inside", ("encapsulation",), as_is),
)
"""What a person wants to see of an announcement first."""


def in_figures(value: float | None) -> str:
    """Milliseconds to the microsecond."""
    return "" if value is None else f"{value:.3f}"


def where_any(value: int | None) -> str:
    """A count, where there is one: a column of nothing but noughts is not shown."""
    return f"{value:,}" if value else ""


def with_doubt(value: float | None, doubt: float | None) -> str:
    """A figure and how far it may be wrong, where that is known."""
    if value is None:
        return ""
    return f"{value:+.3f}" if doubt is None else f"{value:+.3f} \u00b1 {doubt:.3f}"


POINT_VIEW: Final = (
    Shown("from", ("from_point",), as_is),
    Shown("to", ("to_point",), as_is),
    Shown("matched", ("matched",), as_is, True),
    Shown("lost", ("lost",), as_is, True),
    Shown("elsewhere", ("elsewhere",), where_any, True),
    Shown("delay min ms", ("delay_min_ms",), in_figures, True),
    Shown("p50", ("delay_p50_ms",), in_figures, True),
    Shown("p99", ("delay_p99_ms",), in_figures, True),
    Shown("\u00b1", ("delay_uncertainty_ms",), in_figures, True),
    Shown("ttl", ("ttl_step",), plain_number, True),
    Shown("dscp", ("dscp_changed",), where_any, True),
    Shown("ecn", ("ecn_changed",), where_any, True),
    Shown("vlan", ("vlan_changed",), where_any, True),
    Shown("reordered", ("reordered",), as_is, True),
    Shown("not after", ("not_after",), as_is, True),
    Shown("recut", ("recut",), as_is, True),
    Shown("offset ms", ("offset_ms", "bound_ms"), with_doubt, True),
    Shown("one in", ("one_in",), plain_number, True),
    Shown("because", ("because",), as_is),
)
"""What a person wants to see of two points first."""


def to_table(frame: "pl.DataFrame", view: Sequence[Shown], look: "Look", further: str = "", columns: int = 0) -> str:
    """
    How does a person see these rows?

    As many columns of the view as fit, in its order; what was left out is said below, never silently.

    Parameters
    ----------
    frame : all rows, or the first of them
    view : columns in the order of their use
    look : how wide, in which characters
    further : how many rows follow, in words; empty: as many as the frame has beyond those that are shown
    columns : how many columns there are in all; 0: those of the frame
    """
    if not len(frame):
        return "(no rows)\n"
    usable = [c for c in view if set(c.needs) <= set(frame.columns)]
    head = frame.head(MOST_ROWS)
    cells = [[_narrow(c.text(*values), look.width) for values in _rows(head, c.needs)] for c in usable]
    filled = [i for i, column in enumerate(cells) if any(column) or i == 0]
    widths = {i: max(map(_width, [usable[i].title, *cells[i]])) for i in filled}
    fitting = _fitting(filled, widths, look.width)
    lines = [_day_line(head)]
    lines.append("  ".join(_aligned(usable[i].title, widths[i], usable[i].right) for i in fitting))
    for row in range(len(head)):
        lines.append("  ".join(_aligned(cells[i][row], widths[i], usable[i].right) for i in fitting))
    if len(frame) > MOST_ROWS:
        further = f"{len(frame) - MOST_ROWS:,} further rows; --format csv has all {len(frame):,}"
    missing = [usable[i].title for i in filled if i not in fitting]
    lines += _left_out(further, missing, columns or frame.width, look.width)
    text = "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"
    return to_ascii(text) if look.ascii_only else text


def _width(text: str) -> int:
    """How many cells of a terminal does this text fill?"""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _narrow(text: str, width: int) -> str:
    """The same text, its middle left out where it alone is wider than the terminal."""
    if _width(text) <= width:
        return text
    from vmpcap.report.page import fitted

    return fitted(text, width)


def _rows(frame: "pl.DataFrame", names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return frame.select(names).iter_rows()


def _fitting(filled: Sequence[int], widths: dict[int, int], width: int) -> list[int]:
    fitting: list[int] = []
    used = 0
    for i in filled:
        used += widths[i] + (2 if fitting else 0)
        if used > width and fitting:
            break
        fitting.append(i)
    return fitting


def _aligned(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _day_line(frame: "pl.DataFrame") -> str:
    """The day or days that the times of the table lie in."""
    name = next((n for n in ("ts", "first_ts") if n in frame.columns), None)
    if name is None:
        return ""
    first, last = frame[name].min(), frame[name].max()
    if first is None or last is None:
        return ""
    days = [f"{day:%Y-%m-%d}" for day in (first, last)]  # type: ignore[str-bytes-safe]
    return f"{days[0]} UTC" if days[0] == days[1] else f"{days[0]} to {days[1]} UTC"


def _left_out(further: str, titles: Sequence[str], columns: int, width: int) -> list[str]:
    lines = [f"... {further}"] if further else []
    if titles:
        lines.append(f"not shown for want of width: {', '.join(titles)}; --format csv has all {columns} columns")
    return [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]
