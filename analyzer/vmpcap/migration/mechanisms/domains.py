"""One broadcast domain at both sites, or only its name: stretched VLANs, port groups (domain notes 4.5, 4.6)."""

from vmpcap.migration.mechanisms.case import Case, result, sighted
from vmpcap.migration.reachable import outbound_only
from vmpcap.migration.results import Mechanism


def judge_stretched(case: Case, name: str) -> Mechanism | None:
    """Is the guest's own broadcast domain at both sites, without an overlay in view, and does it carry its traffic?"""
    if case.domain.word != "stretched" or any(_in_overlay(case)):
        return None
    tags = sorted({s.vlan_outer_id for _, s in case.guest.heard if s.vlan_outer_id >= 0})
    what = f"VLAN {', '.join(map(str, tags))}" if tags else "the guest's broadcast domain"
    seen = sighted((view, frame) for view, s in case.guest.heard for frame in list(s.frames[:1]))
    heard = f"{what} is at both sites: the announcement was heard at {', '.join(v.name for v, _ in case.guest.heard)}"
    if case.domain.verdict == "reached" and case.reachability.answer == "yes":
        return result(name, "yes", f"{heard}, and the guest answers others from its new place", seen)
    if case.reachability.answer == "no":
        return result(name, "no", f"{heard}, yet {case.reachability.because}", seen)
    return result(name, "undecided", f"{heard}; {case.reachability.because}", seen)


def _in_overlay(case: Case) -> list[bool]:
    """At which points did a tunnel carry the guest's frames?"""
    return [
        bool(((rows.eth_src == case.guest.mac) | (rows.eth_dst == case.guest.mac)).any())
        for view in case.views
        if len((rows := view.carriers.rows()).frame)
    ]


def judge_port_group(case: Case, name: str) -> Mechanism | None:
    """Does the guest's new network lead nowhere, though the migration was let through?"""
    if case.reachability.answer == "yes":
        return None
    for view in case.views:
        alone = outbound_only(view, case.guest, case.moment) if view.journal_complete else None
        if alone is not None:
            seen = sighted((view, frame) for frame in alone.frames)
            why = "the network that its port group leads to is not that of its peers"
            return result(name, "no", f"{alone.because}: {why}", seen)
    return None
