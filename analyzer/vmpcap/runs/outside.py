"""Captures of which nothing lies in the time that was asked for, and what time they do cover."""

from collections.abc import Iterable, Sequence
from typing import Final

from vmpcap.report.clean import clean
from vmpcap.report.document import Input
from vmpcap.report.words import between, nanoseconds, stamp
from vmpcap.runs.requests import Request
from vmpcap.terms.units import iso_utc

IN_UTC: Final = "a time without a zone is UTC"


def nothing_inside(inputs: Sequence[Input], request: Request) -> str:
    """
    Why is there nothing to tell of: no packet of any capture lies in the time asked for? Empty where some may.

    By first and last packet: a capture may have none in between all the same.
    """
    with_packets = [one for one in inputs if one.packets]
    if not with_packets or not all(_is_outside(one, request) for one in with_packets):
        return ""
    return f"no packet lies in the time asked for ({_asked(request)}): the captures cover {covered(inputs)}"


def outside(inputs: Sequence[Input], request: Request) -> list[str]:
    """Which captures have nothing in the time asked for, where others do? A sentence each."""
    if nothing_inside(inputs, request):
        return []
    return [
        f"{clean(one.point)}: no packet lies in the time asked for ({_asked(request)}): it covers {covered([one])}"
        for one in inputs
        if one.packets and _is_outside(one, request)
    ]


def covered(inputs: Iterable[Input]) -> str:
    """From when to when are there packets in these captures?"""
    listed = list(inputs)
    first = min((one.first_ts for one in listed if one.first_ts is not None), default=None)
    last = max((one.last_ts for one in listed if one.last_ts is not None), default=None)
    return between(first, last)


def _is_outside(one: Input, request: Request) -> bool:
    first, last = nanoseconds(one.first_ts), nanoseconds(one.last_ts)
    if first is None or last is None:
        return False
    first, last = min(first, last), max(first, last)
    is_before = request.since_ns is not None and last < request.since_ns
    return is_before or (request.until_ns is not None and first > request.until_ns)


def _asked(request: Request) -> str:
    ends = (("since", request.since_ns), ("until", request.until_ns))
    return ", ".join(f"{name} {stamp(iso_utc(ns))}" for name, ns in ends if ns is not None)
