"""The way of the stream itself: one subnet, or a router between the hosts (domain notes 4.1, 4.2)."""

from typing import Final

from vmpcap.migration.mechanisms.case import Case, result, sighted
from vmpcap.migration.mechanisms.stream_end import stream_frames
from vmpcap.migration.mechanisms.stream_ways import labels_around
from vmpcap.migration.mechanisms.ways import by_end, is_reset_alone, is_stuck_by_size
from vmpcap.migration.results import Mechanism

WORD_OF: Final = {"same_subnet_vmotion": "adjacent", "routed_vmotion": "routed"}


def judge_way(case: Case, name: str) -> Mechanism | None:
    """Did the stream come through on this kind of way?"""
    word, because = _kind_of_way(case)
    if word != WORD_OF[name]:
        return None
    worked, because = by_end(case, because)
    labelled = labels_around(case) if worked == "no" and is_stuck_by_size(case) else None
    if labelled is not None:
        worked = "undecided"
        because += f"; at {labelled[0].view.name} MPLS labels carry it, which take room: it is told of as mpls"
    elif worked == "no" and case.split.found and is_reset_alone(case):
        worked = "undecided"
        because += "; a proxy ends its TCP on the way, which may have been the one: it is told of as wan_optimizer"
    return result(name, worked, because, sighted(stream_frames(case)))


def _kind_of_way(case: Case) -> tuple[str, str]:
    """
    Was it one subnet, or was a router to take it on? With what shows it.

    Of a stream that was never answered no TTL tells, but whom its host handed the SYN to, or who refused it by ICMP.
    """
    is_known = case.path.word != "undecided" or case.completed is not False
    if is_known or case.move is None or case.move.best.transfer.established:
        return case.path.word, case.path.because
    peer = case.move.best.transfer.destination
    hop = next((one for one in case.path.next_hops if one.direction == "to_destination"), None)
    if hop is not None and hop.kind not in ("peer", "unknown"):
        return "routed", f"the SYN was handed to {hop.mac}, a router: {hop.because}"
    if hop is not None and hop.arp == "peer" and hop.address == peer:
        return "adjacent", f"the SYN was handed to {hop.mac}, which ARP gives for {peer} itself"
    if hop is not None and hop.arp == "gateway":
        return "routed", f"the SYN was handed to {hop.mac}, which ARP gives for {hop.address}, a router"
    told = next((one for one in case.path.unreachables if one.sender != peer), None)
    if told is not None:
        return "routed", f"{told.sender}, a router, answered the SYN"
    return "undecided", ""
