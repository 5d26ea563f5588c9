"""What was left out of what was read for want of room, in words."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.migration.stream.loops import find_loop
from vmpcap.runs.point import PointRead
from vmpcap.runs.views import MOST_STREAMS
from vmpcap.terms.units import count_of

_JOURNAL_NOTE: Final = (
    "{point}: {count} frames did not fit into the journal of single frames; "
    "frames around the guests were read again where the input could be"
)


def say_left_out(points: Sequence[PointRead]) -> list[str]:
    """What was left out for want of room: counted, never forgotten."""
    notes = []
    for point in points:
        count = sum(point.journal.left_out.values())
        if count:
            notes.append(_JOURNAL_NOTE.format(point=point.files.name, count=count))
        if point.announcements.left_out:
            notes.append(
                f"{point.files.name}: {point.announcements.left_out} announcements did not fit and are only counted"
            )
        if point.complaints.left_out:
            missing = count_of(point.complaints.left_out, "ICMP error or reset", "ICMP errors and resets")
            notes.append(f"{point.files.name}: {missing} did not fit and are not looked at")
        if point.tunnelled.left_out:
            missing = count_of(point.tunnelled.left_out, "frame")
            notes.append(
                f"{point.files.name}: {missing} inside EtherIP, fences or labels did not fit:"
                " they are of more machines than are told apart, and are only counted"
            )
        copies = int(point.follower.rare["duplicates"].sum()) + int(point.follower.rare["mirrored"].sum())
        if copies:
            notes += _say_copies(point, copies)
            notes += _untold_copies(point)
        unseen = int((point.flows.flows["nominated"] != 0).sum()) - MOST_STREAMS
        if unseen > 0:
            notes.append(
                f"{point.files.name}: {count_of(unseen, 'connection')} on migration ports were not looked at singly:"
                f" the {MOST_STREAMS} were that carried most"
            )
        if point.flows.not_followed:
            notes.append(
                f"{point.files.name}: {point.flows.not_followed} frames of flows beyond the budget were not followed"
            )
        if point.incomplete:
            notes.append(
                f"{point.files.name}: {count_of(point.incomplete, 'packet')} in parts never complete in the capture;"
                " what is in them is not counted"
            )
        notes += _tunnel_notes(point)
    return notes


def _say_copies(point: PointRead, copies: int) -> list[str]:
    """How often was a packet captured once more, and why: a loop, or perhaps files that were merged?"""
    told = f"{point.files.name}: {copies} packets were captured more than once; each counts once."
    journal = point.journal.columns()
    loop = find_loop(journal, np.flatnonzero(journal.ip_version != 0))
    if loop is not None:
        return [loop.words(point.files.name), f"{told} Among them are the frames of that routing loop"]
    return [f"{told} If files of several places were merged: give them one by one, and each shows what happened there"]


HELD_TWICE: Final = 0.9
"""Copies by other packets of a side, of which nearly all were captured twice; and less than the rest of it of few."""


def _untold_copies(point: PointRead) -> list[str]:
    """Did a mirror that shows nearly all data twice show its bare ACKs so as well, without a number that tells it?"""
    rare, sides = point.follower.rare, point.follower.sides
    copied = (rare["duplicates"] + rare["mirrored"]) / np.maximum(sides["packets"], 1)
    held = (sides["payload_bytes"] > 0) & (copied >= HELD_TWICE)
    bare = (sides["payload_bytes"] == 0) & (copied <= 1 - HELD_TWICE) & held[:, ::-1]
    count = int(sides["packets"][bare].sum())
    if count <= 2 * int(bare.sum()):  # a handshake's
        return []
    return [
        f"{point.files.name}: {count} ACKs without data answer data that was captured twice, and each counts: without"
        " an IP identification a copy of one looks like a duplicate ACK, so there may be half as many"
    ]


NUMBERED_BY: Final = {"esp": "ESP", "gre": "GRE", "gre-routed": "GRE", "pptp": "PPTP"}
"""Who numbers the packets of a tunnel that is no mirror, by the header that names it."""


def _tunnel_notes(point: PointRead) -> list[str]:
    """What did tunnels lose that carry the guests' and hosts' own packets? Of mirrors it is a fault of the capture."""
    notes = []
    for name in dict.fromkeys(NUMBERED_BY.values()):
        missing = sum(tunnel.missing for tunnel in point.tunnels.tunnels() if NUMBERED_BY.get(tunnel.header) == name)
        if missing:
            notes.append(
                f"{point.files.name}: {count_of(missing, 'packet')} of a tunnel missing ({name} sequence numbers):"
                " lost in it before this point, or sent where this point does not see them"
            )
    if point.tunnels.not_followed:
        notes.append(
            f"{point.files.name}: {count_of(point.tunnels.not_followed, 'packet')} of numbered tunnels beyond the"
            " budget, not looked at for losses"
        )
    return notes
