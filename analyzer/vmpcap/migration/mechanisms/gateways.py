"""Virtual gateways (HSRP, VRRP, GLBP): does each site use its own after the move (domain notes 4.17)?"""

from vmpcap.migration.mechanisms.case import Case, segments_of
from vmpcap.migration.mechanisms.gateway_answers import answer
from vmpcap.migration.mechanisms.gateway_groups import may_be_used, used_by
from vmpcap.migration.mechanisms.gateway_hellos import Hello
from vmpcap.migration.results import Mechanism


def judge_gateways(case: Case, name: str) -> Mechanism | None:
    """
    Is the active gateway of the guest's network one of its new site?

    None where no hello of a group that may be the guest's was seen in a segment of it. It takes a point in the domain
    of each site.
    """
    where = {view.name: segments_of(view, case.guest) for view in case.views if view.role != "client"}
    hellos = [t for t in case.hellos(name) if t.what.segment_key in where.get(t.view.name, set())]
    if not hellos:
        return None
    groups: dict[tuple[int, bool], list[Hello]] = {}
    for told in hellos:
        groups.setdefault((told.what.group, ":" in told.what.sender), []).append(told)
    used = used_by(case, groups)
    if used:
        answers = [answer(case, name, groups[key]) for key in used]
        return next((answer for answer in answers if answer.worked == "no"), answers[0])
    near = may_be_used(case, groups)
    if not near:
        return None
    is_ipv6 = all(":" in ip for ip in case.ips) and bool(case.ips)
    return answer(case, name, groups[max(near, key=lambda key: (len(groups[key]), key[1] == is_ipv6, key[0]))])
