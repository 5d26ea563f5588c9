"""Outages that are a matter of size: segments of full size that somebody on the way has no room for."""

import numpy as np

from vmpcap.migration.causes.asked import Asked, Evidence, Scene, back_of
from vmpcap.migration.causes.stuck import find_stucks, stops_before
from vmpcap.migration.clocks import on_clock_of


def without_room(asked: Asked, scene: Scene) -> list[Evidence]:
    """
    Which requests waited while a large segment of their connection was sent again and again, and smaller ones passed?

    The peer's own, or the guest's answer to it. From the segment's first sending on, as long as it is not acknowledged.
    """
    back = back_of(asked, scene)
    if asked.stream.manner != "connection" or back is None:
        return []
    stream, found = asked.stream, []
    ends = {(stream.peer[1], stream.peer_port), (stream.guest[1], stream.guest_port)}
    for view in scene.views:
        if not view.journal_complete:
            continue
        j = view.journal
        for stuck in find_stucks(view, scene.guest, on_clock_of(view, asked.view, back)):
            row = stuck.row
            named = {(int(j.src_low[row]), int(j.src_port[row])), (int(j.dst_low[row]), int(j.dst_port[row]))}
            if named == ends and (stuck.smaller_pass or stops_before(stuck, view, scene.guest, scene.views)):
                since = on_clock_of(asked.view, view, int(j.ts_ns[row]))
                shows = f"a segment of {stuck.payload_bytes:,} bytes was sent {stuck.times} times, never acknowledged:"
                shows += f" {view.name} frames {', '.join(map(str, stuck.frames))}; smaller ones pass"
                found.append((since, shows))
    if not found:
        return []
    since, shows = min(found)
    return [Evidence("mtu", np.asarray(asked.edges[1:] > since), shows)]
