"""The report as OpenMetrics text, for dashboards and the textfile collector of a node exporter."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from vmpcap.migration.listed import is_lost, is_one_request
from vmpcap.migration.results import Peer
from vmpcap.report.away import at_most_s, counts_of, may_be_longer
from vmpcap.report.clean import clean_report
from vmpcap.report.document import Migration, Report
from vmpcap.report.words import seconds_between
from vmpcap.verdicts.findings import Outcome

OUTCOMES: Final[tuple[Outcome, ...]] = ("pass", "fail", "undecided")


class Gauge(NamedTuple):
    """One figure of a migration, in base units; None where it is unknown: then it has no sample."""

    name: str
    unit: str
    help: str
    of: Callable[[Migration], float | None]


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _whole_s(m: Migration) -> float | None:
    """Of a part it is not known."""
    return None if m.is_cut else m.duration_s


def _longest(m: Migration, name: str) -> float | None:
    """Of all guests that moved; seconds."""
    known = [value for guest in m.guests if (value := getattr(guest.switchover, name)) is not None]
    return max(known) / 1000 if known else None


def _never_back(m: Migration) -> float | None:
    """Of all guests; an outage that did not end in view has no length."""
    counts = [counts_of(guest) for guest in m.guests]
    return float(sum(one.peers_lost for one in counts)) if any(one.peers for one in counts) else None


def _longest_in_view(m: Migration) -> float | None:
    """Of all peers; of an outage that did not end in view as much as is in view: a lower bound."""
    known = [ms for guest in m.guests for peer in guest.peers if (ms := _in_view(peer)) is not None]
    return max(known) / 1000 if known else None


def _longest_outage(m: Migration) -> float | None:
    """Of all guests, where it is one figure: not where an outage that may be longer never ended, or is a range."""
    known = _longest(m, "peer_outage_ms")
    peers = [peer for guest in m.guests for peer in guest.peers]
    if known is None or any(is_lost(peer) for peer in peers):
        return None
    bounds = [most for peer in peers if (most := at_most_s(peer)) is not None]
    return None if any(may_be_longer(most, known) for most in bounds) else known


def _in_view(peer: Peer) -> float | None:
    if peer.outage_ms is not None or peer.outage_low_ms is not None:
        return peer.outage_low_ms if peer.outage_ms is None or is_one_request(peer) else peer.outage_ms
    return _scaled(seconds_between(peer.from_ts, peer.to_ts), 1000) if peer.survived is False else None


def _known(count: int | None) -> float | None:
    return None if count is None else float(count)


GAUGES: Final = (
    Gauge("duration_seconds", "seconds", "first to last packet of a stream that is all in view", _whole_s),
    Gauge("payload_bytes", "bytes", "payload in view, each byte once", lambda m: _known(m.bytes.unique)),
    Gauge("retransmitted_bytes", "bytes", "payload sent again", lambda m: _known(m.bytes.retransmitted)),
    Gauge(
        "bulk_bits_per_second",
        "",
        "goodput while data flowed, bit/s",
        lambda m: _scaled(m.throughput.bulk_mbps, 1e6),
    ),
    Gauge(
        "mean_bits_per_second", "", "goodput, pauses included, bit/s", lambda m: _scaled(m.throughput.mean_mbps, 1e6)
    ),
    Gauge("rtt_idle_seconds", "seconds", "round trip of the idle path", lambda m: _scaled(m.rtt.idle_ms, 1e-3)),
    Gauge("rtt_p50_seconds", "seconds", "median round trip", lambda m: _scaled(m.rtt.p50_ms, 1e-3)),
    Gauge("rtt_p95_seconds", "seconds", "95th percentile of the round trips", lambda m: _scaled(m.rtt.p95_ms, 1e-3)),
    Gauge("switchover_seconds", "seconds", "upper bound of the guests' stun", lambda m: _longest(m, "at_most_ms")),
    Gauge(
        "peer_outage_seconds",
        "seconds",
        "longest outage of any peer; none where only bounds of it are known, or it did not end",
        _longest_outage,
    ),
    Gauge(
        "peer_outage_at_least_seconds",
        "seconds",
        "longest outage of any peer, a lower bound where peer_outage_seconds has no sample",
        _longest_in_view,
    ),
    Gauge(
        "peers_never_back",
        "",
        "peers, by address, with a stream that got no answer again in view, or gave up",
        _never_back,
    ),
)
"""Every figure that is told; the names begin with vmpcap_migration_."""


def to_metrics(report: Report) -> str:
    """
    The report as OpenMetrics: verdicts, checks and figures as gauges, one sample for each migration.

    All are gauges, since a node exporter's textfile collector knows no state sets. What is unknown has no sample.
    Times are left out: a textfile collector refuses them.
    """
    shown = clean_report(report)
    return "\n".join([*_lines(shown), "# EOF"]) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from head("vmpcap_migrations", "gauge", "", "migrations found in the captures")
    yield f"vmpcap_migrations {len(report.migrations)}"
    yield from head("vmpcap_migration_verdict", "gauge", "", "the verdict on each migration, 1 where it is so")
    for m in report.migrations:
        yield from states("vmpcap_migration_verdict", _labels(m), m.verdict)
    yield from head("vmpcap_migration_check", "gauge", "", "the answer of each check, 1 where it is so")
    for m in report.migrations:
        for check in m.checks:
            labels = {**_labels(m), "check": check.id, "decides": "yes" if check.decides else "no"}
            yield from states("vmpcap_migration_check", labels, check.outcome)
    for gauge in GAUGES:
        name = f"vmpcap_migration_{gauge.name}"
        yield from head(name, "gauge", gauge.unit, gauge.help)
        for m in report.migrations:
            value = gauge.of(m)
            if value is not None:
                yield f"{name}{labelled(_labels(m))} {value:.9g}"


def head(name: str, kind: str, unit: str, words: str) -> Iterator[str]:
    """The lines that tell of a family before its samples."""
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {words}"


def states(name: str, labels: dict[str, str], outcome: str, among: Sequence[str] = OUTCOMES) -> Iterator[str]:
    """A sample for each state that there is: 1 of the one that is so, 0 of the others."""
    for state in among:
        yield f"{name}{labelled({**labels, name: state})} {int(state == outcome)}"


def _labels(m: Migration) -> dict[str, str]:
    return {"migration": m.id, "source": m.source or "", "destination": m.destination or "", "point": m.point}


def labelled(labels: dict[str, str]) -> str:
    """Labels as they stand behind a name."""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
