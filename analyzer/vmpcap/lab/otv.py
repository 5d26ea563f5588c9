"""OTV's control: IS-IS LSPs between edge devices that say which MACs are behind whom (domain notes 4.7, RFC 6165)."""

import struct
from typing import Final

from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import Frame, llc, mac
from vmpcap.lab.switches import Endpoint
from vmpcap.lab.wires import Port

ALL_ROUTERS: Final = mac("01:80:c2:00:00:14")
LEARNED_NS: Final = 300 * MS
"""So long after a new MAC of its site an edge device says so: LSPs are held back a little."""
MAC_REACHABILITY: Final = 147
HEAD: Final = struct.Struct(">BBBBBBBB")


def fletcher(raw: bytes, at: int) -> bytes:
    """The checksum of an LSP from its LSP id on (ISO 10589 7.3.11), where the field stands at this offset."""
    data = raw[:at] + b"\0\0" + raw[at + 2 :]
    c0 = c1 = 0
    for byte in data:
        c0 = (c0 + byte) % 255
        c1 = (c1 + c0) % 255
    x = ((len(data) - at - 1) * c0 - c1) % 255
    y = (c1 - (len(data) - at) * c0) % 255
    return bytes([x or 255, y or 255])


def lsp(system: bytes, sequence: int, vlan: int, macs: list[bytes]) -> bytes:
    """An LLC frame's payload: one LSP of level 1 with the MACs of this system."""
    tlvs = b"\x01\x02\x01\x00"
    if macs:
        body = struct.pack(">HBH", 0, 1, vlan) + b"".join(macs)
        tlvs += bytes([MAC_REACHABILITY, len(body)]) + body
    tail = system + b"\0\0" + struct.pack(">I", sequence) + b"\0\0" + b"\x03" + tlvs
    tail = tail[:12] + fletcher(tail, 12) + tail[14:]
    length = HEAD.size + 4 + len(tail)
    return b"\xfe\xfe\x03" + HEAD.pack(0x83, 27, 1, 0, 18, 1, 0, 0) + struct.pack(">HH", length, 1200) + tail


class Edge:
    """An edge device's control plane: tells what it learns on its site, believes what others tell."""

    def __init__(self, simulation: Simulation, endpoint: Endpoint, vlan: int, number: int) -> None:
        """It looks at its table every 50 ms."""
        self.simulation, self.endpoint, self.vlan = simulation, endpoint, vlan
        self.system = bytes([0, 0, 0, 0, 0, number])
        self.sequence = 0
        self.is_mute = False
        """Its LSPs are lost."""
        self.told: set[bytes] = set()
        self.said: list[int] = []
        self._pending = False
        self._withheld: set[bytes] = set()
        self._newest: dict[bytes, int] = {}
        endpoint.control = self._hear
        simulation.every(50 * MS, self._look, simulation.now + number * MS)
        simulation.every(15 * S, self._tell, simulation.now + S)

    def _local(self) -> set[bytes]:
        ports: list[Port] = [p for p in self.endpoint.ports if p not in self.endpoint.remotes.values()]
        return {address for (_, address), (port, _) in self.endpoint.table.items() if port in ports}

    def _look(self) -> None:
        if self._local() != self.told and not self._pending:
            self._pending = True
            self.simulation.after(LEARNED_NS, self._tell)

    def _tell(self) -> None:
        self._pending = False
        self.told = self._local()
        if self.is_mute:
            return
        self.sequence += 1
        self.said.append(self.simulation.now)
        frame = llc(ALL_ROUTERS, self.endpoint.mac, lsp(self.system, self.sequence, self.vlan, sorted(self.told)))
        for remote in self.endpoint.remotes.values():
            self.endpoint.wrap(remote, frame)

    def _hear(self, sender: bytes, frame: Frame) -> bool:
        if frame.head[:6] != ALL_ROUTERS:
            return False
        raw = frame.head[17:]
        system, sequence = raw[12:18], int.from_bytes(raw[20:24], "big")
        if sequence <= self._newest.get(system, 0):
            return True
        self._newest[system] = sequence
        port, now = self.endpoint.remotes[sender], self.simulation.now
        at, found = 27, set()
        length = int.from_bytes(raw[8:10], "big")
        while at + 2 <= length:
            kind, size = raw[at], raw[at + 1]
            if kind == MAC_REACHABILITY:
                found |= {raw[i : i + 6] for i in range(at + 7, at + 2 + size, 6)}
            at += 2 + size
        table = self.endpoint.table
        for address in found:
            table[0, address] = (port, now)
        for key in [k for k, (p, _) in table.items() if p is port and k[1] not in found]:
            del table[key]
        return True
