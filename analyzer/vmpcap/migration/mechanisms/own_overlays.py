"""Overlays in which another machine has the guest's MAC: a MAC is one machine's only within one segment."""

import numpy as np

from vmpcap.migration.mechanisms.case import Case
from vmpcap.terms.addresses import distinct_addresses


def foreign_overlays(case: Case) -> frozenset[int]:
    """
    In which overlays does the guest's MAC belong to another tenant's machine?

    It speaks there with addresses of its own alone, and the guest, which was heard outside, was not heard there.
    """
    heard = {series.vni for _, series in case.guest.heard}
    if not any(vni < 0 for vni in heard) or not any((view.journal.vni >= 0).any() for view in case.views):
        return frozenset()
    used: dict[int, set[tuple[int, int]]] = {}
    for view in case.views:
        j = view.journal
        rows = np.flatnonzero((j.eth_src == np.uint64(case.guest.mac)) & (j.ip_version != 0))
        for vni in np.unique(j.vni[rows]).tolist():
            mine = rows[j.vni[rows] == vni]
            high, low, _ = distinct_addresses(j.src_high[mine], j.src_low[mine])
            used.setdefault(max(vni, -1), set()).update(zip(high.tolist(), low.tolist(), strict=True))
    outside = used.pop(-1, set())
    return frozenset(v for v, there in used.items() if outside and v not in heard and there.isdisjoint(outside))
