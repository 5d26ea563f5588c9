"""What the guest itself asks of others, by service, and what came back, as each point saw it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.peer_streams import groups_of
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.exchanges import LEAST_FREE_PORT
from vmpcap.migration.packets.requests import NUMBERS
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.addresses import GROUP_BIT, ip_text
from vmpcap.terms.wire import ECHOES, IP_TCP, IP_UDP, TCP_ACK, TCP_SYN

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEW, OLD = "domain:destination", "domain:source"

Service = tuple[int, int, int, int]
"""Address of the peer as its two halves, IP protocol, its port (0 for echoes)."""


class Asked(NamedTuple):
    """What the guest asked of one service, and what the service sent it, as one point saw it. Rows, by time."""

    view: PointView
    requests: I64
    answers: I64


def name_of(service: Service) -> tuple[str, str]:
    """By which peer and protocol is it told?"""
    named = next(name for name, number in NUMBERS.items() if number == service[2])
    return ip_text(*service[:2]), f"{named}/{service[3]}" if service[3] else named


def services_at(view: PointView, guest: Moved) -> dict[Service, Asked]:
    """What did the guest ask of whom here, and what came back?"""
    j, frames = view.journal, frames_of(view, guest)
    sent = frames.sent_ip[_asks(j, frames.sent_ip)]
    if not len(sent):
        return {}
    came = frames.asked[np.isin(j.src_low[frames.asked], np.unique(j.dst_low[sent]))]
    requests = _by_service(j, sent, j.dst_high, j.dst_low, j.dst_port)
    answers = _by_service(j, came[_answers(j, came)], j.src_high, j.src_low, j.src_port)
    none = np.zeros(0, np.int64)
    return {key: Asked(view, rows, answers.get(key, none)) for key, rows in requests.items()}


def with_open_connections(at: Mapping[str, dict[Service, Asked]], views: Sequence[PointView], guest: Moved) -> None:
    """
    Add what the services sent that the guest opens connections to where none of them was opened, in place.

    A connection that was open when the capture began shows its service as alive as one that is opened in it.
    """
    opened = {service for known in at.values() for service in known if service[2] == IP_TCP}
    for view in views:
        j, came = view.journal, frames_of(view, guest).asked
        came = came[(j.ip_protocol[came] == IP_TCP) & ((j.tcp_flags[came] & TCP_ACK) != 0)] if opened else came
        for high, low, protocol, port in opened - set(at[view.name]):
            its = (j.src_port[came] == port) & (j.src_low[came] == np.uint64(low))
            rows = came[its & (j.src_high[came] == np.uint64(high))]
            if len(rows):
                at[view.name][high, low, protocol, port] = Asked(view, np.zeros(0, np.int64), rows)


def _by_service(
    j: JournalColumns,
    rows: I64,
    high: npt.NDArray[np.uint64],
    low: npt.NDArray[np.uint64],
    port: npt.NDArray[np.uint16],
) -> dict[Service, I64]:
    is_echo = ~np.isin(j.ip_protocol[rows], (IP_TCP, IP_UDP))
    served = np.where(is_echo, 0, port[rows])
    of_row = np.arange(len(rows))
    found: dict[Service, I64] = {}
    for group in groups_of(of_row, served, j.ip_protocol[rows], low[rows], high[rows]):
        first = rows[group[0]]
        key = (int(high[first]), int(low[first]), int(j.ip_protocol[first]), int(served[group[0]]))
        found[key] = rows[group]
    return found


def _asks(j: JournalColumns, rows: I64) -> Bools:
    """Which of these frames of the guest ask, whatever came before: an echo request, a SYN, UDP to a server's port?"""
    protocol, flags = j.ip_protocol[rows], j.tcp_flags[rows]
    asks = (protocol == IP_TCP) & ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
    asks |= (protocol == IP_UDP) & (j.dst_port[rows] < LEAST_FREE_PORT) & (j.src_port[rows] >= LEAST_FREE_PORT)
    for number, request, _ in ECHOES:
        asks |= (protocol == number) & (j.icmp_type[rows] == request)
    to_one: Bools = asks & ((j.eth_dst[rows] & GROUP_BIT) == 0)
    return to_one


def _answers(j: JournalColumns, rows: I64) -> Bools:
    """Which of these frames to the guest may answer it? Of TCP whatever acknowledges: a reset, too, is an answer."""
    protocol = j.ip_protocol[rows]
    answers = (protocol == IP_TCP) & ((j.tcp_flags[rows] & TCP_ACK) != 0)
    answers |= (protocol == IP_UDP) & (j.src_port[rows] < LEAST_FREE_PORT) & (j.dst_port[rows] >= LEAST_FREE_PORT)
    for number, _, reply in ECHOES:
        answers |= (protocol == number) & (j.icmp_type[rows] == reply)
    found: Bools = answers
    return found


def is_whole(view: PointView, begin: int, end: int) -> bool:
    """Would this point have shown an answer of that time, as far as its capture goes?"""
    is_whole = view.journal_complete and not (view.left_out or view.drops or view.missing or view.truncated)
    return is_whole and view.first_ts <= begin and hole_in(view.holes, begin, end) is None
