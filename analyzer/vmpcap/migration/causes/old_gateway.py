"""Answers of the guest that went to the MAC of the gateway that it had at its old place."""

import numpy as np

from vmpcap.migration.causes.asked import Asked, Evidence, Scene, back_of
from vmpcap.migration.clocks import all_on_clock_of
from vmpcap.migration.packets.requests import answers_to
from vmpcap.terms.addresses import NO_MAC, mac_text

SAYS = "the guest answered to the MAC of its old gateway"


def answered_to_old_gateway(asked: Asked, scene: Scene) -> list[Evidence]:
    """
    During which requests did the guest answer from its new place to a MAC that lives at its old one, and not there?

    Only where the two places are two domains: in one, that MAC's owner gets the answer.
    """
    back = back_of(asked, scene)
    if not scene.apart or back is None:
        return []
    old = {int(m) for v in scene.views if v.role == "domain:source" for m in np.unique(v.journal.eth_src)} - {NO_MAC}
    which, where = np.zeros(len(asked.ts), np.bool_), []
    for view in scene.views:
        if view.role != "domain:destination":
            continue
        j, rows = view.journal, answers_to(view, scene.guest, asked.stream)
        ts = all_on_clock_of(asked.view, view, j.ts_ns[rows])
        gone = np.array(sorted(old - {int(mac) for mac in np.unique(j.eth_src)}), np.uint64)
        lost = np.isin(j.eth_dst[rows], gone) & (ts >= back) & (ts < asked.edges[-1])
        if not lost.any():
            continue
        at = np.searchsorted(asked.edges, ts[lost], side="right") - 1
        which[at[(at >= 0) & (at < len(asked.ts))]] = True
        first, last = rows[lost][[0, -1]]
        where.append(
            f"its answers went to {mac_text(int(j.eth_dst[first]))}, its gateway at the old place, which is not at the"
            f" new one: {view.name} frames {j.frame[first]} to {j.frame[last]}"
        )
    return [Evidence("gateway_arp", which, "; ".join(where), SAYS)]
