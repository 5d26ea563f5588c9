"""Requests that met no guest until it was back: what is left of their time is another part of the outage."""

from collections.abc import Callable, Sequence

import numpy as np

from vmpcap.migration.causes.asked import Asked, Evidence, Scene, return_of
from vmpcap.migration.causes.request_hits import is_for_guest
from vmpcap.migration.clocks import all_on_clock_of, on_clock_of
from vmpcap.migration.packets.requests import answers_to
from vmpcap.terms.units import NS_PER_MS

Slice = tuple[int, int, int, Evidence | None]
"""From when, to when, by which request, and what explains it."""


def cut_at_return(one: Slice, later: Sequence[Slice], back: int) -> list[Slice]:
    """While a peer waits after a request that met no guest, the guest returns: from then on what the next one met."""
    begin, end, number, found = one
    if not (begin < back < end and later and found is not None and found.part == "stun"):
        return [one]
    # from a request's own time to a frame of the guest: how often the peer asks does not blur that
    return [(begin, back, number, found._replace(exact=True)), (back, end, number, later[0][3])]


def with_short_stun(
    slices: list[Slice], back: int | None, doubt_of: Callable[[Evidence | None], float | None]
) -> list[Slice]:
    """Where who asks seldom met no guest, for no longer than it waits between requests: until the guest was back."""
    stunned = [n for n, piece in enumerate(slices) if piece[3] is not None and piece[3].part == "stun"]
    length = sum(slices[n][1] - slices[n][0] for n in stunned) / NS_PER_MS
    if not stunned or back is None or length >= (doubt_of(slices[stunned[-1]][3]) or 0.0):
        return slices
    last = stunned[-1]
    return [*slices[:last], *cut_at_return(slices[last], slices[last + 1 :], back), *slices[last + 1 :]]


def stunned_until(slices: Sequence[Slice], back: int) -> list[Slice]:
    """
    All that met no guest before it was back, where the last of it ends with a frame of the guest.

    From the first of those segments to that frame: however long TCP waited between them, that does not blur it.
    """
    if not any(end == back and found is not None and found.part == "stun" for _, end, _, found in slices):
        return list(slices)
    return [
        (begin, end, number, found._replace(exact=True) if found and found.part == "stun" and end <= back else found)
        for begin, end, number, found in slices
    ]


def until_return(one: Slice, asked: Asked, scene: Scene) -> list[Slice]:
    """Where a peer missed one request alone: it met no guest until that was back, and then the peer waited to ask."""
    return _until_sign(
        one,
        asked,
        scene,
        "back since {view} frame {frame}; what the peer asked next was answered",
        "the guest was back, and the peer asked nothing",
    )


def until_back(one: Slice, asked: Asked, scene: Scene) -> list[Slice]:
    """
    Of two places together: a request that met no guest, until that was back.

    What the peer sent later came to neither place: whether it sent, or waited for its timer, is not in view. Where it
    did come to the new one, from then on the guest itself did not answer.
    """
    parts = _until_sign(
        one,
        asked,
        scene,
        "the guest was back (frame {frame} at {view}); nothing of this stream came to it before its end",
        "the guest was back, and what its peer sent then came to neither place",
    )
    ignored = _ignored(parts[-1], asked, scene) if len(parts) > 1 else None
    if ignored is None:
        return parts
    came, shows = ignored
    begin, end, number, left = parts[-1]
    assert left is not None
    waits = left._replace(
        shows=left.shows.replace("before its end", "for a while"),
        says="the guest was back, and nothing that its peer sent came to either place",
    )
    return [*parts[:-1], (begin, came, number, waits), (came, end, number, Evidence("guest", left.which, shows))]


def _ignored(one: Slice, asked: Asked, scene: Scene) -> tuple[int, str] | None:
    """
    Since when did packets of the peer come to the guest's new place in this time and draw no answer, and what shows it?

    None where none came, or the guest sent to the peer meanwhile: then its answer may have been under way.
    """
    begin, end = one[0], one[1]
    until = end if asked.answered_ts is None else min(end, asked.answered_ts)
    for seen in asked.seen:
        if seen.view.role != "domain:destination":
            continue
        came = np.flatnonzero(is_for_guest(scene)(seen) & (seen.ts >= begin) & (seen.ts < until))
        if not len(came):
            continue
        first = int(seen.ts[came[0]])
        sent = seen.view.journal.ts_ns[answers_to(seen.view, scene.guest_at(seen.view), asked.stream)]
        sent = all_on_clock_of(asked.view, seen.view, sent)
        if ((sent >= first) & (sent < until)).any():
            continue
        numbers = seen.view.journal.frame[seen.rows[came]]
        which = f"frame {numbers[0]}" if len(came) == 1 else f"frames {numbers[0]} to {numbers[-1]}"
        return first, f"requests were delivered there: {seen.view.name} {which}"
    return None


def _until_sign(one: Slice, asked: Asked, scene: Scene, shows: str, says: str) -> list[Slice]:
    """
    What met no guest, parted by the guest's first sign at its new place; the rest is not explained, in these words.

    Parameters
    ----------
    shows : with the place of the sign's point and frame
    """
    begin, end, number, found = one
    sign = return_of(scene, asked.view)
    if sign is None or found is None or found.part != "stun":
        return [one]
    back = on_clock_of(asked.view, sign.view, sign.ts)
    if not begin < back < end:
        return [one]
    words = shows.format(view=sign.view.name, frame=sign.frame)
    left = Evidence("unexplained", found.which, words, says, exact=True)
    return [(begin, back, number, found._replace(exact=True)), (back, end, number, left)]


def until_within_reach(one: Slice, again: int, words: str) -> list[Slice]:
    """While TCP waits to open a connection, others are answered: from then on it waits for its timer alone."""
    begin, end, number, found = one
    if end <= again:
        return [one]
    waits = Evidence("tcp_back_off", np.zeros(0, np.bool_), words, exact=True)
    return [(begin, again, number, found), (again, end, number, waits)] if begin < again else [(*one[:3], waits)]
