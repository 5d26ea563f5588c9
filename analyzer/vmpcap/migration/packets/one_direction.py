"""Points that show one direction only, or one of several links: the guest answers there what is not in view."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.exchanges import LEAST_FREE_PORT
from vmpcap.migration.packets.own_speech import HELD_NS
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.wire import ECHOES, IP_TCP, IP_UDP, TCP_ACK, TCP_SYN

Bools = npt.NDArray[np.bool_]

REPLIES: Final = (NUMBER_OF["arp_reply"], NUMBER_OF["solicited_na"])


def answers_the_unseen(view: PointView, guest: Moved, when: int) -> bool:
    """
    Does the guest answer requests that are not in view, so that the capture holds one direction only?

    Echo and ARP replies, solicited neighbour advertisements, SYN-ACKs, ACKs of a connection that move on, and UDP from
    a known service to a free port: not right after that time, for what was asked before it.
    """
    j, rows = view.journal, view.arps
    if (_told_by(rows, guest) & np.isin(rows.kind, REPLIES) & (rows.ts_ns > when)).any():
        return True
    sent = frames_of(view, guest).sent_ip
    sent = sent[j.ts_ns[sent] > when]
    protocol, kind = j.ip_protocol[sent], j.icmp_type[sent]
    if any(((protocol == number) & (kind == reply)).any() for number, _, reply in ECHOES):
        return True
    is_served = (j.src_port[sent] < LEAST_FREE_PORT) & (j.dst_port[sent] >= LEAST_FREE_PORT)
    is_served &= (protocol == IP_UDP) & (j.ts_ns[sent] > when + HELD_NS) & ((j.eth_dst[sent] & GROUP_BIT) == 0)
    if is_served.any():
        return True
    tcp = sent[protocol == IP_TCP]
    if ((j.tcp_flags[tcp] & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)).any():
        return True
    tcp = tcp[(j.tcp_flags[tcp] & TCP_ACK) != 0]
    acks = {(int(j.dst_low[r]), int(j.dst_port[r]), int(j.src_port[r]), int(j.tcp_ack[r])) for r in tcp.tolist()}
    return len(acks) > len({ack[:3] for ack in acks})


def _told_by(rows: AnnouncementRows, guest: Moved) -> Bools:
    """Which of these bodies did the guest send?"""
    return rows.sender_mac == np.uint64(guest.mac) if guest.mac != NO_MAC else np.zeros(len(rows), np.bool_)
