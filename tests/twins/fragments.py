"""Putting packets together in plain Python: a dict of byte positions for each packet; no bounds, no time."""

from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass
class Begun:
    """What is there of one packet."""

    content: dict[int, int] = field(default_factory=dict)
    size: int | None = None


class PutTogether:
    """Takes parts in the order in which they come."""

    def __init__(self) -> None:
        self.begun: dict[Hashable, Begun] = {}

    def take(self, packet: Hashable, offset: int, content: bytes, is_last: bool) -> bytes | None:
        """The whole packet, if this part completes it. A packet that is complete may begin again."""
        one = self.begun.setdefault(packet, Begun())
        for place, byte in enumerate(content, start=offset):
            one.content.setdefault(place, byte)
        if is_last:
            one.size = offset + len(content)
        if one.size is None or len(one.content) < one.size:
            return None
        del self.begun[packet]
        return bytes(one.content[place] for place in range(one.size))
