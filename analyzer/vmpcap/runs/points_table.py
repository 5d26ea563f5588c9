"""Points held against each other, as rows and as a small picture."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from vmpcap.points.between import Between, OneWay
from vmpcap.points.jumps import how_often, jumps_of
from vmpcap.points.one_sided import UNFIT, describe_one_sided
from vmpcap.points.unsteady import scattered_by
from vmpcap.runs.between import Together
from vmpcap.terms.columns import POINTS, dtypes, through_gate
from vmpcap.terms.frame_numbers import parted
from vmpcap.terms.units import NS_PER_MS, count_of, iso_utc

if TYPE_CHECKING:
    import polars as pl

NOTHING_SHARED: Final = "no packet was seen at both"
NO_ANSWERS: Final = "no two ends whose packets both points saw in both directions: the clocks cannot be compared"
CONTRADICTS: Final = "this pair's clocks contradict what the other pairs say of the two points: no figure is sure"
LOST: Final = (
    "lost: what the second point does not show, whether it arrived unrecorded or not at all; not what TCP acknowledged"
    " before it was sent again, nor a ping whose reply passed it: they came unrecorded"
)
TOLD_DRIFT_PPM: Final = 100.0
"""A drift less sure than this is not told in the picture."""


def point_frame(together: Together) -> "pl.DataFrame":
    """One row for each two points and direction; one with `because` for points that share nothing."""
    import polars as pl

    rows = [row for pair in together.pairs for row in _rows(together, pair)]
    return through_gate(pl.DataFrame(rows, schema=dtypes(POINTS)), POINTS, "points")


def _rows(together: Together, pair: Between) -> Iterator[dict[str, Any]]:
    one, other = together.names[pair.one], together.names[pair.other]
    ways = [(one, other, pair.forth, 1, pair.repeated_other), (other, one, pair.back, -1, pair.repeated_one)]
    said = False
    for here, there, way, sign, repeated in ways:
        if way is not None:
            shared = _shared(together, pair, sign, repeated)
            yield {"from_point": here, "to_point": there, **shared, **_of_way(way, pair.scale)}
            said = True
    if not said:
        yield {"from_point": one, "to_point": other, **_shared(together, pair, 1, pair.repeated_other)}


def _shared(together: Together, pair: Between, sign: int, repeated: int) -> dict[str, Any]:
    """What a row says of both directions; sign is -1 where it goes from the other point to the one."""
    row: dict[str, Any] = {"one_in": pair.scale}
    if pair.matched or pair.ambiguous:
        row |= {
            "repeated": repeated * pair.scale,
            "ambiguous": pair.ambiguous * pair.scale,
            "undecided": pair.undecided * pair.scale,
            "translated": pair.translated * pair.scale,
        }
    else:
        return row | {"because": NOTHING_SHARED}
    if pair.clock is None:
        names = together.names[pair.one], together.names[pair.other]
        one_sided = describe_one_sided(pair.one_sided, *names) if pair.one_sided is not None else ""
        if one_sided == UNFIT:
            return row | {"because": UNFIT}
        return row | {"because": f"{NO_ANSWERS}; {one_sided}" if one_sided else NO_ANSWERS}
    low, high = pair.clock.at(pair.clock.middle_ts)
    at_ns = pair.clock.middle_ts if sign > 0 else pair.clock.middle_ts + (low + high) // 2
    drift, doubt, bound = _drift_ppm(pair.clock.likely_drift, pair.clock.longest.drift)
    row |= {
        "offset_ms": sign * (low + high) / 2 / NS_PER_MS,
        "offset_at_ts": at_ns,
        "uncertainty_ms": min(pair.clock.alike_ns or (high - low) / 2, (high - low) / 2) / NS_PER_MS,
        "bound_ms": (high - low) / 2 / NS_PER_MS,
        "drift_ppm": sign * drift,
        "drift_uncertainty_ppm": doubt,
        "drift_bound_ppm": bound,
        "clock_steps": sum(jump.is_shown for jump in jumps_of(pair.clock)),
    }
    said = [CONTRADICTS] if (pair.one, pair.other) in together.contradictions else []
    said += [
        f"{jump.what} {(jump if sign > 0 else jump.back).words(together.names[pair.one])}"
        for jump in jumps_of(pair.clock)
    ]
    if pair.clock.unsteady_ns:
        said.append(f"the time stamps of one of the two, or of both, {scattered_by(pair.clock.unsteady_ns)}")
    said += [
        f"the time stamps of {together.names[point]} are {unit / NS_PER_MS:g} ms apart at least"
        for point, unit in zip((pair.one, pair.other), pair.coarse_ns, strict=True)
        if unit
    ]
    return row | {"because": "; ".join(said)} if said else row


def _of_way(way: OneWay, scale: int) -> dict[str, Any]:
    """One direction's columns; each packet of a sample stands for so many."""
    delays = way.delays_ms or (None,) * 4
    return {
        "matched": way.matched * scale,
        "lost": way.lost * scale,
        "lost_frames": [parted(number)[1] for number in way.lost_frames],
        "missed": way.missed * scale,
        "elsewhere": way.elsewhere * scale,
        "not_after": way.not_after * scale,
        "recut": way.recut * scale,
        "reordered": way.reordered * scale,
        **dict(zip(("delay_min_ms", "delay_p50_ms", "delay_p95_ms", "delay_p99_ms"), delays, strict=True)),
        "delay_uncertainty_ms": way.uncertainty_ms,
        "ttl_step": way.ttl_step,
        "dscp_changed": way.remarks.dscp * scale,
        "ecn_changed": way.remarks.ecn * scale,
        "vlan_changed": way.remarks.vlan * scale,
        "largest_from_bytes": way.largest_from,
        "largest_to_bytes": way.largest_to,
    }


def point_picture(together: Together) -> str:
    """The points as a tree along their ways, each below its nearest, with their clocks and what lies between."""
    pairs = {frozenset((p.one, p.other)): p for p in together.pairs if p.forth is not None or p.back is not None}
    lines = list(together.doubts)
    for group in _groups(range(len(together.names)), pairs):
        drawn: int | None = None
        for point, above in _tree(group, pairs):
            if above is not None and above != drawn:
                lines.append(f"on another way from {together.names[above]}:")
            if above is not None:
                lines += _link(together, pairs.get(frozenset((above, point))), above)
            lines.append(f"{together.names[point]}: {_clock(together, point)}")
            drawn = point
        lines.append("")
    if any(way is not None and way.lost for pair in together.pairs for way in (pair.forth, pair.back)):
        lines += [LOST, ""]
    return "\n".join(lines) + "\n"


def _groups(points: Sequence[int], pairs: dict[frozenset[int], Between]) -> list[list[int]]:
    """Points that hang together by packets; each one of its own where none does."""
    rest, groups = list(points), []
    while rest:
        group, waiting = [], [rest.pop(0)]
        while waiting:
            point = waiting.pop(0)
            group.append(point)
            near = [q for q in rest if frozenset((point, q)) in pairs]
            waiting += near
            rest = [q for q in rest if q not in near]
        groups.append(sorted(group))
    return groups


def _tree(group: Sequence[int], pairs: dict[frozenset[int], Between]) -> Iterator[tuple[int, int | None]]:
    """
    Each point with that one of those before it to which it is nearest, from one end; every branch to its end.

    By the time there and back, which no clock can falsify; what passed the fewest routers is nearer than what took a
    little less, so that a router is drawn once.
    """

    def far(one: int, other: int) -> float:
        pair = pairs.get(frozenset((one, other)))
        ways = [w.delays_ms for w in (pair.forth, pair.back) if w is not None] if pair is not None else []
        known = [delays[0] for delays in ways if delays is not None]
        return sum(known) if len(known) == 2 else -1.0

    def distance(one: int, other: int) -> tuple[bool, int, float]:
        pair = pairs.get(frozenset((one, other)))
        ways = [pair.forth, pair.back] if pair is not None else []
        routers = max((abs(w.ttl_step) for w in ways if w is not None and w.ttl_step is not None), default=0)
        return pair is None, routers, far(one, other)

    end = max(group, key=lambda point: (max((far(point, q) for q in group if q != point), default=0.0), -point))
    below: dict[int, list[int]] = {point: [] for point in group}
    placed, rest = [end], [point for point in group if point != end]
    while rest:
        known = [(far(p, q), q) for p in placed for q in rest if far(p, q) >= 0]
        joined = [q for q in rest if any(frozenset((p, q)) in pairs for p in placed)]
        point = min(known)[1] if known else (joined or rest)[0]
        below[min(placed, key=lambda p: (*distance(p, point), p))].append(point)
        placed.append(point)
        rest.remove(point)

    def walk(point: int, above: int | None) -> Iterator[tuple[int, int | None]]:
        yield point, above
        for child in below[point]:
            yield from walk(child, point)

    yield from walk(end, None)


def _link(together: Together, pair: Between | None, above: int) -> list[str]:
    if pair is None:
        return [f"  \u2506  {NOTHING_SHARED}"]
    down, up = (pair.forth, pair.back) if pair.one == above else (pair.back, pair.forth)
    return [
        f"  {arrow}  {_way(way, pair.scale)}" for arrow, way in (("\u2193", down), ("\u2191", up)) if way is not None
    ]


def _way(way: OneWay, scale: int) -> str:
    delay = ""
    if way.delays_ms is not None:
        delay = (
            f"{way.delays_ms[0]:.3f} ms at least \u00b1 {way.uncertainty_ms:.3f}, {way.delays_ms[1]:.3f} as a rule; "
        )
    about = "about " if scale > 1 else ""
    lost = f"{about}{way.lost * scale:,} of {(way.matched + way.lost) * scale:,} lost"
    lost += f" (by one packet in {scale:,})" if scale > 1 else ""
    lost += f"; {about}{way.missed * scale:,} came unrecorded" if way.missed else ""
    lost += f"; {about}{way.elsewhere * scale:,} went another way" if way.elsewhere else ""
    rest = f"; {about}{way.silent_after * scale:,} left after the last that came: lost, or not recorded"
    lost += rest if way.silent_after else ""
    routers = f"; {count_of(way.ttl_step, 'router')} between" if way.ttl_step else ""
    recut = "; segments were cut or joined on the way" if way.recut else ""
    remarks = "".join(f"; {words}" for words in way.remarks.words(scale))
    sizes = (
        ""
        if way.largest_from == way.largest_to
        else f"; payloads up to {way.largest_from:,} and {way.largest_to:,} bytes"
    )
    return f"{delay}{lost}{routers}{remarks}{recut}{sizes}"


def _drift_ppm(likely: tuple[float, float], bound: tuple[float, float]) -> tuple[float, float, float]:
    """Its middle, by how much that may be wrong if the least delays stay as they are, and by how much in any case."""
    middle = sum(likely) / 2 * 1e6
    return middle, (likely[1] - likely[0]) / 2 * 1e6, max(bound[1] * 1e6 - middle, middle - bound[0] * 1e6)


def _drift(likely: tuple[float, float], bound: tuple[float, float]) -> str:
    middle, doubt, most = _drift_ppm(likely, bound)
    if doubt > TOLD_DRIFT_PPM:
        return ""
    more = f" if the least delays stay as they are, \u00b1 {most:.1f} in any case" if likely != bound else ""
    return f", drift {middle:+.1f} ppm \u00b1 {doubt:.1f}{more}"


def _clock(together: Together, point: int) -> str:
    stands = together.standings.get(point)
    if stands is None:
        is_used = any(s.via[0] == point for s in together.standings.values())
        return "the clock that others are held against" if is_used else "clock not known against the others"
    text, bound = f"clock {stands.middle_ns / NS_PER_MS:+.3f} ms", f" \u00b1 {stands.uncertainty_ns / NS_PER_MS:.3f}"
    if stands.alike_ns is not None and stands.alike_ns < stands.uncertainty_ns:
        text += f" \u00b1 {stands.alike_ns / NS_PER_MS:.3f} if both ways are alike,{bound} in any case"
    else:
        text += bound
    if stands.drift is None or stands.drift[0] > 0 or stands.drift[1] < 0:
        text += f" at {(iso_utc(stands.at_ts) or '')[11:23]} UTC"
    text += "; it may be the same clock" if stands.timeline.is_given else ""
    if stands.drift is not None:
        text += _drift(stands.likely_drift or stands.drift, stands.drift)
    if stands.steps:
        text += f"; {how_often(jump for _, _, jump in stands.jumps)}; here in its longest piece: "
        text += "; ".join(
            f"{together.names[other]} against {together.names[one]} {jump.words(together.names[one])}"
            for one, other, jump in stands.jumps
        )
    if len(stands.via) > 2:
        text += f", by way of {', '.join(together.names[p] for p in stands.via[1:-1])}"
    return text
