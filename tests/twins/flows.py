"""Naming flows in plain Python: a dict from both ends to the conversation that has them now, flows by VLAN in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SYN, ACK, TCP, UDP, ICMP, ICMPV6 = 0x02, 0x10, 6, 17, 1, 58
ECHOES = {ICMP: (0, 8), ICMPV6: (128, 129)}

End = tuple[str, int]


@dataclass
class Conversation:
    """What Wireshark calls a stream: both ends and the numbers that they count from, whatever the VLAN."""

    number: int | None
    bases: dict[End, int] = field(default_factory=dict)
    flows: "dict[tuple[int, ...], Flow]" = field(default_factory=dict)
    """By VLANs."""

    def is_left_by(self, packet: Any) -> bool:
        """Does this packet open another one on the same ports?"""
        opens = packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN
        return opens and self.bases.get(packet.source, packet.seq) != packet.seq

    def count(self, packet: Any) -> None:
        """From where do its directions count?"""
        if packet.protocol != TCP:
            return
        first = packet.seq if packet.flags & SYN else (packet.seq - 1) % 2**32
        self.bases.setdefault(packet.source, first)
        if packet.flags & (SYN | ACK) == SYN | ACK:
            self.bases[packet.source] = first
        if packet.flags & ACK:
            self.bases.setdefault(packet.destination, (packet.ack - 1) % 2**32)


@dataclass
class Flow:
    """One flow: side 0 sent its first packet."""

    number: int
    a: End
    b: End
    stream: int | None


class FlowsTwin:
    """Names packets one at a time."""

    def __init__(self) -> None:
        self.flows: list[Flow] = []
        self.conversations: dict[Any, Conversation] = {}
        self.streams = {TCP: 0, UDP: 0}
        self.reused = 0

    def name(self, packet: Any) -> tuple[int, int] | None:
        """(flow, side), or None for what has no ports."""
        if packet.protocol in ECHOES and packet.flags not in ECHOES[packet.protocol]:
            return None
        ends = (frozenset([packet.source, packet.destination]), packet.protocol)
        conversation = self.conversations.get(ends)
        if conversation is None or conversation.is_left_by(packet):
            self.reused += conversation is not None
            number = None
            if packet.protocol in self.streams:
                number = self.streams[packet.protocol]
                self.streams[packet.protocol] += 1
            conversation = self.conversations[ends] = Conversation(number)
        conversation.count(packet)
        flow = conversation.flows.get(packet.vlans)
        if flow is None:
            flow = Flow(len(self.flows), packet.source, packet.destination, conversation.number)
            self.flows.append(flow)
            conversation.flows[packet.vlans] = flow
        return flow.number, 0 if packet.source == flow.a else 1


def name_all(packets: Iterable[Any]) -> tuple[list[tuple[int, int] | None], list[Flow]]:
    """Each packet's flow and side, and the flows."""
    twin = FlowsTwin()
    return [twin.name(packet) for packet in packets], twin.flows
