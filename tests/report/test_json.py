"""The report as JSON: the contract that other programs rely on."""

import json
import math
import re
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings

from tests.report.made import HOSTILE, poisoned, reports
from tests.report.sample import SAMPLES, good, lost_guest, no_migration
from vmpcap.report.as_json import from_json, to_json
from vmpcap.report.document import Report
from vmpcap.report.schema import report_schema

VALIDATOR = jsonschema.Draft202012Validator(report_schema())

CONTRACT: dict[str, str] = {
    "": "schema tool generated_at profile verdict inputs clocks migrations",
    "tool": "name version",
    "profile": "name throughput_mbps_min rtt_ms_max switchover_ms_max scope sources",
    "inputs": "point role path format byte_order time_resolution linktypes packets bytes first_ts last_ts truncated "
    "defects",
    "inputs.defects": "kind count first_frame offset",
    "clocks": "point reference offset_ms drift_ppm uncertainty_ms matched_packets",
    "migrations": "id hypervisor source destination ports connections encapsulation encrypted start_ts end_ts "
    "duration_s outcome bytes throughput rtt loss phases path guests checks verdict",
    "migrations.bytes": "payload unique retransmitted",
    "migrations.throughput": "bulk_mbps mean_mbps best_1s_mbps p50_mbps p5_mbps max_concurrent limit limit_because",
    "migrations.rtt": "samples min_ms p5_ms p50_ms p90_ms p95_ms p99_ms max_ms handshake_ms coverage histogram",
    "migrations.loss": "retransmissions fast_retransmissions spurious_retransmissions out_of_order duplicate_acks "
    "lost_segments zero_windows window_fulls retransmitted_share",
    "migrations.phases": "kind n start_ts end_ts payload_bytes mbps",
    "migrations.path": "routed hops_source_to_destination hops_destination_to_source next_hop_macs mtu mss redirects "
    "word",
    "migrations.guests": "mac ips vlan vni confidence announcements switchover domain peers mechanisms",
    "migrations.guests.announcements": "count kinds first_ts schedule by_point",
    "migrations.guests.announcements.by_point.*": "seen first_ts delay_ms vlan frames",
    "migrations.guests.switchover": "bracket_ms guest_silence_ms peer_outage_ms relearn_ms method",
    "migrations.guests.switchover.bracket": "from_frame to_frame uncertainty_ms",
    "migrations.guests.switchover.guest_silence": "from_frame to_frame uncertainty_ms",
    "migrations.guests.switchover.peer_outage": "from_frame to_frame uncertainty_ms",
    "migrations.guests.switchover.relearn": "from_frame to_frame uncertainty_ms",
    "migrations.guests.domain": "verdict word because",
    "migrations.guests.peers": "peer protocol outage_ms lost retransmissions survived",
    "migrations.guests.mechanisms": "name seen worked because evidence",
    "migrations.guests.mechanisms.evidence": "point frames filter",
    "migrations.checks": "id outcome decides measured limit unit because evidence",
    "migrations.checks.evidence": "point frames filter",
}
"""Every key of the contract's section 3, copied from it by hand, in its order."""


def found_at(told: Any, path: str) -> list[dict[str, Any]]:
    """The objects that lie at this path, through lists; `*` stands for any key."""
    here = [told]
    for key in filter(None, path.split(".")):
        values = [value for part in here for value in (part.values() if key == "*" else [part[key]])]
        here = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return here


@pytest.mark.parametrize("path", CONTRACT)
def test_the_keys_are_those_of_the_contract_in_its_order(path: str) -> None:
    """Keys may stand between those of the contract; none is missing, renamed or moved."""
    wanted = CONTRACT[path].split()
    objects = found_at(json.loads(to_json(lost_guest())), path) + found_at(json.loads(to_json(good())), path)
    assert objects
    for found in objects:
        assert [key for key in found if key in wanted] == wanted


@pytest.mark.parametrize("name", SAMPLES)
def test_a_report_keeps_to_the_published_schema(name: str) -> None:
    """As any consumer would check it."""
    VALIDATOR.validate(json.loads(to_json(SAMPLES[name]())))


@settings(max_examples=30, deadline=None)
@given(report=reports())
def test_any_report_keeps_to_the_schema_and_comes_back_the_same(report: Report) -> None:
    """JSON loses nothing: what is read back is the document, and written again it is the same bytes."""
    written = to_json(report)
    VALIDATOR.validate(json.loads(written))
    assert from_json(written) == report
    assert to_json(from_json(written)) == written


@pytest.mark.parametrize("name", HOSTILE)
def test_a_report_full_of_hostile_text_keeps_to_the_schema(name: str) -> None:
    """Text is text, whatever it says."""
    VALIDATOR.validate(json.loads(to_json(poisoned(HOSTILE[name]))))


WRONG = (
    ("a verdict of our own making", lambda told: told.update(verdict="maybe")),
    ("an unknown figure as a word", lambda told: told["migrations"][0]["throughput"].update(bulk_mbps="fast")),
    ("a time without nanoseconds", lambda told: told["inputs"][0].update(first_ts="2026-07-14T02:40:00Z")),
    ("a time in another zone", lambda told: told["inputs"][0].update(first_ts="2026-07-14T02:40:00.000000000+02:00")),
    ("a key that is not there", lambda told: told["migrations"][0]["rtt"].pop("min_ms")),
    ("a check without a reason", lambda told: told["migrations"][0]["checks"][0].pop("because")),
    ("another schema", lambda told: told.update(schema="vmpcap.report/2")),
    ("frames as text", lambda told: told["migrations"][0]["checks"][0]["evidence"][0].update(frames=["1"])),
)


@pytest.mark.parametrize(("what", "spoil"), WRONG, ids=[what for what, _ in WRONG])
def test_the_schema_refuses_what_is_no_report(what: str, spoil: Any) -> None:
    """A schema that accepts everything would publish nothing."""
    told = json.loads(to_json(good()))
    VALIDATOR.validate(told)
    spoil(told)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(told)


def test_the_schema_allows_keys_of_later_versions() -> None:
    """A consumer that checks is not broken by what is added."""
    told = json.loads(to_json(good()))
    told["added_later"] = told["migrations"][0]["added_later"] = 1
    VALIDATOR.validate(told)
    assert from_json(json.dumps(told)) == good()


def test_every_key_of_the_schema_that_is_a_figure_says_what_it_is_called() -> None:
    """The schema is a schema: it passes the check of its own dialect, and tells the document's own words."""
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["Bytes"]["properties"]["unique"]["description"] == "Each sequence number once."
    assert "Karn" in schema["$defs"]["Rtt"]["description"]


def test_what_is_unknown_is_null_and_never_zero() -> None:
    """The peers never came back: the outage has no length, and no 0 stands for it."""
    told = json.loads(to_json(lost_guest()))
    guest = told["migrations"][0]["guests"][0]
    assert guest["switchover"]["peer_outage_ms"] is None
    assert guest["switchover"]["relearn"]["from_frame"] is None
    assert guest["peers"][0]["outage_ms"] is None
    assert told["migrations"][0]["loss"]["fast_retransmissions"] is None
    assert told["clocks"][0]["offset_ms"] is None
    assert told["profile"]["switchover_ms_max"] is None


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_is_null(figure: float) -> None:
    """JSON knows neither NaN nor infinity; `NaN` in a file breaks every strict parser."""
    m = good().migrations[0]
    odd = msgspec.structs.replace(m, throughput=msgspec.structs.replace(m.throughput, bulk_mbps=figure))
    told = to_json(msgspec.structs.replace(good(), migrations=[odd]))
    strict = json.loads(told, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert strict["migrations"][0]["throughput"]["bulk_mbps"] is None


def test_times_are_iso_8601_utc_with_nanoseconds() -> None:
    """Every key that ends in _ts, wherever it lies."""
    seen = []

    def look(part: Any) -> None:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            if str(key).endswith("_ts") and value is not None:
                seen.append(value)
            elif isinstance(value, dict | list):
                look(value)

    look(json.loads(to_json(good())))
    assert len(seen) > 20
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", ts) for ts in seen)
    assert "2026-07-14T02:40:06.616000000Z" in seen


def test_a_report_without_a_migration_is_a_report() -> None:
    """Nothing found is an answer: undecided, with the captures that were read."""
    told = json.loads(to_json(no_migration()))
    assert told["migrations"] == []
    assert told["verdict"] == "undecided"
    assert told["inputs"][0]["packets"] == 412
