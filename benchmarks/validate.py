"""
No answer, no number: `python validate.py CAPTURE` holds vmpcap's report against what the generator knows.

Prints every answer that is wrong and ends with status 1, or one line and 0.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

VMPCAP: Final = (sys.executable, "-m", "vmpcap")

SHARE: Final = 0.01
"""How far percentiles and rates may be from the truth: 1 %."""

PERCENTS: Final = ("p5", "p50", "p90", "p95", "p99")


class Answer(NamedTuple):
    """What was asked, what the truth is, what vmpcap says, and how far apart the two may be."""

    question: str
    truth: Any
    said: Any
    tolerance: float = 0.0

    @property
    def is_right(self) -> bool:
        """Is it right? An answer that is missing is not."""
        if self.said is None or isinstance(self.truth, str | dict | list):
            return bool(self.said == self.truth)
        return bool(abs(self.said - self.truth) <= self.tolerance)

    def __str__(self) -> str:
        within = f" within {self.tolerance:g}" if self.tolerance else ""
        return f"{self.question}: {self.truth!r}{within}, not {self.said!r}"


class Flows(NamedTuple):
    """What the table of flows says."""

    rows: int
    of_source: list[dict[str, Any]]
    """The rows of flows that the migration's source began."""


def answers(truth: dict[str, Any], report: dict[str, Any], flows: Flows) -> Iterator[Answer]:
    """Every fact of the truth beside what the report and the table of flows say of it."""
    read = report["inputs"][0]
    yield Answer("packets read", truth["packets"], read["packets"])
    yield Answer("bytes on the wire", truth["wire_bytes"], read["bytes"])
    yield Answer("flows", truth["flows"], flows.rows)
    yield Answer("migrations", 1, len(report["migrations"]))
    if len(report["migrations"]) == 1:
        yield from _of_migration(truth, report["migrations"][0])
    for port, sent in truth["connections"].items():
        yield from _of_connection(port, sent, [flow for flow in flows.of_source if flow["a_port"] == int(port)])


def _of_migration(truth: dict[str, Any], said: dict[str, Any]) -> Iterator[Answer]:
    stream = truth["migration"]
    yield Answer("source", stream["source"], said["source"])
    yield Answer("destination", stream["destination"], said["destination"])
    yield Answer("outcome", "completed", said["outcome"])
    yield Answer("connections", len(truth["connections"]), said["connections"])
    yield Answer("payload bytes", stream["payload_bytes"], said["bytes"]["payload"])
    yield Answer("unique bytes", stream["unique_bytes"], said["bytes"]["unique"])
    yield Answer("retransmitted bytes", stream["retransmitted_bytes"], said["bytes"]["retransmitted"])
    yield Answer("retransmissions", stream["retransmissions"], said["loss"]["retransmissions"])
    yield Answer("zero windows", stream["zero_windows"], said["loss"]["zero_windows"])
    yield Answer("round trips", stream["rtt_samples"], said["rtt"]["samples"])
    for percent in PERCENTS:
        ms = stream["rtt_us"][percent] / 1e3
        yield Answer(f"round trip {percent} in ms", ms, said["rtt"][f"{percent}_ms"], ms * SHARE)
    rate = stream["mean_mbps"]
    yield Answer("mean goodput in Mbps", rate, said["throughput"]["mean_mbps"], rate * SHARE)
    yield Answer("guests", [truth["guest"]["mac"]], [guest["mac"] for guest in said["guests"]])
    if len(said["guests"]) == 1:
        yield from _of_guest(truth, said["guests"][0])


def _of_guest(truth: dict[str, Any], said: dict[str, Any]) -> Iterator[Answer]:
    guest, outage, switchover = truth["guest"], truth["outage"], said["switchover"]
    kinds = [one["kind"] for one in guest["announcements"]]
    yield Answer("addresses of the guest", [guest["ip"]], said["ips"])
    yield Answer("announcements", {kind: kinds.count(kind) for kind in kinds}, said["announcements"]["kinds"])
    silent = (guest["announcements"][0]["ts_us"] - guest["last_spoke_us"]) / 1e3
    yield Answer("silence of the guest in ms", silent, switchover["guest_silence_ms"], 0.01)
    yield Answer("outage of its peers in ms", outage["ms"], switchover["peer_outage_ms"], outage["interval_ms"])


def _of_connection(port: str, sent: dict[str, Any], found: list[dict[str, Any]]) -> Iterator[Answer]:
    yield Answer(f"flows of port {port}", 1, len(found))
    if len(found) != 1:
        return
    flow = found[0]
    yield Answer(f"port {port}: payload bytes", sent["payload_bytes"], flow["a_payload_bytes"])
    yield Answer(f"port {port}: retransmissions", sent["retransmissions"], flow["a_resent_segments"])
    p50 = sent["rtt_us"]["p50"]
    yield Answer(f"port {port}: median round trip in us", p50, flow["a_rtt_p50_us"], p50 * SHARE)


def ask_report(capture: Path) -> dict[str, Any]:
    """What does the report say? A verdict of fail (status 1) is an answer as well."""
    command = [*VMPCAP, "report", "--quiet", "--json", "-", str(capture)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"vmpcap report ended with status {done.returncode}: {done.stderr.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def ask_flows(capture: Path, source: str) -> Flows:
    """What does the table of flows say, row by row?"""
    command = [*VMPCAP, "flows", "--quiet", "--format", "ndjson", str(capture)]
    rows, of_source = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            rows += 1
            if source in line:
                of_source.append(json.loads(line))
    if running.returncode:
        raise SystemExit(f"vmpcap flows ended with status {running.returncode}")
    return Flows(rows, [flow for flow in of_source if flow["a_ip"] == source])


def wrong_answers(capture: Path) -> tuple[list[Answer], int]:
    """Which answers on this capture are wrong, and how many were asked for?"""
    truth = json.loads(capture.with_name(capture.name + ".truth.json").read_text())
    given = list(answers(truth, ask_report(capture), ask_flows(capture, truth["migration"]["source"])))
    return [answer for answer in given if not answer.is_right], len(given)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("capture", type=Path, nargs="+")
    status = 0
    for capture in parser.parse_args().capture:
        wrong, asked = wrong_answers(capture)
        for answer in wrong:
            print(f"{capture.name}: {answer}")
        print(f"{capture.name}: {asked - len(wrong)} of {asked} answers are right")
        status |= bool(wrong)
    return status


if __name__ == "__main__":
    sys.exit(main())
