"""The report as JUnit XML, as pipelines read it: a suite for each migration, a case for each check."""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vmpcap.report.about_checks import where_to_look
from vmpcap.report.clean import clean_report
from vmpcap.report.document import Migration, Report
from vmpcap.report.headline import of_migration
from vmpcap.report.words import held_against_limit, hosts
from vmpcap.verdicts.findings import Check

CLASS: Final = "vmpcap"


def to_junit(report: Report) -> str:
    """
    The report for a pipeline. A deciding check that failed is a failure; one that is undecided is skipped, with why.

    Advice fails no pipeline: what applies stands in the case's output. Without a migration there is one skipped case.
    """
    shown = clean_report(report)
    suites = Element("testsuites", name="vmpcap")
    for migration in shown.migrations:
        suites.append(_suite(migration))
    if not shown.migrations:
        suite = SubElement(suites, "testsuite", name="no migration", tests="1", failures="0", skipped="1")
        case = SubElement(suite, "testcase", classname=CLASS, name="migration recognised")
        SubElement(case, "skipped", message=shown.because)
    return whole(suites)


def whole(suites: Element) -> str:
    """The document of these suites, with their sums."""
    for name in ("tests", "failures", "skipped"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _suite(m: Migration) -> Element:
    failed = sum(check.decides and check.outcome == "fail" for check in m.checks)
    skipped = sum(check.outcome == "undecided" for check in m.checks)
    name = f"{m.id} {hosts(m)}"
    suite = Element("testsuite", name=name, tests=str(len(m.checks)), failures=str(failed), skipped=str(skipped))
    if m.start_ts is not None:
        suite.set("timestamp", m.start_ts)
    if m.duration_s is not None:
        suite.set("time", f"{m.duration_s:.6f}")
    told = SubElement(suite, "properties")
    for key, value in (("verdict", m.verdict), ("because", of_migration(m)), ("outcome", m.outcome)):
        SubElement(told, "property", name=key, value=value)
    for check in m.checks:
        suite.append(_case(check))
    return suite


def _case(check: Check) -> Element:
    case = Element("testcase", classname=f"{CLASS}.{'check' if check.decides else 'advice'}", name=check.id)
    held = held_against_limit(check)
    words = f"{held}; {check.because}" if held else check.because
    if check.outcome == "undecided":
        SubElement(case, "skipped", message=words)
    elif check.outcome == "fail" and check.decides:
        SubElement(case, "failure", message=words, type=check.id).text = _where(check)
    else:
        applies = "advice: " if check.outcome == "fail" else ""
        SubElement(case, "system-out").text = "\n".join([f"{applies}{words}", *filter(None, [_where(check)])])
    return case


def _where(check: Check) -> str:
    """Where to look, a line for each point."""
    return "\n".join(": ".join(part for part in (w.words, w.filter) if part) for w in where_to_look(check))
