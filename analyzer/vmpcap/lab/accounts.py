"""What the guest's peers say of their own questions: how long each was cut off."""

from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.peers import Account
from vmpcap.lab.world import World

LEAST_NS: Final = 50 * MS
"""The shortest gap that is called an outage."""


def outage(account: Account, world: World) -> tuple[int, int | None] | None:
    """
    The longest stretch around the switchover in which this peer was not answered: (from, to), None where there is none.

    Echoes and datagrams: from the first unanswered request to the first answered one. TCP sends again by itself: from
    the first time that the question was sent to its answer. What is under way when the captures end does not count.
    """
    end = world.simulation.now - 300 * MS
    requests = [r for r in account.requests if 0 <= r.sent <= end]
    if account.protocol == "tcp":
        waits = [(r.sent, r.answered) for r in requests]
        longest = max(waits, key=lambda w: (w[1] or world.simulation.now) - w[0], default=None)
        if longest is None or (longest[1] or world.simulation.now) - longest[0] < LEAST_NS:
            return None
        return longest
    found: tuple[int, int | None] | None = None
    begin = None
    for request in requests:
        if request.answered is None:
            begin = request.sent if begin is None else begin
        elif begin is not None:
            if found is None or request.sent - begin > (found[1] or 0) - found[0]:
                found = (begin, request.sent)
            begin = None
    return (begin, None) if begin is not None else found


def worst_ns(world: World) -> int | None:
    """How long after the resume the last of the peers was answered again, ns; None where one never was."""
    worst = 0
    for account in [p.account for p in world.pings] + [t.account for t in world.talks]:
        gap = outage(account, world)
        if gap is None:
            continue
        if gap[1] is None:
            return None
        worst = max(worst, gap[1] - world.moment_ns)
    return worst


def span(ns: int) -> str:
    return f"{ns / MS:.0f} ms" if ns < S else f"{ns / S:.1f} s"


def peers_words(world: World) -> str:
    worst = worst_ns(world)
    return (
        "a peer never got an answer again" if worst is None else f"all peers were answered again within {span(worst)}"
    )
