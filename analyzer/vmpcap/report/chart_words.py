"""The charts of the page in words, for whoever does not see them: what is drawn, and its figures."""

from collections.abc import Iterator, Sequence
from math import ceil
from statistics import median
from typing import Final

from vmpcap.report.document import Migration, Report
from vmpcap.report.words import figure, figure_bound, seconds_between, span
from vmpcap.terms.units import count_of

FARTHEST: Final = 3.0
"""The time axis reaches to an announcement behind the stream's end, but at most to so many times its length."""
MOST_PHASES: Final = 4
"""Phases that are told one by one."""


def stream_end(m: Migration) -> float:
    """Where does the chart's last bin of goodput end, in seconds after the start?"""
    at = [point.at_s for point in m.series]
    return at[-1] + (at[1] - at[0]) if len(at) > 1 else 1.0


def announced_at(m: Migration) -> list[float]:
    """When was the guests' announcement seen at any point, in seconds after the start?"""
    heard = (seen for guest in m.guests for seen in guest.announcements.by_point.values())
    return sorted(at for seen in heard for ts in seen.times if (at := seconds_between(m.start_ts, ts)) is not None)


def chart_end(m: Migration) -> float:
    """Until when does the chart of goodput reach? To the last switchover and announcement, unless one is far off."""
    end = stream_end(m)
    known = [guest.switchover for guest in m.guests[:3] if guest.switchover.bracket_ms is not None]
    gone = [seconds_between(m.start_ts, one.bracket.to_ts) for one in known]
    near = [at for at in announced_at(m) if at <= FARTHEST * end]
    return max(end, *(at for at in gone if at is not None), *near, 0.0)


def beyond_words(m: Migration) -> str:
    """Which announcements lie outside of the chart? Empty where none does."""
    end = chart_end(m)
    early, late = [at for at in announced_at(m) if at < 0], [at for at in announced_at(m) if at > end]
    told = []
    if early:
        told.append(f"{count_of(len(early), 'announcement')} before it begins, the first {span(-early[0])} before")
    if late:
        told.append(f"{count_of(len(late), 'announcement')} after its end, the last at {span(late[-1])}")
    return f"not in the chart: {'; '.join(told)}" if told else ""


def goodput_words(m: Migration, report: Report) -> str:
    """How fast was it, and what happened when?"""
    rates = sorted(point.mbps for point in m.series)
    top = max(m.series, key=lambda point: point.mbps)
    parts = [
        f"median {figure(median(rates), 'Mbps')}, 99th percentile {figure(_share(rates, 0.99), 'Mbps')},"
        f" most {figure(top.mbps, 'Mbps')} at {span(top.at_s)} of {span(stream_end(m))}"
    ]
    if report.profile.throughput_mbps_min is not None:
        parts.append(f"{figure(report.profile.throughput_mbps_min, 'Mbps')} needed")
    parts += _phases(m)
    for guest in m.guests[:3]:
        gone = guest.switchover
        ends = [seconds_between(m.start_ts, ts) for ts in (gone.bracket.from_ts, gone.bracket.to_ts)]
        if ends[0] is not None and ends[1] is not None and gone.at_most_ms is not None:
            length = figure_bound(gone.at_most_ms, "ms", "most")
            parts.append(f"guest gone within {span(ends[0])} to {span(ends[1])}, at most {length}")
    heard = announced_at(m)
    if heard:
        parts.append(f"announcements seen {count_of(len(heard), 'time')}, from {span(heard[0])} to {span(heard[-1])}")
    return f"goodput of {m.id} over time: {'; '.join(parts)}"


def round_trip_words(m: Migration, report: Report, what: str) -> str:
    """How are the round trips spread?"""
    known = (
        ("shortest", m.rtt.min_ms),
        ("median", m.rtt.p50_ms),
        ("95th percentile", m.rtt.p95_ms),
        ("99th percentile", m.rtt.p99_ms),
        ("longest", m.rtt.max_ms),
        ("idle path", m.rtt.idle_ms),
    )
    told = ", ".join(f"{name} {figure(value, 'ms')}" for name, value in known if value is not None)
    return f"{what}: {told}{_limit(report)}"


def over_time_words(m: Migration, report: Report) -> str:
    """When were round trips longest, and when was something sent again?"""
    parts = []
    longest = max(m.rtt.over_time, key=lambda one: one.most_ms or 0.0)
    medians = [one.median_ms for one in m.rtt.over_time if one.median_ms is not None]
    if medians:
        parts.append(f"medians of its parts from {figure(min(medians), 'ms')} to {figure(max(medians), 'ms')}")
    if longest.most_ms is not None:
        at = seconds_between(m.start_ts, longest.start_ts)
        parts.append(f"longest {figure(longest.most_ms, 'ms')}{f' at {span(at)}' if at is not None else ''}")
    again = [one for one in m.rtt.over_time if one.resent_bytes]
    sent = sum(one.resent_bytes or 0 for one in again)
    times = [at for one in again if (at := seconds_between(m.start_ts, one.start_ts)) is not None]
    parts.append(f"{sent / 1000:,.1f} kB sent again" if again else "nothing sent again")
    if times:
        parts[-1] += f", in the parts from {span(times[0])} to {span(times[-1])}"
    return f"round trips and bytes sent again of {m.id} over time: {'; '.join(parts)}{_limit(report)}"


def _phases(m: Migration) -> Iterator[str]:
    """What the stream did when."""
    told = []
    for phase in m.phases[:MOST_PHASES]:
        ends = [seconds_between(m.start_ts, ts) for ts in (phase.start_ts, phase.end_ts)]
        if ends[0] is not None and ends[1] is not None:
            told.append(f"{phase.kind} {phase.n} from {span(ends[0])} to {span(ends[1])}")
    left = len(m.phases) - MOST_PHASES
    if told:
        yield f"phases: {', '.join(told)}{f' and {left} more' if left > 0 else ''}"


def _share(ordered: Sequence[float], share: float) -> float:
    """The least of them that at least this share of all do not exceed."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


def _limit(report: Report) -> str:
    limit = report.profile.rtt_ms_max
    return f"; at most {figure(limit, 'ms')} allowed" if limit is not None else ""
