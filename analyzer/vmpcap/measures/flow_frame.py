"""The flows of one capture point as a table: many at a time, without an object for each."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.paths import path_text
from vmpcap.flows.table import FlowTable
from vmpcap.measures.follow import Follower
from vmpcap.measures.kernels import layout
from vmpcap.measures.kernels.analysis_state import COUNTED, REPORTS_UNSEEN, STAMPS_UNSEEN, TOLD
from vmpcap.measures.rtt_histogram import Buckets
from vmpcap.terms.cells import ip_cells, name_cells, number_cells, pair_cells, tag_cells, time_cells, us_cells
from vmpcap.terms.columns import FLOWS, through_gate
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_SCTP, IP_TCP, IP_UDP

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PROTOCOLS: Final = {IP_TCP: "tcp", IP_UDP: "udp", IP_SCTP: "sctp", IP_ICMP: "icmp", IP_ICMPV6: "icmpv6"}
PERCENTS: Final = (50, 90, 99)
ECHO_PERCENTS: Final = (50, 95)
OWN_COUNTS: Final = {
    "resent_segments": "retransmissions",
    "resent_bytes": "retransmitted_bytes",
    "late_segments": "out_of_order",
    "copies": "duplicates",
}
"""What is counted per side of TCP by the follower, beside Wireshark's marks, and what it is called there."""
WITNESSES: Final = {"needless": REPORTS_UNSEEN, "needless_eifel": STAMPS_UNSEEN}
"""What is not known where the capture cut off that on which it rests."""
ALL_SAMPLES: Final = max(layout.ACK_RTT_KINDS)
"""Kinds up to this one are what Wireshark's ack_rtt has."""


def flow_frame(flows: FlowTable, follower: Follower, point: str) -> "pl.DataFrame":
    """
    One row per followed flow: the columns FLOWS of terms.columns.

    Notes
    -----
    Counts of TCP only (resent, out of order, windows, keep-alives, round trips) are null for other protocols. Making
    the table takes some 800 bytes a flow beside what the follower holds.
    """
    import polars as pl

    rows, table = flows.count, flows.flows
    echoes = echo_spread(follower)
    spread = spread_of(follower.finish().above_zero(), 2 * rows)  # first: it needs the most memory for itself
    is_tcp = table["protocol"] == IP_TCP
    columns: dict[str, pl.Series] = {
        "point": pl.repeat(point, rows, dtype=pl.String, eager=True),
        "flow_id": number_cells(np.arange(rows)),
        "protocol": name_cells(table["protocol"], PROTOCOLS),
        "a_ip": ip_cells(table["a_high"], table["a_low"]),
        "a_port": number_cells(table["a_port"]),
        "b_ip": ip_cells(table["b_high"], table["b_low"]),
        "b_port": number_cells(table["b_port"]),
        "encapsulation": pair_cells(table["path_high"], table["path_low"], path_text),
        "vlan": tag_cells(table["vlan_outer_id"], table["vlan_inner_id"]),
        "vni": number_cells(table["vni"], table["vni"] >= 0),
        "first_ts": time_cells(table["first_ts"]),
        "last_ts": time_cells(_last(follower)),
    }
    for number, letter in enumerate("ab"):
        for name, values in _side(follower, spread, echoes, number, is_tcp).items():
            columns[f"{letter}_{name}"] = values
    whole, _, _ = follower.handshakes()
    columns["handshake_rtt_us"] = us_cells(whole)
    initial = follower.analysis.initial_rtt_ns
    columns["initial_rtt_us"] = us_cells(np.where(is_tcp & (initial != 0), initial, -1))
    columns["tcp_stream"] = number_cells(table["stream"], is_tcp)
    frame = pl.DataFrame({column.name: columns[column.name] for column in FLOWS})
    return through_gate(frame, FLOWS, "flows")


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
    Percentiles are nearest ranks, as `rtt_histogram.nearest_ranks` takes them: samples of a bucket are spread evenly.
    """
    kind = buckets.owner & np.uint64((1 << layout.KIND_BITS) - 1)
    used = kind <= np.uint64(ALL_SAMPLES)
    side = (buckets.owner[used] >> np.uint64(layout.KIND_BITS)).astype(np.int64)
    return _spread(side, buckets.least_ns[used], buckets.span_ns[used], buckets.count[used], sides, PERCENTS)


def echo_spread(follower: Follower) -> Spread:
    """
    The same of the times until time stamps came back.

    Of a side whose samples did not all find room nothing but their number and the smallest is known.
    """
    echoes, told = follower.analysis.finish_echoes(), follower.analysis.told
    samples, least = (told[name].reshape(-1).astype(np.int64) for name in ("rtt_ts_samples", "rtt_ts_least_ns"))
    side = echoes.owner.astype(np.int64)
    spread = _spread(side, echoes.least_ns, echoes.span_ns, echoes.count, len(samples), ECHO_PERCENTS)
    is_whole = spread.samples == samples
    ranks = {percent: np.where(is_whole, rank, -1) for percent, rank in spread.ranks.items()}
    return Spread(samples, np.where(samples > 0, least, -1), np.where(is_whole, spread.most, -1), ranks)


def _spread(side: I64, least: I64, span: I64, count: I64, sides: int, percents: tuple[int, ...]) -> Spread:
    order = np.lexsort((least, side))
    side, least, span, count = side[order], least[order], span[order], count[order]
    samples = np.bincount(side, weights=count, minlength=sides).astype(np.int64)
    low, high = np.full(sides, np.iinfo(np.int64).max), np.full(sides, -1, np.int64)
    np.minimum.at(low, side, least)
    np.maximum.at(high, side, least + span)
    before = np.cumsum(samples) - samples
    upto = np.cumsum(count)
    ranks = {}
    for percent in percents:
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


def _side(follower: Follower, spread: Spread, echoes: Spread, number: int, is_tcp: Bools) -> "dict[str, pl.Series]":
    """The columns of one side, by their names without its letter."""
    one, rare = follower.sides[:, number], follower.rare[:, number]
    own = slice(number, None, 2)
    columns = {name: number_cells(one[name]) for name in ("packets", "wire_bytes", "payload_bytes")}
    marked = follower.analysis.counted[:, number]
    columns |= {name: number_cells(marked[name], is_tcp) for name in COUNTED.names or ()}
    columns |= {name: number_cells(rare[counted], is_tcp) for name, counted in OWN_COUNTS.items()}
    told = follower.analysis.told[:, number]
    plain = [name for name in TOLD.names or () if not name.endswith(("_ns", "_bits")) and name not in WITNESSES]
    columns |= {name: number_cells(told[name], is_tcp) for name in plain}
    for name, bit in WITNESSES.items():
        columns[name] = number_cells(told[name], is_tcp & (told["unseen_bits"] & bit == 0))
    columns["late_most_us"] = us_cells(np.where(is_tcp & (told["came_late"] > 0), told["late_most_ns"], -1))
    columns["rtt_ts_min_us"] = us_cells(echoes.least[own])
    columns |= {f"rtt_ts_p{percent}_us": us_cells(echoes.ranks[percent][own]) for percent in ECHO_PERCENTS}
    columns |= {
        "rtt_samples": number_cells(spread.samples[own], is_tcp),
        "rtt_min_us": us_cells(spread.least[own]),
        "rtt_max_us": us_cells(spread.most[own]),
    }
    columns |= {f"rtt_p{percent}_us": us_cells(spread.ranks[percent][own]) for percent in PERCENTS}
    return columns


def _last(follower: Follower) -> I64:
    """When each flow's last packet came, from either side."""
    sides = follower.sides
    last: I64 = np.where(sides["packets"] > 0, sides["last_ts"], NO_TIME).max(axis=1, initial=NO_TIME)
    return last
