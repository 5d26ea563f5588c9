"""The flows of one capture point as a table: many at a time, without an object for each."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.paths import path_text
from vmpcap.flows.table import FlowTable
from vmpcap.measures.follow import Follower
from vmpcap.measures.kernels import layout
from vmpcap.measures.rtt_histogram import Buckets
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.columns import FLOWS, through_gate
from vmpcap.terms.units import NO_TIME, NS_PER_US
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_SCTP, IP_TCP, IP_UDP

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

PROTOCOLS: Final = {IP_TCP: "tcp", IP_UDP: "udp", IP_SCTP: "sctp", IP_ICMP: "icmp", IP_ICMPV6: "icmpv6"}
PERCENTS: Final = (50, 90, 99)
NOT_MEASURED: Final = (
    "fast_retransmissions",
    "spurious_retransmissions",
    "duplicate_acks",
    "lost_segments",
    "window_fulls",
)
ALL_SAMPLES: Final = layout.KIND_CONTROL
"""Kinds up to this one are what Wireshark's ack_rtt has; those above are timestamp loops."""


def flow_frame(flows: FlowTable, follower: Follower, point: str) -> "pl.DataFrame":
    """
    One row per followed flow: the columns FLOWS of terms.columns.

    Notes
    -----
    Counts of TCP only (resent, out of order, windows, keep-alives, round trips) are null for other protocols.
    """
    import polars as pl

    rows, table = flows.count, flows.flows
    is_tcp = pl.Series(table["protocol"] == IP_TCP)
    columns: dict[str, Any] = {
        "point": pl.repeat(point, rows, dtype=pl.String, eager=True),
        "flow_id": np.arange(rows, dtype=np.int64),
        "protocol": pl.Series(_named(table["protocol"], PROTOCOLS), dtype=pl.String),
        "a_ip": _addresses(table["a_high"], table["a_low"]),
        "a_port": table["a_port"].astype(np.int64),
        "b_ip": _addresses(table["b_high"], table["b_low"]),
        "b_port": table["b_port"].astype(np.int64),
        "encapsulation": _paths(table["path_high"], table["path_low"]),
        "vlan": _vlans(table["vlan_outer_id"], table["vlan_inner_id"]),
        "vni": _unless(table["vni"], table["vni"] < 0),
        "first_ts": _times(table["first_ts"]),
        "last_ts": _times(_last(follower)),
    }
    spread = spread_of(follower.finish(), 2 * rows)
    for number, letter in enumerate("ab"):
        for name, values in _side(follower, spread, number, is_tcp).items():
            columns[f"{letter}_{name}"] = values
    whole, _, _ = follower.handshakes()
    columns["handshake_rtt_us"] = _us(whole)
    columns["tcp_stream"] = _unless(table["stream"], table["protocol"] != IP_TCP)
    return through_gate(pl.DataFrame(columns), FLOWS, "flows")


class Spread(NamedTuple):
    """The round-trip times of each side: int64[sides], in ns; -1 without a sample."""

    samples: I64
    least: I64
    most: I64
    ranks: dict[int, I64]


def spread_of(buckets: Buckets, sides: int) -> Spread:
    """
    What is the distribution of each side's round-trip times, all sides at once?

    Parameters
    ----------
    buckets : of all owners (side * 8 + kind)
    sides : how many there are

    Notes
    -----
    Percentiles are nearest ranks, as `rtt_histogram.nearest_rank` takes them: samples of a bucket are spread evenly.
    """
    kind = buckets.owner & np.uint64((1 << layout.KIND_BITS) - 1)
    used = kind <= np.uint64(ALL_SAMPLES)
    side = (buckets.owner[used] >> np.uint64(layout.KIND_BITS)).astype(np.int64)
    least, span, count = buckets.least_ns[used], buckets.span_ns[used], buckets.count[used]
    order = np.lexsort((least, side))
    side, least, span, count = side[order], least[order], span[order], count[order]
    samples = np.bincount(side, weights=count, minlength=sides).astype(np.int64)
    low, high = np.full(sides, np.iinfo(np.int64).max), np.full(sides, -1, np.int64)
    np.minimum.at(low, side, least)
    np.maximum.at(high, side, least + span)
    before = np.cumsum(samples) - samples
    upto = np.cumsum(count)
    ranks = {}
    for percent in PERCENTS:
        rank = np.maximum(1, np.ceil(samples * percent / 100 - 1e-9).astype(np.int64))
        at = np.searchsorted(upto, before + rank)
        value = np.full(sides, -1, np.int64)
        some = samples > 0
        bucket = at[some]
        within = before[some] + rank[some] - (upto[bucket] - count[bucket]) - 1
        steps = np.maximum(count[bucket] - 1, 1)
        value[some] = least[bucket] + span[bucket] * within // steps
        ranks[percent] = value
    return Spread(samples, np.where(samples > 0, low, -1), high, ranks)


def _side(follower: Follower, spread: Spread, number: int, is_tcp: "pl.Series") -> dict[str, Any]:
    """The columns of one side, by their names without its letter."""
    import polars as pl

    one, more = follower.sides[:, number], follower.more[:, number]
    own = slice(number, None, 2)
    columns: dict[str, Any] = {
        "packets": one["packets"],
        "wire_bytes": one["wire_bytes"],
        "payload_bytes": one["payload_bytes"],
        "retransmissions": _tcp_only(more["retransmissions"], is_tcp),
        "out_of_order": _tcp_only(more["out_of_order"], is_tcp),
        "zero_windows": _tcp_only(more["zero_windows"], is_tcp),
        "keep_alives": _tcp_only(more["keep_alives"], is_tcp),
        "rtt_samples": _tcp_only(spread.samples[own], is_tcp),
        "rtt_min_us": _us(spread.least[own]),
        "rtt_max_us": _us(spread.most[own]),
    }
    for percent in PERCENTS:
        columns[f"rtt_p{percent}_us"] = _us(spread.ranks[percent][own])
    nothing = pl.repeat(None, len(one), dtype=pl.Int64, eager=True)
    columns |= dict.fromkeys(NOT_MEASURED, nothing)
    letter = "a_"
    return {c.name[2:]: columns[c.name[2:]] for c in FLOWS if c.name.startswith(letter) and c.name[2:] in columns}


def _tcp_only(values: npt.NDArray[Any], is_tcp: "pl.Series") -> "pl.Series":
    return _unless(values, ~is_tcp.to_numpy())


def _unless(values: npt.NDArray[Any], unknown: npt.NDArray[np.bool_]) -> "pl.Series":
    """Whole numbers, null where they are unknown."""
    import polars as pl

    series = pl.Series(values.astype(np.int64))
    return series.to_frame("v").select(pl.when(pl.Series(~unknown)).then(pl.col("v"))).to_series()


def _us(values_ns: I64) -> "pl.Series":
    """Microseconds, null where the time is negative: unknown."""
    import polars as pl

    series = pl.Series(values_ns / NS_PER_US)
    return series.to_frame("v").select(pl.when(pl.Series(values_ns >= 0)).then(pl.col("v"))).to_series()


def _times(values_ns: I64) -> "pl.Series":
    import polars as pl

    return _unless(values_ns, values_ns == NO_TIME).cast(pl.Datetime("ns", "UTC"))


def _last(follower: Follower) -> I64:
    """When each flow's last packet came, from either side."""
    sides = follower.sides
    seen = sides["packets"] > 0
    last: I64 = np.where(seen, sides["last_ts"], NO_TIME).max(axis=1, initial=NO_TIME)
    return last


def _named(numbers: npt.NDArray[np.uint8], names: dict[int, str]) -> list[str]:
    table = [names.get(number, str(number)) for number in range(256)]
    return [table[number] for number in numbers.tolist()]


def _texts(high: U64, low: U64, write: Any) -> "pl.Series":
    """Each pair written once, however often it occurs."""
    import polars as pl

    keys = np.empty(len(high), dtype=[("high", np.uint64), ("low", np.uint64)])
    keys["high"], keys["low"] = high, low
    if not high.any():
        values, where = np.unique(low, return_inverse=True)
        texts = [write(0, int(value)) for value in values]
    else:
        pairs, where = np.unique(keys, return_inverse=True)
        texts = [write(int(pair["high"]), int(pair["low"])) for pair in pairs]
    return pl.Series(texts, dtype=pl.String).gather(where)


def _addresses(high: U64, low: U64) -> "pl.Series":
    return _texts(high, low, ip_text)


def _paths(high: U64, low: U64) -> "pl.Series":
    return _texts(high, low, path_text)


def _vlans(outer: npt.NDArray[np.int16], inner: npt.NDArray[np.int16]) -> "pl.Series":
    import polars as pl

    if (outer < 0).all():
        return (
            pl.Series([[]], dtype=pl.List(pl.Int64)).new_from_index(0, len(outer))
            if len(outer)
            else pl.Series([], dtype=pl.List(pl.Int64))
        )
    ids = [[v for v in pair if v >= 0] for pair in zip(outer.tolist(), inner.tolist(), strict=True)]
    return pl.Series(ids, dtype=pl.List(pl.Int64))
