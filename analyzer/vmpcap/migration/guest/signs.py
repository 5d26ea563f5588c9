"""What parts the time before a guest's move from the time after it, point by point."""

from collections.abc import Sequence

from vmpcap.migration.guest.silences import Silence
from vmpcap.migration.guest.switchover import signs_after
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.packets.guest_segments import Signs
from vmpcap.migration.views import PointView


def signs_between(moved: Moved, views: Sequence[PointView], quiet: dict[str, Silence]) -> Signs:
    """What parts the time before the switchover from the time after it?"""
    heard = {(view.name, series.first_ts) for view, series in moved.heard}
    first = min((on_reference(view, series.first_ts) for view, series in moved.heard), default=None)
    earlier = [
        Mark(view, series.last_ts, series.frames[-1])
        for view in views
        for series in view.series
        if series.mac == moved.mac and (view.name, series.first_ts) not in heard
        if first is not None and on_reference(view, series.last_ts) < first
    ]
    lasts = [silence.before for silence in quiet.values() if silence.before is not None]
    return Signs(earlier, lasts, signs_after(moved, quiet))
