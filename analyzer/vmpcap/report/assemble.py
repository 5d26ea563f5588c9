"""From stories and checks to the one document."""

from collections.abc import Sequence
from typing import Literal

from vmpcap.measures.series import put_together
from vmpcap.migration.results import Guest
from vmpcap.migration.stories import Story, Told
from vmpcap.migration.stream.beginnings import begins_in_view, hypervisor_because
from vmpcap.migration.stream.endings import read_ending
from vmpcap.migration.stream.host_names import name_hosts
from vmpcap.migration.stream.transfers import Link
from vmpcap.report.about_guest import not_listed
from vmpcap.report.document import SCHEMA, Clock, Input, Migration, Opening, ProfileUsed, Report, SeriesPoint, Tool
from vmpcap.report.headline import headline
from vmpcap.terms.units import NO_TIME, NS_PER_S, iso_utc, mbps, seconds
from vmpcap.terms.version import VERSION
from vmpcap.verdicts.judge import check_all, conclude, conclude_report
from vmpcap.verdicts.profile import Profile

MOST_SERIES_POINTS = 2_000
"""A series is thinned to about so many points by widening its bins: sums stay exact."""


def assemble(
    told: Told,
    profile: Profile,
    inputs: Sequence[Input],
    clocks: Sequence[Clock],
    notes: Sequence[str],
    decode_as: Sequence[str],
    generated_at: str,
) -> Report:
    """What does the whole report say?"""
    migrations = [_migration(number, story, profile) for number, story in enumerate(told.stories, 1)]
    verdict = conclude_report([m.verdict for m in migrations])
    return Report(
        schema=SCHEMA,
        tool=Tool(name="vmpcap", version=VERSION),
        generated_at=generated_at,
        profile=profile_used(profile),
        verdict=verdict,
        because=headline(migrations, inputs, _instead(told)),
        inputs=list(inputs),
        clocks=list(clocks),
        migrations=migrations,
        decode_as=list(decode_as),
        other_announcements=told.other_announcements,
        announcers=list(told.announcers),
        mechanisms=list(told.at_rest),
        notes=[
            *told.role_doubts,
            *told.name_doubts,
            *notes,
            *told.look_alikes,
            *(one.sentence for one in told.unanswered),
            *(r.sentence for r in told.restarts),
            *_refusals(told),
            *(f"{m.id}, guest {g.mac}: not listed are {not_listed(g)}" for m, g in _crowded(migrations)),
        ],
    )


def _duration_s(story: Story) -> float | None:
    """By a clock that was set meanwhile, or without one, nobody knows."""
    transfer = story.move.best.transfer
    if transfer.start_ts == NO_TIME or not story.has_stream or story.figures.throughput.unknown_because:
        return None
    return seconds(transfer.end_ts - transfer.start_ts)


def profile_used(profile: Profile) -> ProfileUsed:
    """What a document tells of the profile."""
    return ProfileUsed(
        name=profile.name,
        throughput_mbps_min=profile.throughput_mbps_min,
        rtt_ms_max=profile.rtt_ms_max,
        switchover_ms_max=profile.switchover_ms_max,
        scope=profile.scope,
        sources=list(profile.sources),
    )


def _migration(number: int, story: Story, profile: Profile) -> Migration:
    transfer = story.move.best.transfer
    checks = check_all(story, profile)
    cut = _cut_at(story)
    return Migration(
        id=f"m{number}",
        hypervisor=transfer.hypervisor,
        source=transfer.source or None,
        destination=transfer.destination or None,
        ports=sorted({link.port for link in transfer.links}),
        connections=len(transfer.links),
        encapsulation=sorted({link.connection.encapsulation for link in transfer.links}),
        encrypted=story.encrypted,
        start_ts=iso_utc(transfer.start_ts) if story.has_stream else None,
        end_ts=iso_utc(transfer.end_ts) if story.has_stream else None,
        duration_s=_duration_s(story),
        outcome=story.outcome.outcome,
        outcome_because=story.outcome.because,
        known_by=story.known_by,
        hypervisor_because=hypervisor_because(transfer) if story.has_stream else story.figures.throughput.limit_because,
        is_cut=bool(cut),
        cut_at=cut,
        point=story.point,
        bytes=story.figures.bytes,
        throughput=story.figures.throughput,
        rtt=story.figures.rtt,
        loss=story.figures.loss,
        phases=story.phases,
        phases_because=story.phases_because,
        path=story.path,
        guests=[guest.result for guest in story.guests],
        mechanisms=list(story.mechanisms),
        checks=checks,
        verdict=conclude(checks),
        series=_series(story),
        segments=list(story.segments),
        openings=sorted(map(_opening, transfer.links), key=lambda one: (one.source_port, one.destination_port)),
        other_names=name_hosts(story.move) if story.has_stream else [],
    )


def _opening(link: Link) -> Opening:
    ends = link.connection.a_port, link.connection.b_port
    return Opening(source_port=ends[link.data_side], destination_port=link.port, sequence=link.data.isn)


def _cut_at(story: Story) -> list[Literal["begin", "end"]]:
    """Which ends of the stream are not in view at the point whose figures are told?"""
    if not story.has_stream:
        return []
    best = story.move.best
    parts: list[Literal["begin", "end"]] = [] if begins_in_view(best.transfer) else ["begin"]
    return [*parts, "end"] if read_ending(best).ending == "truncated" else parts


def _series(story: Story) -> list[SeriesPoint]:
    """Goodput over time from the stream's start, at most about MOST_SERIES_POINTS bins."""
    transfer = story.move.best.transfer
    together = story.figures.together or put_together([link.data for link in transfer.links])
    if together is None:
        return []
    values = together.delivered_bytes
    fold = -(-len(values) // MOST_SERIES_POINTS)
    width = together.width_ns * fold
    points = []
    for i in range(0, len(values), fold):
        at = (together.start_ns + i * together.width_ns - transfer.start_ts) / NS_PER_S
        points.append(SeriesPoint(at_s=round(at, 6), mbps=mbps(int(values[i : i + fold].sum()), width) or 0.0))
    return points


def _crowded(migrations: Sequence[Migration]) -> list[tuple[Migration, Guest]]:
    """Guests with more streams than are listed."""
    return [(m, g) for m in migrations for g in m.guests if g.peers_left_out]


def _instead(told: Told) -> list[str]:
    """What was seen where no migration was recognised: machines that started anew or were silent, stalled streams."""
    stalled = dict.fromkeys(r.stalled for _, r in told.refused if r.stalled)
    return [*(r.short for r in told.restarts), *stalled, *(one.short for one in told.unanswered)]


def _refusals(told: Told) -> list[str]:
    """Connections on a migration port that were not taken for one, with the reason; a few by name, the rest counted."""
    lines = []
    for view, refused in told.refused[:5]:
        c = refused.connection
        lines.append(
            f"{view.name}: {c.a_ip}:{c.a_port} to {c.b_ip}:{c.b_port} is not taken for a migration: {refused.because}"
        )
    if len(told.refused) > 5:
        lines.append(f"{len(told.refused) - 5} further connections on migration ports were not taken for one")
    return lines
