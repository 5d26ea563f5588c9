"""From counted migrations to distributions, and to what two of them show of each other."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Literal

from vmpcap.measures.resampling import LEAST, chance_of_apart, finite, median_interval, quantile, shift_between
from vmpcap.report.comparison import BENCH, COMPARE, Comparison, Difference, Group, Source, Spread
from vmpcap.report.document import Migration, Tool
from vmpcap.report.words import figure as worded
from vmpcap.runs.figures import FIGURES, Figure
from vmpcap.runs.gathered import Counted, Given
from vmpcap.runs.report_time import time_of_report
from vmpcap.terms.addresses import USUAL_PREFIX
from vmpcap.terms.units import count_of
from vmpcap.terms.version import VERSION

LEAST_CHANCE: Final = 0.05
"""What comes about by chance as often as this shows nothing."""


def _hosts(m: Migration) -> str:
    return f"{m.source} to {m.destination}"


def _networks(m: Migration) -> str:
    return f"{_network(m.source or '')} to {_network(m.destination or '')}"


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address}/{USUAL_PREFIX[parsed.version]}", strict=False))


GROUPINGS: Final[dict[str, Callable[[Migration], str]]] = {
    "hosts": _hosts,
    "networks": _networks,
    "all": lambda m: "all migrations",
}
"""What a path is: from host to host, from network (/24, /64) to network, or all together."""

REPEATED: Final = (
    "intervals tell of repeated migrations like these: same load, same time of day. What all of one side share, such as"
    " the day, the guest or the hosts, is not told from the link"
)


def compare(given: Sequence[Given], counted: Sequence[Counted], doubles: dict[int, str]) -> Comparison:
    """How do the migrations of B stand to those of A?"""
    sides = [[c for c in counted if c.side == side] for side in ("A", "B")]
    groups = [_group(side, name) for side, name in zip(sides, ("A", "B"), strict=True)]
    differences = [_difference(figure, *sides) for figure in FIGURES]
    notes = [*_few(groups), *_unlike(groups), *_parts(counted), *_read_notes(given)]
    decided = [d for d in differences if d.word != "undecided"]
    if decided:
        notes.append(
            f"{count_of(len(differences), 'figure')} were compared: about one in twenty of them differs by chance alone"
        )
    return _document(COMPARE, given, counted, doubles, groups, differences, [*notes, REPEATED])


def bench(given: Sequence[Given], counted: Sequence[Counted], doubles: dict[int, str], by: str) -> Comparison:
    """How do the migrations of each path spread?"""
    name_of = GROUPINGS[by]
    names = sorted({name_of(c.migration) for c in counted})
    groups = [_group([c for c in counted if name_of(c.migration) == name], name) for name in names]
    notes = [*_few(groups), *_unlike(groups), *_parts(counted), *_read_notes(given), REPEATED]
    return _document(BENCH, given, counted, doubles, groups, [], notes)


def _document(
    schema: str,
    given: Sequence[Given],
    counted: Sequence[Counted],
    doubles: dict[int, str],
    groups: list[Group],
    differences: list[Difference],
    notes: list[str],
) -> Comparison:
    inputs = [
        Source(
            path=g.path,
            side=g.side,
            kind=g.kind,
            migrations=len(g.migrations),
            counted=sum(c.given is g for c in counted),
            tool_version=g.version,
            because=g.problem
            or "; ".join(words for words in (doubles.get(place, ""), g.left_out) if words)
            or ("" if g.migrations else "no migration was found in it"),
        )
        for place, g in enumerate(given)
    ]
    tool = Tool(name="vmpcap", version=VERSION)
    return Comparison(
        schema=schema,
        tool=tool,
        generated_at=time_of_report(),
        inputs=inputs,
        groups=groups,
        differences=differences,
        notes=[*notes, *(f"{given[place].path}: {words}" for place, words in doubles.items())],
    )


def _group(counted: Sequence[Counted], name: str) -> Group:
    return Group(
        name=name,
        migrations=len(counted),
        outcomes=dict(Counter(c.migration.outcome for c in counted).most_common()),
        paths=dict(Counter(_hosts(c.migration) for c in counted).most_common()),
        round_trips=dict(Counter(c.migration.rtt.measured_by or "none" for c in counted).most_common()),
        spreads=[_spread(figure, counted) for figure in FIGURES],
    )


def _values(figure: Figure, counted: Sequence[Counted]) -> tuple[list[float], list[str]]:
    """What was measured, and why it was not where it was not."""
    read = [figure.read(c.migration) for c in counted]
    return [v for v, _ in read if v is not None], [why for v, why in read if v is None]


def _spread(figure: Figure, counted: Sequence[Counted]) -> Spread:
    values, reasons = _values(figure, counted)
    interval = median_interval(values)
    because = [f"{number} not measured: {why}" for why, number in Counter(reasons).most_common()]
    if 0 < len(values) < LEAST:
        because.append(f"no interval from {count_of(len(values), 'value')}")
    at = {share: finite(quantile(values, share)) if values else None for share in (0, 0.25, 0.5, 0.75, 1)}
    return Spread(
        figure=figure.name,
        unit=figure.unit,
        n=len(values),
        unknown=len(reasons),
        unended=values.count(inf),
        median=at[0.5],
        median_low=finite(interval.low) if interval else None,
        median_high=finite(interval.high) if interval else None,
        least=at[0],
        p25=at[0.25],
        p75=at[0.75],
        most=at[1],
        values=[v for v in values if v != inf],
        because="; ".join(because),
    )


def _difference(figure: Figure, first: Sequence[Counted], second: Sequence[Counted]) -> Difference:
    a, b = _values(figure, first)[0], _values(figure, second)[0]
    if not a or not b:
        side = "neither side" if not a and not b else "A" if not a else "B"
        because = f"not measured on {side}" if a or b else "measured on neither side"
        return Difference(
            figure=figure.name,
            unit=figure.unit,
            word="undecided",
            because=because,
            shift=None,
            shift_low=None,
            shift_high=None,
            cliffs_delta=None,
            b_higher_share=None,
            chance=None,
        )
    found = shift_between(a, b)
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    word: Literal["higher", "lower", "undecided"] = "undecided"
    if min(len(a), len(b)) < LEAST:
        because = _too_few(len(a), len(b))
    elif found.chance >= LEAST_CHANCE:
        because = f"{_shown(found.chance)} of groups dealt by chance differ as much: no difference is shown"
        if low is not None and high is not None:
            because += f"; one of {worded(max(abs(low), abs(high)), figure.unit)} is not excluded"
    elif low is not None and high is not None and low <= 0 <= high:
        because = f"the interval holds 0: no difference is shown; one of {worded(max(-low, high), figure.unit)} is not"
        because += " excluded"
    else:
        word = "higher" if found.cliffs_delta > 0 else "lower"
        because = f"{_shown(found.chance)} of groups dealt by chance differ as much"
        if found.shift is None:
            because += "; by how much is not known, for some did not end in view"
    return Difference(
        figure=figure.name,
        unit=figure.unit,
        word=word,
        because=because,
        shift=found.shift,
        shift_low=low,
        shift_high=high,
        cliffs_delta=found.cliffs_delta,
        b_higher_share=found.higher_share,
        chance=found.chance,
    )


def _too_few(a: int, b: int) -> str:
    if a == b == 1:
        return "one migration each: what differs between links and what between any two migrations is not told apart"
    return (
        f"{a} against {b}: too few to tell; even without any overlap {_shown(chance_of_apart(a, b))} of groups dealt"
        " by chance differ as much"
    )


def _shown(share: float) -> str:
    return worded(share, "share") if share >= 0.001 else "fewer than 0.1 %"


def _few(groups: Sequence[Group]) -> list[str]:
    few = [g for g in groups if 0 < g.migrations < LEAST]
    if not few:
        return []
    names = ", ".join(f"{g.name} ({g.migrations})" for g in few[:6]) + (" and others" if len(few) > 6 else "")
    return [
        f"fewer than {LEAST} migrations in {names}: their figures are what happened, and no estimate of what will;"
        " from so few neither spread nor difference can be concluded"
    ]


def _unlike(groups: Sequence[Group]) -> list[str]:
    """What makes figures of groups unlike, apart from the link."""
    ways = {name for g in groups for name in g.round_trips} - {"none"}
    notes = []
    if len(ways) > 1:
        notes.append(
            f"round trips were measured in unlike ways ({', '.join(sorted(ways))}): those by time stamps lean high,"
            " those by handshakes are of an empty path"
        )
    broken = sum(n for g in groups for outcome, n in g.outcomes.items() if outcome != "completed")
    if broken:
        notes.append(
            f"{count_of(broken, 'migration')} did not complete in view: in throughput, round trips and resent"
            " they count, in duration and switchover they cannot"
        )
    return notes


def _parts(counted: Sequence[Counted]) -> list[str]:
    """A migration that completed, of which only a part is in view."""
    count = sum(c.migration.is_cut and c.migration.outcome == "completed" for c in counted)
    if not count:
        return []
    told = f"{count_of(count, 'migration')} {'is' if count == 1 else 'are'} in view in part only"
    return [f"{told}: in duration a part cannot count"]


def _read_notes(given: Sequence[Given]) -> list[str]:
    versions = sorted({g.version for g in given if g.version})
    notes = [f"not readable: {g.problem}" for g in given if g.problem]
    if len(versions) > 1:
        notes.append(
            f"reports of unlike versions of vmpcap ({', '.join(versions)}): figures may be defined differently"
        )
    return notes
