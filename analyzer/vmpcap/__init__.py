"""vmpcap: was the link fit for the live migration, and did the guest stay reachable?"""

from importlib import import_module
from typing import TYPE_CHECKING, Literal

from vmpcap.terms.errors import CaptureError, CaptureWarning, EngineError, ProfileError, RequestError, VmpcapError
from vmpcap.terms.version import VERSION

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import polars as pl

    from vmpcap.decode.scan import Captures
    from vmpcap.runs.answer import Answer
    from vmpcap.runs.many_answer import Compared, Inputs

__all__ = [
    "CaptureError",
    "CaptureWarning",
    "EngineError",
    "ProfileError",
    "RequestError",
    "VmpcapError",
    "bench",
    "compare",
    "report",
    "scan",
]
__version__ = VERSION

import_module("vmpcap.report")  # loaded now, the room of that name does not take the function's place later


def report(
    captures: "Captures",
    *,
    profile: "str | os.PathLike[str]" = "vsphere4",
    roles: "Mapping[str, str] | None" = None,
    ports: "int | Iterable[int]" = (),
    guests: "str | Sequence[str]" = (),
    since: "datetime | None" = None,
    until: "datetime | None" = None,
    decode_as: "str | Sequence[str]" = (),
    max_unpacked_bytes: int | None = None,
) -> "Answer":
    """
    What do these captures say about live migrations? The report that `vmpcap report` prints, as an object.

    Parameters
    ----------
    captures
        A file, a list of files, or a mapping from names of capture points to their files in order, as for `scan`. A
        point that is called like a role has it: `{"source": "src.pcap", "gateway": "gw.pcap"}`.
    profile
        By which limits is it judged? A name of `vmpcap profiles`, or a TOML file.
    roles
        Roles of points with other names: `{"gw-lan": "gateway"}`.
    ports
        Further migration ports.
    guests
        MAC or IP addresses of guests that moved, where the captures do not tell.
    since, until
        Only packets in this stretch of time, both ends included; with a time zone.
    decode_as
        What a number means in these captures, as for `scan`.
    max_unpacked_bytes
        What a packed file may unpack to, as for `scan`.

    Returns
    -------
    vmpcap.runs.answer.Answer
        `verdict`, `migrations` and all else of `vmpcap.report/1` under the same names, times as ISO 8601 text, unknown
        None; `frames["throughput"]` and the other tables as polars; `to_json`, `to_html`, `to_markdown`, `to_junit`,
        `to_metrics`, `to_text`.

    Raises
    ------
    CaptureError
        A file cannot be read as a capture.
    RequestError, ProfileError
        Something is asked for that is not there.

    Examples
    --------
    >>> import vmpcap
    >>> found = vmpcap.report({"source": "src.pcap", "destination": "dst.pcap"})      # doctest: +SKIP
    >>> found.migrations[0].rtt.p95_ms                                                # doctest: +SKIP
    9.93
    >>> _ = found.to_html("report.html")                                              # doctest: +SKIP
    """
    from vmpcap.runs.answer import answer

    return answer(captures, profile, roles or {}, ports, guests, since, until, decode_as, max_unpacked_bytes)


def compare(
    a: "Inputs",
    b: "Inputs",
    *,
    profile: "str | os.PathLike[str] | None" = None,
    roles: "Mapping[str, str] | None" = None,
    ports: "int | Iterable[int]" = (),
    guests: "str | Sequence[str]" = (),
    since: "datetime | None" = None,
    until: "datetime | None" = None,
    decode_as: "str | Sequence[str]" = (),
    max_unpacked_bytes: int | None = None,
) -> "Compared":
    """
    How do the migrations of B stand to those of A? What `vmpcap compare A... --with B...` tells, as an object.

    Parameters
    ----------
    a, b
        The inputs of each side; each a capture, a folder with the captures of one incident, a report that was written
        as JSON, what `vmpcap.report` gave, or a mapping from names of capture points to the files of one incident.
    profile
        A name of `vmpcap profiles` or a TOML file: how many migrations of each group keep its limits.
    roles
        Roles of points of these names, in every input that has one.
    since, until
        Only packets of captures, and migrations of reports, in this stretch of time; with a time zone.
    ports, guests, decode_as, max_unpacked_bytes
        As for `report`, for the captures among the inputs.

    Returns
    -------
    vmpcap.runs.many_answer.Compared
        `differences`, `groups` and all else of `vmpcap.compare/1` under the same names; `frames["differences"]`,
        `frames["spreads"]`, `frames["values"]` and `frames["inputs"]` as polars; `to_json`, `to_html`, `to_markdown`,
        `to_text`.

    Raises
    ------
    CaptureError
        Nothing on a side can be read. A single capture that cannot be read is told in `inputs` and `notes`.
    RequestError
        A side holds no migration, one stands on both sides, or something is asked for that is not there.

    Examples
    --------
    >>> import vmpcap
    >>> found = vmpcap.compare(["mon.json", "tue.json"], ["wed.json", "thu.json"])    # doctest: +SKIP
    >>> found.frames["differences"].select("figure", "word", "shift")                 # doctest: +SKIP
    """
    from vmpcap.runs.many_answer import Asked, compared

    return compared(a, b, Asked(roles or {}, ports, guests, since, until, decode_as, max_unpacked_bytes, profile))


def bench(
    inputs: "Inputs",
    *,
    by: Literal["hosts", "networks", "all"] = "hosts",
    profile: "str | os.PathLike[str] | None" = None,
    roles: "Mapping[str, str] | None" = None,
    ports: "int | Iterable[int]" = (),
    guests: "str | Sequence[str]" = (),
    since: "datetime | None" = None,
    until: "datetime | None" = None,
    decode_as: "str | Sequence[str]" = (),
    max_unpacked_bytes: int | None = None,
) -> "Compared":
    """
    How do the migrations of each path spread? What `vmpcap bench` tells, as an object.

    Parameters
    ----------
    inputs, profile, roles, ports, guests, since, until, decode_as, max_unpacked_bytes
        As for `compare`.
    by
        What a path is: from host to host, from network (/24, /64) to network, or all together.

    Returns
    -------
    vmpcap.runs.many_answer.Compared
        As of `compare`, a group a path, without differences.

    Raises
    ------
    CaptureError, RequestError
        As `compare`.

    Examples
    --------
    >>> import vmpcap
    >>> found = vmpcap.bench(["mon/", "tue/", "wed/"], by="networks")                 # doctest: +SKIP
    >>> {group.name: group.migrations for group in found.groups}                      # doctest: +SKIP
    """
    from vmpcap.runs.many_answer import Asked, benched

    return benched(inputs, by, Asked(roles or {}, ports, guests, since, until, decode_as, max_unpacked_bytes, profile))


def scan(
    captures: "Captures",
    *,
    engine: Literal["native", "tshark"] = "native",
    decode_as: "str | Sequence[str]" = (),
    max_unpacked_bytes: int | None = None,
) -> "pl.LazyFrame":
    """
    Which packets are in these captures? One row per frame, read when a query asks for it, and only what it asks for.

    Parameters
    ----------
    captures
        A file, a list of files, or a mapping from names of capture points to their files in order. A name may be a
        pattern (`*` `?` `[`), whose matches come in natural order, or `-` for standard input. pcap and pcapng, packed
        (gzip, zstd, lz4, xz, bzip2) or not, told by their first bytes.
    max_unpacked_bytes
        What a packed file may unpack to; what lies behind is not read, and a warning says so. None: 4 GiB and a
        thousand times its packed size.
    decode_as
        What a number means in these captures, as in tshark: `"udp.port==4600,vxlan"`; one rule or several.
    engine
        Who reads the packets. `tshark` gives the same columns as tshark sees them, some hundred times slower: for what
        vmpcap does not know, and to check it. `stop` and `is_copy` are then null.

    Returns
    -------
    polars.LazyFrame
        The columns of `vmpcap packets --list-columns`, in the order of points, files and frames. `point` is the name
        given to the files, else their own name. Addresses, ports and lengths are those of the innermost packet. Times
        are UTC with nanoseconds; what is not known is null, never 0.

    Raises
    ------
    CaptureError
        A file cannot be opened or does not begin as a capture: at once. A file that has gone since: by the query.
    RequestError
        No file is named, a name is a folder's, a pattern matches nothing, or a rule of `decode_as` cannot be read.
    EngineError
        The library for a packing, or tshark, is missing: at once. By the query, where tshark died or hung.

    Warns
    -----
    CaptureWarning
        A file is cut or damaged, where and how; the packets before that place are in the answer. Said by the query, if
        it reads that far. `warnings.simplefilter("error", CaptureWarning)` makes it an exception.

    Notes
    -----
    Pushed down into the reading: the columns (headers are walked, copies sought and ARP bodies read only where a column
    needs it), conditions (other columns are made for the rows that fulfil them) and `head` (reading stops there). With
    `engine="streaming"` or a sink memory stays flat however large the capture is. Each query reads the files anew;
    standard input can be read once.

    Examples
    --------
    Who sent how much to the migration port, second by second:

    >>> import polars as pl
    >>> import vmpcap
    >>> stream = vmpcap.scan("wan.pcapng.zst").filter(pl.col("dst_port") == 8000)      # doctest: +SKIP
    >>> second = pl.col("ts").dt.truncate("1s")                                        # doctest: +SKIP
    >>> sums = stream.group_by(second, "ip_src").agg(pl.col("payload_bytes").sum())    # doctest: +SKIP
    >>> sums.collect(engine="streaming")                                               # doctest: +SKIP

    All of a capture larger than memory as Parquet:

    >>> vmpcap.scan({"source": "src-*.pcap"}).sink_parquet("packets.parquet")           # doctest: +SKIP
    """
    from vmpcap.decode.scan import is_stream, sources_of
    from vmpcap.decode.scan import scan as lazy_packets

    if engine == "native":
        from vmpcap.runs.observe import tcp_analysis

        return lazy_packets(captures, decode_as, max_unpacked_bytes, tcp_analysis)
    from vmpcap.terms.errors import RequestError

    if engine != "tshark":
        raise RequestError(f"engine={engine!r}: there are 'native' and 'tshark'")
    from functools import partial

    from vmpcap.readers.byte_stream import open_bytes
    from vmpcap.reference.packets import Witnessed
    from vmpcap.reference.packets import scan as tsharks_packets

    rules = (decode_as,) if isinstance(decode_as, str) else tuple(decode_as)
    opens = partial(open_bytes, max_bytes=max_unpacked_bytes)
    sources = sources_of(captures)
    for path in [path for source in sources for path in source.files if not is_stream(path)]:
        tried = opens(path)
        if tried is not None:
            tried.close()
    return tsharks_packets([Witnessed(source.point, source.files, rules, opens) for source in sources])
