"""JUnit and OpenMetrics of many migrations say what the document says, and keep to their formats."""

from xml.etree import ElementTree

import msgspec
import pytest

from tests.report.made import HOSTILE
from tests.report.test_hostile import harmful
from tests.report.test_pipelines import samples
from tests.runs.test_compared import compared, given, moved
from vmpcap.report.comparison import Comparison, Difference
from vmpcap.report.comparison_pipelines import BASES, comparison_to_junit, comparison_to_metrics, is_worse
from vmpcap.runs.compared import bench
from vmpcap.runs.figures import FIGURES
from vmpcap.runs.gathered import counted_once


def apart(first: float, second: float) -> Comparison:
    """Five migrations a side at about these rates."""
    return compared([moved(d, first + d) for d in range(1, 6)], [moved(d, second + d) for d in range(11, 16)])


def benched() -> Comparison:
    """Five migrations of one path."""
    inputs = given("", *(moved(d, 400.0 + d) for d in range(1, 6)))
    return bench(inputs, *counted_once(inputs), "all")


def outcomes(document: Comparison) -> dict[str, str]:
    """What became of each case, by its name."""
    root = ElementTree.fromstring(comparison_to_junit(document))
    return {str(case.get("name")): case[0].tag for case in root.iter("testcase")}


def test_a_pipeline_fails_where_the_second_side_is_worse() -> None:
    """A goodput that fell is a failure, one that rose is none; what shows no difference is skipped."""
    fell, rose = outcomes(apart(800, 400)), outcomes(apart(400, 800))
    assert (fell["throughput"], rose["throughput"]) == ("failure", "system-out")
    assert {fell[name] for name in ("rtt_p50", "duration")} == {"skipped"}
    root = ElementTree.fromstring(comparison_to_junit(apart(800, 400)))
    assert root.get("failures") == "1"
    (failure,) = root.iter("failure")
    assert "throughput of B is lower by 390 Mbps" in str(failure.get("message"))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_of_every_figure_it_is_known_which_way_is_worse(figure: object) -> None:
    """Less goodput, more of everything else; and each has a base unit."""
    name, unit = figure.name, figure.unit  # type: ignore[attr-defined]
    worse = "lower" if unit == "Mbps" else "higher"
    plain = apart(400, 800).differences[0]
    told: list[Difference] = [msgspec.structs.replace(plain, figure=name, word=w) for w in ("higher", "lower")]
    assert [d.word for d in told if is_worse(d)] == [worse]
    assert not is_worse(msgspec.structs.replace(plain, figure=name, word="undecided"))
    assert unit in BASES


def test_a_benchmark_fails_nothing() -> None:
    """Each figure with its median and interval, or skipped with why it was not measured."""
    document = benched()
    told = outcomes(document)
    assert "failure" not in told.values()
    for spread in document.groups[0].spreads:
        assert told[spread.figure] == ("system-out" if spread.n else "skipped")
    assert "median 403 Mbps of 5, 95 % interval 401 Mbps to 405 Mbps" in comparison_to_junit(document)


def test_an_input_without_a_migration_is_a_skipped_case() -> None:
    """A pipeline whose captures came out empty learns of it."""
    document = benched()
    lost = msgspec.structs.replace(document.inputs[0], path="none.pcap", migrations=0, counted=0, because="cut")
    told = outcomes(msgspec.structs.replace(document, inputs=[*document.inputs, lost]))
    assert told["none.pcap"] == "skipped"
    assert told[document.inputs[0].path] == "system-out"


@pytest.mark.parametrize("document", [apart(800, 400), benched()], ids=["compare", "bench"])
def test_a_dashboard_hears_every_spread_and_difference(document: Comparison) -> None:
    """In base units; what is unknown has no sample."""
    told = samples(comparison_to_metrics(document))
    values = {(name, *sorted(labels.items())): value for name, labels, value in told}
    assert len(values) == len(told)
    for group in document.groups:
        of_group = ("group", group.name)
        assert values[("vmpcap_group_migrations", of_group)] == group.migrations
        for spread in group.spreads:
            base = BASES[spread.unit]
            family = f"vmpcap_group_{spread.figure}{base.end}"
            assert values[("vmpcap_group_n", ("figure", spread.figure), of_group)] == spread.n
            for name in ("least", "median", "median_high", "most"):
                figure = getattr(spread, name)
                shown = values.get((family, of_group, ("of", name)))
                assert shown == (None if figure is None else pytest.approx(figure * base.factor))
    for d in document.differences:
        states = {
            labels["vmpcap_difference"]: v
            for n, labels, v in told
            if n == "vmpcap_difference" and labels["figure"] == d.figure
        }
        assert states == {word: float(word == d.word) for word in ("higher", "lower", "undecided")}
        assert values[("vmpcap_difference_worse", ("figure", d.figure))] == is_worse(d)
        shift = values.get((f"vmpcap_difference_{d.figure}{BASES[d.unit].end}", ("of", "shift")))
        assert shift == (None if d.shift is None else pytest.approx(d.shift * BASES[d.unit].factor))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_break_neither_format(name: str) -> None:
    """Of paths, groups and reasons."""
    document = benched()
    group = msgspec.structs.replace(document.groups[0], name=HOSTILE[name])
    source = msgspec.structs.replace(document.inputs[0], path=HOSTILE[name], counted=0, because=HOSTILE[name])
    document = msgspec.structs.replace(document, groups=[group], inputs=[source])
    junit, metrics = comparison_to_junit(document), comparison_to_metrics(document)
    assert not harmful(junit + metrics)
    assert len(list(ElementTree.fromstring(junit).iter("testcase"))) == len(group.spreads) + 1
    assert len(samples(metrics)) == len(samples(comparison_to_metrics(benched())))
