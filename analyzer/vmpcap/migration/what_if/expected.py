"""What would this migration have taken on another link?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log2
from typing import Final

from msgspec import structs

from vmpcap.measures.results import Bytes, Rtt, Throughput
from vmpcap.migration.results import Guest as MovedGuest
from vmpcap.migration.results import MigrationOutcome, Phase
from vmpcap.migration.what_if.other_link import OPTIONS, USUAL_MSS, Allowed, Link, goodput_on, pace_of, payload_rate
from vmpcap.migration.what_if.precopy import LENIENT, Guest, copied, guests_that_fit
from vmpcap.migration.what_if.what_if_checked import BANDS, Kin, how_far_off, kin_of, outside_of
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.terms.units import count_of

GOALS_S: Final = {"qemu": 0.3, "vsphere": 0.5, "vmware": 0.5}
"""How long the last pass may take by default: QEMU's downtime-limit, ESXi's switchover goal."""
SOCKET_BYTES: Final = 4_194_304
"""What Linux lets a socket hold at most by default (tcp_wmem): sent for the hypervisor, not yet on the wire."""
POST_COPY: Final = 0.05
"""Payload behind the switchover, by all: with more of it than this the guest ran before its memory was there."""
FIRST_WINDOW: Final = 10
"""Segments that TCP sends before the first ACK (RFC 6928)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is asked of the measured migration."""

    hypervisor: str
    outcome: MigrationOutcome
    duration_s: float | None
    bytes: Bytes
    throughput: Throughput
    rtt: Rtt
    phases: Sequence[Phase]
    guests: Sequence[MovedGuest]
    mss: int | None
    is_cut: bool = False
    """Its begin or its end is not in view: a whole one has more."""
    phases_because: str = ""
    """Why nobody knows what flowed before the guest changed places; empty where that is known, or shows nowhere."""


def what_if(link: Link, m: Measured) -> WhatIf:
    """What is to be expected there? Undecided, with the goodput alone, where the measured one does not show enough."""
    allowed = goodput_on(link, m.throughput, m.mss)
    if allowed is None:
        return _open(link, None, "the measured stream carried no data in view")
    if m.outcome != "completed" or m.duration_s is None:
        return _open(link, allowed, f"the measured migration is {m.outcome}: how much a whole one has is not known")
    if m.is_cut:
        because = "the measured stream is in view in part only: how much a whole one has is not known"
        return _open(link, allowed, because)
    after = sum(p.payload_bytes for p in m.phases if p.kind == "resume")
    if after > POST_COPY * (m.bytes.unique or 0):
        return _open(
            link, allowed, "the guest ran at its destination before all memory was there: no pre-copy to go by"
        )
    if m.phases_because:
        return _open(link, allowed, m.phases_because)
    model = _model(m)
    if isinstance(model, str):
        return _open(link, allowed, model)
    return _expected(link, m, allowed, model)


@dataclass(frozen=True, slots=True)
class Model:
    """What is taken for the guest: where its last pass was seen, one for all; else the most quiet to the busiest."""

    quiet: Guest
    likely: Guest
    busy: Guest
    more_rounds: Guest | None
    """If the stream hid one more pass than the fewest that explain it."""
    goal_s: float
    last_bytes: int | None
    """Of the last pass, where it was seen."""
    told: tuple[str, ...]


def _model(m: Measured) -> Model | str:
    """Which guests fit what was measured? Why none can be named, where nothing bounds them."""
    pace = pace_of(m.throughput)
    assert pace is not None
    speed = pace * 1e6 / 8
    known = GOALS_S.get(m.hypervisor)
    last = _last_pass(m)
    if last is None and known is None:
        return "neither is in view when the guest stopped, nor is known when this hypervisor stops one"
    goal = known or 0.0
    how = f"the hypervisor stops the guest when what is left takes {goal * 1e3:.0f} ms: {m.hypervisor}'s default"
    if last is not None and last / speed / LENIENT > goal:
        goal = last / speed / LENIENT
        how = f"the hypervisor stops the guest when what is left takes {goal * 1e3:.0f} ms, as the measured one shows"
    lasts = (last, last) if last is not None else (goal * speed / 2, goal * speed)
    fits = [guests_that_fit((m.bytes.unique or 0), one, speed, goal) for one in lasts if one < (m.bytes.unique or 0)]
    if len(fits) < 2 or not all(fits):
        return "no number of passes over memory explains the measured bytes and the last pass"
    told = [how]
    if last is None:
        told.append(
            "when the guest stopped is not in view: its last pass is taken for half of that; for none and all of it at"
            " the extremes"
        )
    told += [
        f"the guest changes memory evenly at {fits[0][0].dirty_bytes_s * 8 / 1e6:.0f} Mbps, whatever it changed before;"
        " a guest that changes the same pages again needs less on a slower link",
        "nothing else of the hosts changes: processor, compression, number of connections",
    ]
    if len(fits[0]) > 1:
        told.append(
            "passes over memory are not told apart in the stream: the fewest that explain it are taken,"
            f" {fits[0][0].rounds} behind the first; if there were more,"
            " slower links take longer than told here"
        )
    return Model(
        quiet=fits[0][0] if last is not None else Guest(float(m.bytes.unique or 0), 0.0, 1),
        likely=fits[0][0],
        busy=fits[1][0],
        more_rounds=fits[0][1] if len(fits[0]) > 1 else None,
        goal_s=goal,
        last_bytes=last,
        told=tuple(told),
    )


def _last_pass(m: Measured) -> int | None:
    """Bytes between the guest's last frame at its old place and its first sign at the new one."""
    stopped = [g for g in m.guests if g.switchover.guest_silence_ms is not None]
    inside = [p.payload_bytes for p in m.phases if p.kind == "switchover"]
    if len(m.guests) != 1 or not stopped or not inside or not 0 < inside[0] < (m.bytes.unique or 0):
        return None
    return inside[0]


def _expected(link: Link, m: Measured, allowed: Allowed, model: Model) -> WhatIf:
    pace = pace_of(m.throughput)
    assert pace is not None
    assert m.duration_s is not None
    speed = pace * 1e6 / 8
    fixed = max(m.duration_s - (m.bytes.unique or 0) / speed, 0.0)

    def duration(guest: Guest, mbps: float) -> float | None:
        taken = copied(guest, mbps * 1e6 / 8, model.goal_s)
        if taken is None:
            return None
        return fixed + taken.total_bytes * 8 / mbps / 1e6 + _ramp(link, m, mbps, taken.total_bytes)

    told = [*allowed.assumptions, *model.told]
    if kin_of(allowed.middle, pace) == "faster":
        times = allowed.middle / pace
        told.append(f"the hosts can do {times:.1f} times what was measured, which nobody has seen")
    hidden = duration(model.more_rounds, allowed.middle) if model.more_rounds else None
    if model.more_rounds and hidden is None:
        told.append("if the measured stream hid one more pass, the guest changes memory too fast for this link")
    likely = copied(model.likely, allowed.middle * 1e6 / 8, model.goal_s)
    if likely is None:
        because = (
            f"the guest changes memory at about {model.likely.dirty_bytes_s * 8 / 1e6:.0f} Mbps if it does so evenly,"
            f" the link carries about {allowed.middle:.0f}: the passes may not get shorter"
        )
        return _open(link, allowed, because, told, model.likely)
    first = f"{model.likely.first_bytes / 1e6:.0f} MB"
    plain = WhatIf(
        rate_mbps=link.rate_mbps,
        rtt_ms=link.rtt_ms,
        loss=link.loss,
        outcome="converges",
        because=f"{count_of(likely.rounds, 'pass', 'passes')} behind the first of {first}",
        goodput_mbps=allowed.middle,
        goodput_low_mbps=allowed.low,
        goodput_high_mbps=allowed.high,
        limited_by=allowed.by,
        bytes=round(likely.total_bytes),
        rounds=likely.rounds,
        duration_s=duration(model.likely, allowed.middle),
        duration_low_s=duration(model.quiet, allowed.high),
        duration_high_s=duration(model.busy, allowed.low),
        dirty_mbps=model.likely.dirty_bytes_s * 8 / 1e6,
        hidden_round_s=hidden,
        checked=how_far_off(m.hypervisor, model.last_bytes is not None),
        assumptions=told,
    )
    outside = outside_of(
        m.hypervisor,
        model.last_bytes is not None,
        rate=link.rate_mbps,
        pace=pace,
        rtt=link.rtt_ms,
        loss=link.loss,
        payload=(m.bytes.unique or 0) / 1e6,
    )
    kin = kin_of(allowed.middle, pace)
    plain = structs.replace(plain, outside=outside)
    if model.last_bytes is None:
        return plain
    bracket = next(g.switchover.bracket_ms for g in m.guests) or 0.0
    farther = max(link.rtt_ms - (m.rtt.min_ms or 0.0), 0.0)
    beside = max(bracket - model.last_bytes / speed * 1e3, 0.0) + 2 * farther

    def stopped(last_pass_ms: float) -> float:
        """However little is left: what runs at the destination has come there, and was told to."""
        return max(last_pass_ms, link.rtt_ms) + beside

    longest_ms = max(model.goal_s, model.last_bytes / speed) * 1e3
    last_ms = min(model.last_bytes * 8 / allowed.middle / 1e3, longest_ms)
    told.append(
        f"{model.last_bytes / 1e6:.1f} MB are left when the guest stops, as measured, or less if the goal asks for it:"
        " guests change the same pages again and again, and these are left in the end"
    )
    if kin == "faster":
        last_ms = (last_ms * longest_ms) ** 0.5
        told.append(
            "on a faster link the guest is stopped when more is left: the last pass takes a time between that of what"
            " was left and the goal (their geometric mean)"
        )
    whole = structs.replace(
        plain,
        switchover_ms=stopped(last_ms),
        switchover_low_ms=stopped(0.0),
        switchover_high_ms=stopped(longest_ms + SOCKET_BYTES * 8 / allowed.low / 1e3),
        assumptions=told,
    )
    return whole if outside else _as_checked(whole, kin, _least_s(link, m, model))


def _least_s(link: Link, m: Measured, model: Model) -> float:
    """What no link can go below: the first pass over memory, at all of its rate."""
    guests = [model.likely] if model.more_rounds is None else [model.likely, model.more_rounds]
    first_bytes = min(guest.first_bytes for guest in guests)
    return first_bytes * 8 / 1e6 / payload_rate(link, (m.mss or USUAL_MSS) - OPTIONS)


def _as_checked(told: WhatIf, kin: Kin, least_s: float) -> WhatIf:
    """
    With the ranges in which nine of ten of those lay that they were made from; one without an end stays without.

    None begins below what the link cannot do. Where its rate is the bound, goodput ends no lower than what it carries
    when it is kept full: few of the links that were checked were, and others are.
    """
    band = BANDS[kin]
    ends: dict[str, float | None] = {}
    for name, likely, high in (
        ("goodput{}_mbps", told.goodput_mbps, told.goodput_high_mbps),
        ("duration{}_s", told.duration_s, told.duration_high_s),
        ("switchover{}_ms", told.switchover_ms, told.switchover_high_ms),
    ):
        assert likely is not None
        least, most = band[name.partition("{")[0]]
        ends[name.format("_low")] = likely * least
        ends[name.format("_high")] = None if high is None else likely * most
    if told.limited_by == "rate" and told.goodput_high_mbps is not None:
        ends["goodput_high_mbps"] = max(ends["goodput_high_mbps"] or 0.0, told.goodput_high_mbps)
    low_s = ends["duration_low_s"] or 0.0
    return structs.replace(told, **ends | {"duration_low_s": max(low_s, min(least_s, told.duration_s or low_s))})


def _ramp(link: Link, m: Measured, mbps: float, total_bytes: float) -> float:
    """
    What slow start costs more than at the measured distance, in seconds.

    It ends at the latest where all is sent: at ln 2 of that, so that no faster link is told to take longer.
    """

    def lost(rtt_ms: float) -> float:
        flight = min(mbps * 1e6 / 8 * rtt_ms / 1e3, log(2) * total_bytes)
        doublings = log2(max(flight / (FIRST_WINDOW * ((m.mss or USUAL_MSS) - OPTIONS)), 1.0))
        return doublings * rtt_ms / 1e3

    return max(lost(link.rtt_ms) - lost(m.rtt.min_ms or 0.0), 0.0)


def _open(
    link: Link, allowed: Allowed | None, because: str, told: Sequence[str] = (), guest: Guest | None = None
) -> WhatIf:
    """Without a duration: where a guest is given, because its memory changes too fast; else for want of evidence."""
    return WhatIf(
        rate_mbps=link.rate_mbps,
        rtt_ms=link.rtt_ms,
        loss=link.loss,
        outcome="may_not_converge" if guest else "undecided",
        because=because,
        goodput_mbps=allowed.middle if allowed else None,
        goodput_low_mbps=allowed.low if allowed else None,
        goodput_high_mbps=allowed.high if allowed else None,
        limited_by=allowed.by if allowed else None,
        dirty_mbps=guest.dirty_bytes_s * 8 / 1e6 if guest else None,
        assumptions=list(told or (allowed.assumptions if allowed else ())),
    )
