"""Who advertised a host route from when to when: the claims that news of it make, protocol by protocol."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told

BY_ORIGIN: Final = ("ospf", "isis", "bgp")
"""Protocols whose news say who brought the route up; of the others only the speaker is known."""
LINK_STATE: Final = ("ospf", "isis")
LINK_BY_LINK: Final = ("rip", "eigrp")
"""Protocols in which each router tells its neighbours what it would reach, at which distance."""

ROUTER: Final = {"ospf": "router ", "isis": "system "}
NAMES: Final = {"rip": "RIP", "ospf": "OSPF", "eigrp": "EIGRP", "bgp": "BGP", "isis": "IS-IS"}


SESSION: Final = "session "
"""So begins the reason of what went with its session."""


@dataclass(slots=True)
class Claim:
    """One stretch of time in which somebody advertised the host route."""

    claimant: str
    is_guest: bool
    first: Told[RouteNews]
    last: Told[RouteNews]
    ended: Told[RouteNews] | None = None
    taken_back: Told[RouteNews] | None = None
    """The first withdrawal by one of its speakers; others may pass it on later."""
    speakers: set[str] = field(default_factory=set)
    told: dict[str, set[str]] = field(default_factory=dict)
    """Whom each of them told it."""
    left_over: list[str] = field(default_factory=list)
    """Who had passed it on, and said no more of it when it was taken back from all whom they had it from."""

    @property
    def up(self) -> int:
        """Since when, on the reference clock."""
        return self.first.ts

    @property
    def down(self) -> int | None:
        """Until when; None: to the end of the view."""
        return self.ended.ts if self.ended is not None else None

    @property
    def is_lost(self) -> bool:
        """Is it heard no more from whoever passed it on, and never taken back, so that nobody knows if it stands?"""
        return self.ended is not None and self.ended.what.action == "lost" and self.taken_back is None


def follow_claims(case: Case, name: str, news: Sequence[Told[RouteNews]]) -> list[Claim]:
    """Who advertised the host route from when to when?"""
    standing: dict[str, Claim] = {}
    found: list[Claim] = []
    spoken: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for n, told in enumerate(news):
        what = told.what
        is_guest = what.sender in case.ips
        speaker = f"{what.sender} at {told.view.name}" if is_guest else what.sender
        if what.protocol == "evpn":
            speaker = f"{speaker} {what.origin}"  # of each distinguisher it tells a route apart
        if what.path_id is not None:
            speaker = f"{speaker} path {what.path_id}"  # and of each path
        if name in LINK_STATE:
            claimant = speaker = router_of(name, what.origin)
            number = what.sequence or 0
            if number < numbers.get(claimant, 0) or (number == numbers.get(claimant) and claimant not in standing):
                continue  # a copy of what is over
            numbers[claimant] = number
        elif name in BY_ORIGIN and what.origin and not is_guest:
            claimant = what.origin
        else:
            claimant = speaker
        if what.action != "announce" or spoken.get(speaker, claimant) != claimant:
            was = spoken.pop(speaker, "")
            _fall_silent(standing, was, speaker, told)
            if (
                name == "bgp"
                and what.action == "withdraw"
                and _has_it_from_nobody(standing.get(was), what, islice(news, n + 1, None))
            ):
                standing[was].left_over.append(what.told_to)
                _fall_silent(standing, spoken.pop(what.told_to, ""), what.told_to, told)
        if what.action == "announce":
            claim = standing.get(claimant)
            if claim is None:
                claim = standing[claimant] = Claim(claimant, is_guest, told, told)
                found.append(claim)
            claim.last = told
            claim.speakers.add(speaker)
            claim.told.setdefault(speaker, set()).add(what.told_to)
            spoken[speaker] = claimant
    return found


def _fall_silent(standing: dict[str, Claim], claimant: str, speaker: str, told: Told[RouteNews]) -> None:
    """This speaker no longer stands for that claimant; the claim ends with its last speaker."""
    claim = standing.get(claimant)
    if claim is None:
        return
    claim.speakers.discard(speaker)
    if told.what.action == "withdraw" and claim.taken_back is None:
        claim.taken_back = told
    if not claim.speakers:
        claim.ended = told
        del standing[claimant]


def _has_it_from_nobody(claim: Claim | None, gone: RouteNews, later: Iterable[Told[RouteNews]]) -> bool:
    """
    Had the router from which this was taken back passed it on, from no other speaker in view, and says it no more?

    It hears that the route is gone, so what it told others is over, though the word to them is not in view: it holds
    nothing that nobody tells it (RFC 4271 9.1). What it does say later counts as it is said.
    """
    router = gone.told_to
    if claim is None or router not in claim.speakers:
        return False
    others = claim.speakers - {router}
    if any(router in claim.told.get(other, ()) for other in others):
        return False
    return not any(t.what.sender == router and t.what.prefix == gone.prefix for t in later)


def router_of(name: str, origin: str) -> str:
    """A router's id; of an LSP id only the system."""
    return origin.rsplit(".", 1)[0] if name == "isis" else origin


def words_of(name: str, claim: Claim) -> str:
    """How is a claimant called?"""
    if claim.is_guest:
        return f"the guest ({claim.first.what.sender})"
    return f"{ROUTER.get(name, '')}{claim.claimant}"


def how_lost(name: str, claims: Sequence[Claim]) -> str:
    """Why does nobody know whether these still stand? One sentence."""
    names = " and ".join(words_of(name, c) for c in claims)
    ended = [c.ended.what for c in claims if c.ended is not None]
    by = " and ".join(sorted({f"{what.sender} passed it on, whose {what.reason}" for what in ended}))
    return f"whether {names} still does is not known: {by}"


def how_ended(claims: Iterable[Claim]) -> str:
    """Did they end with the session, for nobody took the route back? In words, empty where they did not."""
    hows = sorted(
        {c.ended.what.reason for c in claims if c.ended is not None and c.ended.what.reason.startswith(SESSION)}
    )
    return f" (the {' and the '.join(hows)})" if hows else ""


def who_passed_on(claims: Iterable[Claim]) -> str:
    """Who had passed these on, and took nothing back in view? As a sentence's end, empty where nobody."""
    names = sorted({router for claim in claims for router in claim.left_over})
    return f"; {' and '.join(names)}, which had passed it on, said no more of it" if names else ""


def is_as_near(name: str, claim: Claim, fresh: Sequence[Claim]) -> bool:
    """
    May others prefer this old way to the new one?

    A router further away than the new one (a larger metric) only passes on what it hears: it is no rival.
    """
    if name not in LINK_BY_LINK:
        return True
    metrics = [c.last.what.metric for c in fresh if not c.is_guest and c.last.what.metric is not None]
    mine = claim.last.what.metric
    return mine is None or not metrics or mine <= min(metrics)
