"""The report as a folder of frames, one Parquet file each."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from vmpcap.report.clean import without_surrogates
from vmpcap.report.document import Migration, Report

if TYPE_CHECKING:
    import polars as pl

Row = dict[str, Any]


def _migrations(report: Report) -> list[Row]:
    return [
        {
            "migration": m.id,
            "verdict": m.verdict,
            "hypervisor": m.hypervisor,
            "source": m.source,
            "destination": m.destination,
            "connections": m.connections,
            "start_ts": m.start_ts,
            "end_ts": m.end_ts,
            "duration_s": m.duration_s,
            "outcome": m.outcome,
            "point": m.point,
            "payload_bytes": m.bytes.payload,
            "unique_bytes": m.bytes.unique,
            "retransmitted_bytes": m.bytes.retransmitted,
            "bulk_mbps": m.throughput.bulk_mbps,
            "mean_mbps": m.throughput.mean_mbps,
            "best_1s_mbps": m.throughput.best_1s_mbps,
            "limit": m.throughput.limit,
            "rtt_samples": m.rtt.samples,
            "rtt_p5_ms": m.rtt.p5_ms,
            "rtt_p50_ms": m.rtt.p50_ms,
            "rtt_p95_ms": m.rtt.p95_ms,
            "handshake_ms": m.rtt.handshake_ms,
            "rtt_coverage": m.rtt.coverage,
            "retransmissions": m.loss.retransmissions,
            "zero_windows": m.loss.zero_windows,
        }
        for m in report.migrations
    ]


def _checks(m: Migration) -> list[Row]:
    return [
        {
            "migration": m.id,
            "check": c.id,
            "outcome": c.outcome,
            "decides": c.decides,
            "measured": c.measured,
            "limit": c.limit,
            "unit": c.unit,
            "because": c.because,
        }
        for c in m.checks
    ]


def _evidence(m: Migration) -> list[Row]:
    return [
        {"migration": m.id, "check": c.id, "point": e.point, "frames": e.frames, "filter": e.filter}
        for c in m.checks
        for e in c.evidence
    ]


def _phases(m: Migration) -> list[Row]:
    return [
        {
            "migration": m.id,
            "kind": p.kind,
            "n": p.n,
            "start_ts": p.start_ts,
            "end_ts": p.end_ts,
            "payload_bytes": p.payload_bytes,
            "mbps": p.mbps,
        }
        for p in m.phases
    ]


def _throughput(m: Migration) -> list[Row]:
    return [{"migration": m.id, "at_s": p.at_s, "mbps": p.mbps} for p in m.series]


def _rtt_histogram(m: Migration) -> list[Row]:
    return [{"migration": m.id, "low_ms": b.low_ms, "high_ms": b.high_ms, "count": b.count} for b in m.rtt.histogram]


def _reach(m: Migration) -> list[Row]:
    return [
        {
            "migration": m.id,
            "guest": g.mac,
            "point": point,
            "seen": p.seen,
            "reached": p.reached,
            "first_ts": p.first_ts,
            "delay_ms": p.delay_ms,
            "vlan": p.vlan,
            "vni": p.vni,
            "frames": p.frames,
            "because": p.because,
        }
        for g in m.guests
        for point, p in g.announcements.by_point.items()
    ]


def _switchover(m: Migration) -> list[Row]:
    return [
        {
            "migration": m.id,
            "guest": g.mac,
            "bracket_ms": g.switchover.bracket_ms,
            "guest_silence_ms": g.switchover.guest_silence_ms,
            "peer_outage_ms": g.switchover.peer_outage_ms,
            "relearn_ms": g.switchover.relearn_ms,
            "domain": g.domain.verdict,
        }
        for g in m.guests
    ]


def _peers(m: Migration) -> list[Row]:
    return [
        {
            "migration": m.id,
            "guest": g.mac,
            "peer": p.peer,
            "protocol": p.protocol,
            "point": p.point,
            "outage_ms": p.outage_ms,
            "interval_ms": p.interval_ms,
            "lost": p.lost,
            "retransmissions": p.retransmissions,
            "survived": p.survived,
            "frames": p.frames,
            "because": p.because,
        }
        for g in m.guests
        for p in g.peers
    ]


def _mechanisms(m: Migration) -> list[Row]:
    return [
        {
            "migration": m.id,
            "guest": g.mac,
            "name": way.name,
            "seen": way.seen,
            "worked": way.worked,
            "latency_ms": way.latency_ms,
            "because": way.because,
            "frames": way.evidence,
        }
        for g in m.guests
        for way in g.mechanisms
    ]


def _inputs(report: Report) -> list[Row]:
    return [
        {
            "point": i.point,
            "role": i.role,
            "path": i.path,
            "format": i.format,
            "packets": i.packets,
            "wire_bytes": i.bytes,
            "first_ts": i.first_ts,
            "last_ts": i.last_ts,
            "truncated": i.truncated,
            "defects": [d.kind for d in i.defects],
        }
        for i in report.inputs
    ]


PER_MIGRATION: Final[dict[str, Callable[[Migration], list[Row]]]] = {
    "checks": _checks,
    "evidence": _evidence,
    "phases": _phases,
    "throughput": _throughput,
    "rtt_histogram": _rtt_histogram,
    "reach": _reach,
    "switchover": _switchover,
    "peers": _peers,
    "mechanisms": _mechanisms,
}

SCHEMAS: Final[dict[str, dict[str, str]]] = {
    "migrations": {
        "migration": "str", "verdict": "str", "hypervisor": "str", "source": "str", "destination": "str",
        "connections": "int", "start_ts": "ts", "end_ts": "ts", "duration_s": "float", "outcome": "str", "point": "str",
        "payload_bytes": "int", "unique_bytes": "int", "retransmitted_bytes": "int", "bulk_mbps": "float",
        "mean_mbps": "float", "best_1s_mbps": "float", "limit": "str", "rtt_samples": "int", "rtt_p5_ms": "float",
        "rtt_p50_ms": "float", "rtt_p95_ms": "float", "handshake_ms": "float", "rtt_coverage": "str",
        "retransmissions": "int", "zero_windows": "int",
    },
    "checks": {
        "migration": "str", "check": "str", "outcome": "str", "decides": "bool", "measured": "float", "limit": "float",
        "unit": "str", "because": "str",
    },
    "evidence": {"migration": "str", "check": "str", "point": "str", "frames": "ints", "filter": "str"},
    "phases": {
        "migration": "str", "kind": "str", "n": "int", "start_ts": "ts", "end_ts": "ts", "payload_bytes": "int",
        "mbps": "float",
    },
    "throughput": {"migration": "str", "at_s": "float", "mbps": "float"},
    "rtt_histogram": {"migration": "str", "low_ms": "float", "high_ms": "float", "count": "int"},
    "reach": {
        "migration": "str", "guest": "str", "point": "str", "seen": "bool", "reached": "str", "first_ts": "ts",
        "delay_ms": "float", "vlan": "ints", "vni": "int", "frames": "ints", "because": "str",
    },
    "switchover": {
        "migration": "str", "guest": "str", "bracket_ms": "float", "guest_silence_ms": "float",
        "peer_outage_ms": "float", "relearn_ms": "float", "domain": "str",
    },
    "peers": {
        "migration": "str", "guest": "str", "peer": "str", "protocol": "str", "point": "str", "outage_ms": "float",
        "interval_ms": "float", "lost": "int", "retransmissions": "int", "survived": "bool", "frames": "ints", "because": "str",
    },
    "mechanisms": {
        "migration": "str", "guest": "str", "name": "str", "seen": "bool", "worked": "str", "latency_ms": "float",
        "because": "str", "frames": "ints",
    },
    "inputs": {
        "point": "str", "role": "str", "path": "str", "format": "str", "packets": "int", "wire_bytes": "int",
        "first_ts": "ts", "last_ts": "ts", "truncated": "bool", "defects": "strs",
    },
}  # fmt: skip
"""Every frame with its columns: an empty frame has them too."""


def report_frames(report: Report) -> dict[str, "pl.DataFrame"]:
    """Which frames does this report hold? By name, each with its declared columns, `migration` joining them."""
    report = without_surrogates(report)
    rows: dict[str, list[Row]] = {"migrations": _migrations(report), "inputs": _inputs(report)}
    for name, of in PER_MIGRATION.items():
        rows[name] = [row for m in report.migrations for row in of(m)]
    return {name: _frame(rows[name], columns) for name, columns in SCHEMAS.items()}


def _frame(rows: Sequence[Row], columns: dict[str, str]) -> "pl.DataFrame":
    import polars as pl

    types: dict[str, pl.DataType | type[pl.DataType]] = {
        "str": pl.String,
        "int": pl.Int64,
        "float": pl.Float64,
        "bool": pl.Boolean,
        "ints": pl.List(pl.Int64),
        "strs": pl.List(pl.String),
        "ts": pl.Int64,
    }
    times = [name for name, kind in columns.items() if kind == "ts"]
    shown = [{**row, **{name: _ns(row[name]) for name in times}} for row in rows]
    frame = pl.DataFrame(shown, schema={name: types[kind] for name, kind in columns.items()})
    return frame.with_columns(pl.col(times).cast(pl.Datetime("ns", "UTC")))


def _ns(iso: str | None) -> int | None:
    """Nanoseconds since 1970 of a time of the report."""
    if not iso:
        return None
    whole, _, fraction = iso.removesuffix("Z").partition(".")
    since = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int((fraction + "0" * 9)[:9])
