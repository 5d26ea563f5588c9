"""Many migrations for pipelines and dashboards: `compare` and `bench` as JUnit XML and as OpenMetrics text."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from vmpcap.report.about_comparison import headline, limit_words, name_of
from vmpcap.report.as_junit import CLASS, whole
from vmpcap.report.as_metrics import head, labelled, states
from vmpcap.report.clean import clean_report
from vmpcap.report.comparison import Comparison, Difference, Group, Source, Spread
from vmpcap.report.words import figure

MORE_IS_BETTER: Final = frozenset({"throughput", "best_1s"})
"""Of every other figure less is better."""
WORDS: Final = ("higher", "lower", "undecided")


class Base(NamedTuple):
    """What a unit is in OpenMetrics: how its names end, their UNIT, and how many of it one is."""

    end: str
    unit: str
    factor: float


BASES: Final = {
    "Mbps": Base("_bits_per_second", "", 1e6),
    "ms": Base("_seconds", "seconds", 1e-3),
    "s": Base("_seconds", "seconds", 1.0),
    "share": Base("_ratio", "ratio", 1.0),
}
QUANTILES: Final = ("least", "p25", "median", "median_low", "median_high", "p75", "most")
SHIFTS: Final = ("shift", "shift_low", "shift_high")


def comparison_to_junit(document: Comparison) -> str:
    """
    A case for each figure of B against A: worse is a failure, what cannot be told is skipped with why.

    Without two sides a suite for each path, in which nothing fails: there is no limit to hold a spread against. Inputs
    that count for nothing are skipped cases of a suite of their own.
    """
    shown = clean_report(document)
    suites = Element("testsuites", name="vmpcap")
    if shown.differences:
        suites.append(_of_differences(shown))
    else:
        suites.extend(_of_group(group) for group in shown.groups)
    suites.append(_of_inputs(shown.inputs))
    return whole(suites)


def is_worse(d: Difference) -> bool:
    """Is B worse in this figure? Only where interval and chance both say that it differs."""
    return d.word == ("lower" if d.figure in MORE_IS_BETTER else "higher")


def _of_differences(document: Comparison) -> Element:
    suite = _suite("B against A", len(document.differences))
    SubElement(SubElement(suite, "properties"), "property", name="headline", value=headline(document))
    for d in document.differences:
        case = SubElement(suite, "testcase", classname=f"{CLASS}.compare", name=d.figure)
        by = "" if d.shift is None else f" by {figure(abs(d.shift), d.unit)}"
        words = f"{name_of(d.figure)} of B is {d.word}{by}: {d.because}"
        if d.word == "undecided":
            SubElement(case, "skipped", message=f"{name_of(d.figure)}: {d.because}")
        elif is_worse(d):
            SubElement(case, "failure", message=words, type=d.figure)
        else:
            SubElement(case, "system-out").text = words
    return _counted(suite)


def _of_group(group: Group) -> Element:
    suite = _suite(group.name, len(group.spreads))
    for spread in group.spreads:
        case = SubElement(suite, "testcase", classname=f"{CLASS}.bench", name=spread.figure)
        if spread.n:
            SubElement(case, "system-out").text = _spread_words(spread)
        else:
            SubElement(case, "skipped", message=spread.because or "not measured")
    return _counted(suite)


def _spread_words(s: Spread) -> str:
    middle = "no end" if s.median is None else figure(s.median, s.unit)
    known = s.median_low is not None and s.median_high is not None
    interval = f", 95 % interval {figure(s.median_low, s.unit)} to {figure(s.median_high, s.unit)}" if known else ""
    held = f"; {s.within} of {s.n} {limit_words(s)}" if s.limit is not None else ""
    return f"median {middle} of {s.n}{interval}{held}{f'; {s.because}' if s.because else ''}"


def _of_inputs(inputs: list[Source]) -> Element:
    suite = _suite("inputs", len(inputs))
    for one in inputs:
        case = SubElement(suite, "testcase", classname=f"{CLASS}.input", name=one.path)
        if one.counted:
            SubElement(case, "system-out").text = f"{one.counted} of {one.migrations} count"
        else:
            SubElement(case, "skipped", message=one.because)
    return _counted(suite)


def _suite(name: str, tests: int) -> Element:
    return Element("testsuite", name=name, tests=str(tests))


def _counted(suite: Element) -> Element:
    for kind, name in (("failure", "failures"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    return suite


def comparison_to_metrics(document: Comparison) -> str:
    """Each group's figures, and how B stands to A, as gauges in base units. What is unknown has no sample."""
    shown = clean_report(document)
    return "\n".join([*_group_lines(shown.groups), *_difference_lines(shown.differences), "# EOF"]) + "\n"


def _group_lines(groups: list[Group]) -> Iterator[str]:
    yield from head("vmpcap_group_migrations", "gauge", "", "migrations of each group that count")
    for group in groups:
        yield f"vmpcap_group_migrations{labelled({'group': group.name})} {group.migrations}"
    for name, words in (
        ("n", "in how many migrations a figure was measured"),
        ("unended", "of them: had no end in view"),
    ):
        yield from head(f"vmpcap_group_{name}", "gauge", "", words)
        for group in groups:
            for spread in group.spreads:
                labels = labelled({"group": group.name, "figure": spread.figure})
                yield f"vmpcap_group_{name}{labels} {getattr(spread, name)}"
    if any(spread.within is not None for group in groups for spread in group.spreads):
        yield from head("vmpcap_group_within", "gauge", "", "in how many migrations a figure keeps the profile's limit")
        for group in groups:
            for spread in group.spreads:
                if spread.within is not None:
                    labels = labelled({"group": group.name, "figure": spread.figure})
                    yield f"vmpcap_group_within{labels} {spread.within}"
    for number, like in enumerate(groups[0].spreads if groups else ()):
        base = BASES[like.unit]
        name = f"vmpcap_group_{like.figure}{base.end}"
        yield from head(name, "gauge", base.unit, f"{name_of(like.figure)} of the migrations of each group")
        for group in groups:
            for quantile in QUANTILES:
                value: float | None = getattr(group.spreads[number], quantile)
                if value is not None:
                    yield f"{name}{labelled({'group': group.name, 'of': quantile})} {value * base.factor:.9g}"


def _difference_lines(differences: list[Difference]) -> Iterator[str]:
    if not differences:
        return
    yield from head("vmpcap_difference", "gauge", "", "how B stands to A in each figure, 1 where it is so")
    for d in differences:
        yield from states("vmpcap_difference", {"figure": d.figure}, d.word, WORDS)
    yield from head("vmpcap_difference_worse", "gauge", "", "1 where B is worse than A beyond chance")
    for d in differences:
        yield f"vmpcap_difference_worse{labelled({'figure': d.figure})} {int(is_worse(d))}"
    for name, words in (("chance", "how often chance does as much"), ("cliffs_delta", "effect size, -1 to 1")):
        yield from head(f"vmpcap_difference_{name}", "gauge", "", words)
        for d in differences:
            value: float | None = getattr(d, name)
            if value is not None:
                yield f"vmpcap_difference_{name}{labelled({'figure': d.figure})} {value:.9g}"
    for d in differences:
        base = BASES[d.unit]
        name = f"vmpcap_difference_{d.figure}{base.end}"
        yield from head(name, "gauge", base.unit, f"by how much {name_of(d.figure)} of B is above that of A")
        for shift in SHIFTS:
            value = getattr(d, shift)
            if value is not None:
                yield f"{name}{labelled({'of': shift})} {value * base.factor:.9g}"
