"""JUnit and OpenMetrics say what the report says, and keep to their formats whatever a capture says."""

import re
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings

from tests.report.made import HOSTILE, poisoned, reports
from tests.report.sample import SAMPLES, good, no_migration
from tests.report.test_hostile import harmful
from vmpcap.migration.results import Peer, Switchover
from vmpcap.report.as_junit import to_junit
from vmpcap.report.as_metrics import GAUGES, to_metrics
from vmpcap.report.document import Report

SAMPLE = re.compile(
    r'(?P<name>[a-z_0-9]+)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (?P<value>-?[\d.e+-]+)'
)
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def samples(text: str) -> list[tuple[str, dict[str, str], float]]:
    """Every sample, by the grammar of OpenMetrics; every family is told of before its samples and told of once."""
    lines = text.split("\n")
    assert lines[-2:] == ["# EOF", ""]
    found, families = [], []
    for line in lines[:-2]:
        if line.startswith("# "):
            kind, name = line.split(" ")[1:3]
            if kind == "TYPE":
                assert name not in families
                families.append(name)
            assert name == families[-1]
            if kind == "UNIT":
                assert name.endswith("_" + line.split(" ")[3])
            continue
        read = SAMPLE.fullmatch(line)
        assert read is not None, line
        assert read["name"] == families[-1]
        unescaped = {
            k: re.sub(r"\\(.)", lambda c: {"n": "\n"}.get(c[1], c[1]), v)
            for k, v in LABEL.findall(read["labels"] or "")
        }
        found.append((read["name"], unescaped, float(read["value"])))
    return found


@settings(max_examples=30, deadline=None)
@given(report=reports())
def test_a_pipeline_hears_every_check(report: Report) -> None:
    """Failures are the deciding checks that failed, skips the undecided ones, the rest passed; each with its reason."""
    root = ElementTree.fromstring(to_junit(report))
    (migration,) = report.migrations
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == [check.id for check in migration.checks]
    for check in migration.checks:
        case = cases[check.id]
        told = {child.tag for child in case}
        if check.outcome == "undecided":
            assert told == {"skipped"}
        elif check.outcome == "fail" and check.decides:
            assert told == {"failure"}
        else:
            assert told == {"system-out"}
        words = " ".join([*(child.get("message", "") for child in case), *(child.text or "" for child in case)])
        assert check.because in words
        assert ("advice: " in words) == (check.outcome == "fail" and not check.decides)
    failed = sum(c.decides and c.outcome == "fail" for c in migration.checks)
    assert (root.get("failures"), root.get("tests")) == (str(failed), str(len(migration.checks)))
    assert root.get("skipped") == str(sum(c.outcome == "undecided" for c in migration.checks))


def test_a_report_without_a_migration_is_one_skipped_case() -> None:
    """Nothing was found: no pipeline takes that for a success of anything."""
    root = ElementTree.fromstring(to_junit(no_migration()))
    assert [(case.get("name"), [c.tag for c in case]) for case in root.iter("testcase")] == [
        ("migration recognised", ["skipped"])
    ]
    assert samples(to_metrics(no_migration())) == [("vmpcap_migrations", {}, 0.0)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_dashboard_hears_every_verdict_check_and_figure(name: str) -> None:
    """One state is 1; figures are those of the report in base units; what is unknown has no sample."""
    report = SAMPLES[name]()
    told = samples(to_metrics(report))
    for m in report.migrations:
        mine = [(n, labels, value) for n, labels, value in told if labels.get("migration") == m.id]
        verdicts = {labels[n]: value for n, labels, value in mine if n == "vmpcap_migration_verdict"}
        assert verdicts == {state: float(state == m.verdict) for state in ("pass", "fail", "undecided")}
        for check in m.checks:
            states = [
                labels["vmpcap_migration_check"]
                for n, labels, value in mine
                if n == "vmpcap_migration_check" and labels["check"] == check.id and value == 1
            ]
            assert states == [check.outcome]
        figures = {n: value for n, _, value in mine}
        known = {f"vmpcap_migration_{gauge.name}" for gauge in GAUGES if gauge.of(m) is not None}
        assert {n for n in figures if n.removeprefix("vmpcap_migration_") not in ("verdict", "check")} == known
        if m.throughput.bulk_mbps is not None:
            assert figures["vmpcap_migration_bulk_bits_per_second"] == pytest.approx(m.throughput.bulk_mbps * 1e6)
        if m.rtt.p95_ms is not None:
            assert figures["vmpcap_migration_rtt_p95_seconds"] == pytest.approx(m.rtt.p95_ms / 1e3)


def in_view(*peers: Peer) -> float | None:
    """The gauge of one migration whose guest had these peers."""
    report = good()
    (m,) = report.migrations
    guest = msgspec.structs.replace(m.guests[0], peers=list(peers))
    report = msgspec.structs.replace(report, migrations=[msgspec.structs.replace(m, guests=[guest])])
    values = [v for n, _, v in samples(to_metrics(report)) if n == "vmpcap_migration_peer_outage_at_least_seconds"]
    assert len(values) <= 1
    return values[0] if values else None


def test_a_dashboard_hears_how_long_at_least_a_peer_was_cut_off() -> None:
    """Of an outage without an end what is in view; of one that ended its length; of nothing known no sample."""
    ended = Peer(peer="a", protocol="icmp", outage_ms=250.0, outage_low_ms=240.0, survived=True)
    bounded = Peer(peer="b", protocol="udp", outage_low_ms=400.0, outage_high_ms=900.0, survived=True)
    times = {"from_ts": "2026-11-23T15:36:47.500000000Z", "to_ts": "2026-11-23T15:36:59.750000000Z"}
    gone = Peer(peer="c", protocol="icmp", survived=False, **times)
    unknown = Peer(peer="d", protocol="tcp")
    assert in_view(ended) == 0.25
    assert in_view(ended, bounded) == 0.4
    assert in_view(ended, gone, unknown) == 12.25
    assert in_view(unknown) is None


def gauges(longest_ms: float | None, *peers: Peer) -> dict[str, float]:
    """The gauges of one migration whose guest had these peers, and this longest outage of those with a figure."""
    report = good()
    (m,) = report.migrations
    told = Switchover(bracket_ms=146.0, peer_outage_ms=longest_ms)
    guest = msgspec.structs.replace(m.guests[0], peers=list(peers), switchover=told)
    report = msgspec.structs.replace(report, migrations=[msgspec.structs.replace(m, guests=[guest])])
    return {name.removeprefix("vmpcap_migration_"): value for name, _, value in samples(to_metrics(report))}


def test_a_range_is_no_figure_and_nor_is_the_next_longest_beside_it() -> None:
    """What may have been longer than the longest figure leaves it without a sample; a shorter range changes nothing."""
    exact = Peer(peer="a", protocol="icmp", outage_ms=250.0, survived=True)
    longer = Peer(peer="b", protocol="udp", outage_low_ms=200.0, outage_high_ms=900.0, survived=True)
    shorter = Peer(peer="b", protocol="udp", outage_low_ms=100.0, outage_high_ms=240.0, survived=True)
    unbounded = Peer(peer="b", protocol="udp", outage_low_ms=100.0, survived=True)
    gone = Peer(peer="c", protocol="icmp", survived=False)
    assert gauges(250.0, exact, shorter)["peer_outage_seconds"] == 0.25
    for other in (longer, unbounded, gone):
        told = gauges(250.0, exact, other)
        assert "peer_outage_seconds" not in told
        assert told["peer_outage_at_least_seconds"] == 0.25


@pytest.mark.parametrize(("lost", "is_figure"), [(1, False), (2, True)])
def test_one_lost_request_alone_is_a_range(lost: int, is_figure: bool) -> None:
    """A monitor that pings every second and misses one: the guest was gone for a moment, or for almost two seconds."""
    low, high = 1000.0 * (lost - 1), 1000.0 * (lost + 1)
    one = Peer(
        peer="a", protocol="icmp", outage_ms=1000.0 * lost, outage_low_ms=low, outage_high_ms=high, lost=lost,
        survived=True,
    )  # fmt: skip
    told = gauges(1000.0 * lost, one)
    assert told.get("peer_outage_seconds") == (1.0 * lost if is_figure else None)
    assert told["peer_outage_at_least_seconds"] == (1.0 * lost if is_figure else 0.0)


def test_peers_are_counted_by_address() -> None:
    """As the headline counts them: three connections of one client are one peer."""
    gone = [Peer(peer="c", protocol=f"tcp/{port}", survived=False) for port in (80, 81, 82)]
    fine = Peer(peer="d", protocol="icmp", outage_ms=0.0, survived=True)
    assert gauges(None, *gone, fine)["peers_never_back"] == 1
    assert gauges(None, fine)["peers_never_back"] == 0
    assert "peers_never_back" not in gauges(None)


@pytest.mark.parametrize(("low_ms", "lost", "count"), [(4390.0, 440, 1), (900.0, 90, 0), (4390.0, 2, 0)])
def test_who_gave_up_asking_got_no_answer_again(low_ms: float, lost: int, count: int) -> None:
    """Beside a stream of the same peer that came back; a second and three requests tell it."""
    fine = Peer(peer="a", protocol="tcp/80", outage_ms=215.0, survived=True)
    silent = Peer(peer="a", protocol="icmp", outage_low_ms=low_ms, lost=lost)
    assert gauges(215.0, fine, silent)["peers_never_back"] == count
    lost_too = Peer(peer="a", protocol="udp", survived=False)
    assert gauges(215.0, fine, silent, lost_too)["peers_never_back"] == 1, "one peer"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_breaks_neither_format(name: str) -> None:
    """Elements, attributes, labels and lines are those of a harmless report."""
    report, plain = poisoned(HOSTILE[name]), poisoned("harmless")
    junit, metrics = to_junit(report), to_metrics(report)
    assert not harmful(junit + metrics)
    shape = [(e.tag, sorted(e.keys())) for e in ElementTree.fromstring(junit).iter()]
    assert shape == [(e.tag, sorted(e.keys())) for e in ElementTree.fromstring(to_junit(plain)).iter()]
    assert [(n, sorted(labels)) for n, labels, _ in samples(metrics)] == [
        (n, sorted(labels)) for n, labels, _ in samples(to_metrics(plain))
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_type_is_known_to_a_textfile_collector(name: str) -> None:
    """The text format of Prometheus has no state sets; a collector that meets one drops the file."""
    kinds = {line.split()[-1] for line in to_metrics(SAMPLES[name]()).splitlines() if line.startswith("# TYPE")}
    assert kinds == {"gauge"}


def test_equal_reports_are_equal_bytes() -> None:
    """Nothing depends on a seed or the time of day."""
    assert (to_junit(good()), to_metrics(good())) == (to_junit(good()), to_metrics(good()))
