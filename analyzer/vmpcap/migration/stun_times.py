"""When the guest was stopped and ran again, by the clock of the stream."""

from collections.abc import Sequence
from typing import Final

from vmpcap.migration.clocks import elapsed_between, on_clock_of
from vmpcap.migration.one_clock import ns_of
from vmpcap.migration.stories import GuestStory, Stun
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS

NEARLY_NS: Final = 50 * NS_PER_MS
"""What comes so shortly after the switchover says nothing against the clocks."""


def stun_on_stream_clock(move: Move, guests: Sequence[GuestStory], views: Sequence[PointView]) -> Stun:
    """The first guest's bracket, if the clocks let both its ends be put beside the stream's times."""
    stream, by_name, because = move.best.view, {view.name: view for view in views}, ""
    for guest in guests:
        switchover = guest.result.switchover
        bracket, length = switchover.bracket, switchover.bracket_ms
        if length is None or bracket.from_ts is None or bracket.to_ts is None:
            continue
        ends = [by_name[name] for name in (bracket.from_point, bracket.to_point) if name in by_name]
        times = ns_of(bracket.from_ts), ns_of(bracket.to_ts)
        doubts = [_doubt_beside(stream, ts, view) for view, ts in zip(ends, times, strict=False)]
        known = [doubt for doubt in doubts if doubt is not None]
        if len(ends) < len(times) or any(doubt >= length * NS_PER_MS for doubt in known):
            continue
        against = "" if len(known) == len(doubts) else _against(move, times)
        if not against:
            return Stun(times, "")
        apart = next(view.name for view, doubt in zip(ends, doubts, strict=True) if doubt is None)
        because = (
            f"the clocks of {stream.name} and {apart} were not compared, and by them the stream {against} the"
            " switchover: what of it flowed before, during and after that is not known"
        )
    return Stun(None, because)


def _doubt_beside(stream: PointView, ts: int, view: PointView) -> int | None:
    """How far may a time of that point, told by the stream's clock, be off? None where the clocks were not compared."""
    apart = elapsed_between(stream, ts, view, on_clock_of(view, stream, ts))
    return apart.uncertainty_ns if apart is not None else None


def _against(move: Move, times: tuple[int, int]) -> str:
    """
    What of the stream speaks against this bracket, by clocks that nothing compares? Empty: nothing.

    A guest is stopped for the last of its memory and runs when that has come. Where a clock that was never compared
    says otherwise, it is the clock that is off, or a guest that ran before: nobody knows.
    """
    last = move.best.transfer.last_data_ts
    if last is None or last > times[1] + NEARLY_NS:
        return "went on after"
    return "had ended before" if last <= times[0] else ""
