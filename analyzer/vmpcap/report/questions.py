"""The twenty questions that are asked after an incident, each with what this report answers: a row each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from vmpcap.migration.listed import is_lost
from vmpcap.migration.results import Guest, Mechanism
from vmpcap.report.about_guest import SCHEDULES, SESSION_WORDS, cut_off_for, part_name
from vmpcap.report.away import STARTS, away_of, is_started_anew
from vmpcap.report.blocks import Block, Fact
from vmpcap.report.document import Migration, Report
from vmpcap.report.root_causes import root_cause
from vmpcap.report.words import figure, figure_bound, held_against_limit, latency_words, of_file, stamp, vlans
from vmpcap.terms.units import count_of
from vmpcap.verdicts.findings import Check

NO_GUEST: Final = "not in view: no guest of this migration is known in these captures"
CONTROL: Final = frozenset({
    "otv", "lisp", "rip", "ospf", "eigrp", "bgp", "isis", "evpn", "vxlan", "geneve", "hsrp", "vrrp", "glbp", "anycast",
    "etherip", "fence", "hcx", "mpls",
})  # fmt: skip
"""Mechanisms that speak on the wire of where the guest is, or carry its frames."""


class Asked(NamedTuple):
    """One migration, and the report that it stands in."""

    m: Migration
    report: Report


Answer = tuple[str, str]
"""In few words, and why."""


class Question(NamedTuple):
    """What is asked, and how it is answered."""

    words: str
    answer: Callable[[Asked], Iterator[Answer]]


def about_questions(m: Migration, report: Report) -> Iterator[Block]:
    """Each question with its answers, or that it is not in view."""
    asked = Asked(m, report)
    for question in QUESTIONS:
        answers = list(question.answer(asked)) or [("not in view", "")]
        for number, (told, because) in enumerate(answers):
            yield Fact("" if number else question.words, told, because)


def _checked(*ids: str) -> Callable[[Asked], Iterator[Answer]]:
    """What these checks say."""

    def answers(asked: Asked) -> Iterator[Answer]:
        yield from (_of_check(check) for check in asked.m.checks if check.id in ids)

    return answers


def _of_check(check: Check) -> Answer:
    word = "applies" if check.outcome == "fail" and not check.decides else check.outcome
    return " ".join(part for part in (check.id, word, held_against_limit(check)) if part), check.because


def _of_guests(answer: Callable[[Guest], Iterator[Answer]]) -> Callable[[Asked], Iterator[Answer]]:
    """The same of each guest, by its MAC where there are several."""

    def answers(asked: Asked) -> Iterator[Answer]:
        guests = asked.m.guests
        if not guests:
            yield NO_GUEST, ""
        for guest in guests[:MOST_GUESTS]:
            for told, because in answer(guest):
                yield (f"{guest.mac}: {told}" if len(guests) > 1 else told), because
        if len(guests) > MOST_GUESTS:
            yield f"and {count_of(len(guests) - MOST_GUESTS, 'further guest')}, told of below", ""

    return answers


MOST_GUESTS: Final = 3
BOTH_WAYS: Final = 2
BRIDGED: Final = frozenset({"port_group", "stretched_vlan"})
"""Mechanisms that say where the guest's domain ends."""


def _together(*parts: Callable[[Asked], Iterator[Answer]]) -> Callable[[Asked], Iterator[Answer]]:
    def answers(asked: Asked) -> Iterator[Answer]:
        for part in parts:
            yield from part(asked)

    return answers


def _outcome(asked: Asked) -> Iterator[Answer]:
    yield asked.m.outcome, asked.m.outcome_because
    if asked.m.guests:
        yield from _of_guests(_switched)(asked)
    elif asked.m.outcome == "aborted":
        yield "no guest switched over as far as these captures show", ""
    else:
        yield NO_GUEST, ""


def _switched(guest: Guest) -> Iterator[Answer]:
    s = guest.switchover
    if s.at_most_ms is None:
        yield "when it switched over is not in view", s.bracket.because
        return
    ends = ""
    if s.bracket.from_ts:
        until = f"between {stamp(s.bracket.from_ts)} and {stamp(s.bracket.to_ts)[11:]}"
        ends = until if s.bracket.to_ts else f"from {stamp(s.bracket.from_ts)} on"
    first = f"{s.bracket.from_point} frame {s.bracket.from_frame}{of_file(s.bracket.from_file)}"
    frames = f"{first}, {s.bracket.to_point} frame {s.bracket.to_frame}{of_file(s.bracket.to_file)}"
    yield f"it switched over {ends}, within {figure_bound(s.at_most_ms, 'ms', 'most')}", frames


def _announced(guest: Guest) -> Iterator[Answer]:
    heard = guest.announcements
    if not heard.count:
        yield "none seen", "; ".join(dict.fromkeys(seen.because for seen in heard.by_point.values() if seen.because))
        return
    kinds = ", ".join(f"{n} {kind}" for kind, n in heard.kinds.items()) or count_of(heard.count, "announcement")
    first = [point for point, seen in heard.by_point.items() if seen.first_ts == heard.first_ts and seen.seen]
    tags = {vlans(seen.vlan, seen.vni) or "untagged" for seen in heard.by_point.values() if seen.seen}
    where = f", first at {', '.join(first)}" if first else ""
    yield f"{kinds} from {stamp(heard.first_ts)}{where}, {' and '.join(sorted(tags))}", SCHEDULES[heard.schedule]


def _was_announced(asked: Asked) -> Iterator[Answer]:
    """Of each guest; where none is known, that the points beside guests heard nothing is an answer all the same."""
    beside = list(dict.fromkeys(given.point for given in asked.report.inputs if given.role in HEAR))
    if asked.m.guests or asked.report.other_announcements or not beside:
        yield from _of_guests(_announced)(asked)
        return
    yield f"no: nobody was announced at {', '.join(beside)}", "which guest it carried is not known"


HEAR: Final = frozenset({"domain:source", "domain:destination", "gateway"})
"""Roles of points in a guest's broadcast domain."""


def _arrived(guest: Guest) -> Iterator[Answer]:
    yield guest.domain.verdict.replace("_", " "), guest.domain.because
    yield f"its old domain and the new one: {guest.domain.word}", guest.domain.word_because


def _where_lost(last: Sequence[str], first: str) -> str:
    """All of the last points saw it: behind which of them it died is not known."""
    if len(last) == 1:
        return f"between {last[0]} and {first}"
    return f"after {' and '.join(last)}, before {first}" if last else f"before {first}"


def _dropped(guest: Guest) -> Iterator[Answer]:
    heard = guest.announcements
    if heard.first_missing_at:
        yield _where_lost(heard.last_seen_at, " or ".join(heard.first_missing_at)), heard.lost_between_because
    elif guest.domain.verdict == "reached":
        yield "nobody: it arrived", ""
    else:
        told = [one for one in guest.mechanisms if one.name in BRIDGED and one.worked == "no"]
        yield from (("not seen on the announcement itself; what else stopped tells", one.because) for one in told)
        if not told:
            yield "not in view: no point beside the way shows where it died", guest.domain.because


def _outage(guest: Guest) -> Iterator[Answer]:
    broken = sorted((p for p in guest.peers if p.breakdown), key=lambda p: -sum(part.ms for part in p.breakdown))
    for peer in broken[:2]:
        spent: dict[str, float] = {}
        for part in peer.breakdown:
            name = part_name(part, peer)
            spent[name] = spent.get(name, 0.0) + part.ms
        parts = ", ".join(f"{name} {figure(ms, 'ms')}" for name, ms in spent.items())
        yield f"{peer.peer} {peer.protocol} {cut_off_for(peer)}: {parts}", peer.breakdown_because
    if not broken:
        worst = away_of(guest)
        yield (worst.sentence, worst.because) if worst else ("not in view: no peer's outage is", "")


def _outages(asked: Asked) -> Iterator[Answer]:
    if asked.m.outcome == "truncated":
        yield "not in view: the captures end while the stream runs", ""
        return
    yield from _of_guests(_outage)(asked)


def _fast_enough(asked: Asked) -> Iterator[Answer]:
    rate, limit = asked.m.throughput.bulk_mbps, asked.report.profile.throughput_mbps_min
    yield from _checked("throughput")(asked)
    if rate is not None and limit:
        yield f"{figure(rate / limit, 'share', beside=1.0)} of what is needed", ""


def _round_trip(asked: Asked) -> Iterator[Answer]:
    rtt = asked.m.rtt
    if rtt.samples:
        told = ", ".join(
            f"{name} {figure(value, 'ms')}"
            for name, value in (("min", rtt.min_ms), ("median", rtt.p50_ms), ("p95", rtt.p95_ms))
        )
        yield f"{told} ({count_of(rtt.samples, 'sample')}, {rtt.coverage or 'part unknown'})", rtt.coverage_because
    yield from _checked("rtt", "rtt_under_load")(asked)


def _limited(asked: Asked) -> Iterator[Answer]:
    rate = asked.m.throughput
    shares = sorted(rate.limit_shares.items(), key=lambda item: -item[1])[:4]
    over = ", ".join(f"{name.replace('_', ' ')} {figure(share, 'share')}" for name, share in shares)
    yield f"{rate.limit.replace('_', ' ')}{f' ({over} of the time)' if over else ''}", rate.limit_because
    yield from _checked("window_limited")(asked)


def _timed_out(asked: Asked) -> Iterator[Answer]:
    if asked.m.outcome == "completed":
        yield "it did not: it completed", ""
        return
    cause = root_cause(asked.m)
    if cause is not None:
        yield cause.says, ""
        yield from _checked(cause.check)(asked)
    yield from _checked("completed")(asked)


def _large(asked: Asked) -> Iterator[Answer]:
    """Of the stream, and of the guest's own way: they need not be the same."""
    yield from ((f"the stream: {told}", because) for told, because in _checked("mtu")(asked))
    for guest in asked.m.guests:
        stuck = [(peer, part) for peer in guest.peers for part in peer.breakdown if part.part == "mtu"]
        for peer, part in stuck[:2]:
            yield f"the guest's own way: {peer.peer} by {peer.protocol} has no room for full size", part.because


def _shut(guest: Guest) -> Iterator[Answer]:
    """Nothing where no announcement tells: what stops the requests to it may still."""
    heard = guest.announcements
    if heard.first_missing_at:
        yield "perhaps", heard.lost_between_because
    elif guest.domain.verdict == "reached":
        yield "what the guest sends is not stopped: its announcement arrived", guest.domain.because


def _unreachable(asked: Asked) -> Iterator[Answer]:
    """Where nobody reaches the guest, whatever stops what is for it is told there."""
    yield from (_of_check(c) for c in asked.m.checks if c.id == "guest_reachable_after" and c.outcome == "fail")


def _flooded(asked: Asked) -> Iterator[Answer]:
    found = [s for s in asked.m.path.symptoms if s.name == "addressed_by_another_mac"]
    yield from ((symptom.name.replace("_", " "), symptom.because) for symptom in found)
    if not found:
        both = {hop.direction for hop in asked.m.path.next_hops if hop.returns_from == hop.mac}
        told = "it does not: each host sends from the MAC it is addressed by"
        yield told if len(both) == BOTH_WAYS else "no sign of it in view", ""


def _storm(asked: Asked) -> Iterator[Answer]:
    storms = [one for one in asked.report.announcers if one.storm]
    yield from ((f"storm: {one.mac} at {one.point}", one.because) for one in storms[:3])
    if not storms:
        others = len(asked.report.announcers)
        whom = f"{count_of(others, 'other machine')} announced {'itself' if others == 1 else 'themselves'}"
        yield f"no storm ({whom})" if others else "no storm", ""


def _way(asked: Asked) -> Iterator[Answer]:
    path = asked.m.path
    hops = [path.hops_source_to_destination, path.hops_destination_to_source]
    ways = zip(hops, ("out", "back"), strict=True)
    counted = ", ".join([*(f"{count_of(n, 'hop')} {way}" for n, way in ways if n is not None)])
    redirects = count_of(path.redirects, "redirect")
    yield f"the stream: {path.word}{f' ({counted})' if counted else ''}, {redirects}", path.because
    yield from _checked("gateway_localised", "trombone")(asked)


def _mechanisms(asked: Asked) -> Iterator[Mechanism]:
    yield from (one for guest in asked.m.guests for one in guest.mechanisms)
    yield from asked.m.mechanisms


def _followed(asked: Asked) -> Iterator[Answer]:
    found = [one for one in _mechanisms(asked) if one.name in CONTROL]
    for one in found:
        after = f", {latency_words(one)} after the switchover" if one.latency_ms is not None else ""
        yield f"{one.name}: {one.worked}{after}", one.because
    if not found:
        yield "no routing protocol and no overlay speaks of the guest in these captures", ""


def _survived(guest: Guest) -> Iterator[Answer]:
    found = guest.sessions
    told = [f"{found.kept:,} went on, {found.denied:,} denied"] if found.kept or found.denied else []
    told += [f"{found.lost:,} never answered again"] if found.lost else []
    yield ", ".join(told) or "not in view", found.because
    for peer in [p for p in guest.peers if told[:-1] and p.protocol.startswith("tcp") and is_lost(p)][:3]:
        yield f"{peer.peer} {peer.protocol} was never answered again", peer.because


def _live(guest: Guest) -> Iterator[Answer]:
    if guest.sessions.word == "undecided" and is_started_anew(guest):
        yield "live or not: it did not go on but started anew", ""
        return
    yield f"live or not: {SESSION_WORDS[guest.sessions.word]}", guest.sessions.because


def _started(asked: Asked) -> Iterator[Answer]:
    for one in _mechanisms(asked):
        if one.name in STARTS:
            yield f"{one.name}: {one.worked}", one.because


def _encrypted(asked: Asked) -> Iterator[Answer]:
    yield {True: "encrypted", False: "not encrypted", None: "whether encrypted is not known"}[asked.m.encrypted], ""


QUESTIONS: Final = (
    Question("1. Did it succeed, and when did it switch over?", _outcome),
    Question("2. Is the guest reachable, and why not?", _checked("guest_reachable_after")),
    Question("3. Was it announced: how often, when, from where, in which VLAN?", _was_announced),
    Question("4. Did the announcement reach its new domain, or the other site?", _of_guests(_arrived)),
    Question("5. Who dropped it?", _of_guests(_dropped)),
    Question("6. Why seconds of loss although it succeeded?", _outages),
    Question("7. Is there enough bandwidth?", _fast_enough),
    Question("8. Is the round trip short enough?", _round_trip),
    Question("9. Why is it slow on a fast link?", _limited),
    Question("10. Why does it time out at some percentage?", _timed_out),
    Question("11. Are jumbo frames broken somewhere?", _large),
    Question("12. Does a MAC flap: a move, a loop, a copy?", _checked("mac_flap")),
    Question("13. Did port security or a shut port kill it?", _together(_of_guests(_shut), _unreachable)),
    Question("14. A duplicate address: whose?", _checked("duplicate_address")),
    Question("15. Does the migration flood the switch?", _flooded),
    Question("16. A storm of RARPs: is that normal?", _storm),
    Question("17. Did it go by the right gateway, and not too far around?", _way),
    Question("18. Did routing and overlays follow?", _followed),
    Question("19. Did the guest's connections survive?", _of_guests(_survived)),
    Question(
        "20. Live, cold or a restart? Encrypted? Announced too early?",
        _together(_of_guests(_live), _started, _encrypted, _checked("announced_too_early")),
    ),
)
"""As docs/how-to/questions.md has them."""
