"""Virtual gateways (HSRP, VRRP, GLBP): does each site use its own after the move (domain notes 4.17)?"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from vmpcap.migration.mechanisms.case import Case, segments_of
from vmpcap.migration.mechanisms.gateway_answers import answer
from vmpcap.migration.mechanisms.gateway_hellos import Hello, virtual_mac
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.terms.addresses import NO_MAC


def judge_gateways(case: Case, name: str) -> Mechanism | None:
    """
    Is the active gateway of the guest's network one of its new site?

    None where no hello was seen in a segment of the guest. It takes a point in the domain of each site.
    """
    where = {view.name: segments_of(view, case.guest) for view in case.views if view.role != "client"}
    hellos = [t for t in case.hellos(name) if t.what.segment_key in where.get(t.view.name, set())]
    if not hellos:
        return None
    groups: dict[tuple[int, bool], list[Hello]] = {}
    for told in hellos:
        groups.setdefault((told.what.group, ":" in told.what.sender), []).append(told)
    used = _used_by(case, groups)
    if used:
        answers = [answer(case, name, groups[key]) for key in used]
        return next((answer for answer in answers if answer.worked == "no"), answers[0])
    is_ipv6 = all(":" in ip for ip in case.ips) and bool(case.ips)
    return answer(case, name, groups[max(groups, key=lambda key: (len(groups[key]), key[1] == is_ipv6, key[0]))])


def _used_by(case: Case, groups: Mapping[tuple[int, bool], Sequence[Hello]]) -> list[tuple[int, bool]]:
    """Which of these groups does the guest send to, the one that it uses most first? By their virtual MACs."""
    sent: Counter[int] = Counter()
    for view in case.views:
        j, rows = view.journal, frames_of(view, case.guest).sent
        macs, counts = np.unique(j.eth_dst[rows], return_counts=True)
        sent.update(dict(zip(macs.tolist(), counts.tolist(), strict=True)))
    macs_of = {key: virtual_mac(hellos[0].what) for key, hellos in groups.items()}
    used = [key for key, mac in macs_of.items() if mac != NO_MAC and sent[mac]]
    return sorted(used, key=lambda key: -sent[macs_of[key]])
