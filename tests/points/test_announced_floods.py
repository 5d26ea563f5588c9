"""Of what is sent to everybody only a host's RARP is asked for clocks: the rest is said alike from two places."""

import numpy as np
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from vmpcap.decode.fragments import WholeWalker
from vmpcap.points.floods import find_floods
from vmpcap.points.pairing import pair_packets
from vmpcap.points.sightings import SightingLog
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import as_read_only, doorway

MAC = "00:50:56:aa:77:10"
MS = 1_000_000


def log_of(packets: list[Packet], start: int) -> SightingLog:
    """What a point keeps of these packets, one each 10 ms from then on."""
    frames = [bytes(packet) for packet in packets]
    sizes = [len(frame) for frame in frames]
    batch = RecordBatch(
        buffer=as_read_only(b"".join(frames)),
        first_frame=1,
        record_at=doorway(np.cumsum([0, *sizes])[:-1], np.int64),
        captured_bytes=doorway(sizes, np.int32),
        wire_bytes=doorway(sizes, np.int32),
        ts_ns=doorway([start + n * 10 * MS for n in range(len(frames))], np.int64),
        interface=doorway(np.zeros(len(frames)), np.int32),
        link_type=doorway(np.ones(len(frames)), np.int32),
    )
    log = SightingLog(1000)
    whole, walked = WholeWalker(4096).walk(batch)
    log.keep(whole, walked, None, 1)
    return log


def test_only_what_a_host_announces_is_a_flood_that_tells_of_clocks() -> None:
    """RIP to all routers and ARP requests come in the same words from the old place and from the new one."""
    everybody = Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff")
    rarp = everybody / ARP(op=3, hwsrc=MAC, hwdst=MAC, psrc="0.0.0.0", pdst="0.0.0.0")
    rarp.type = 0x8035
    asked = everybody / ARP(op=1, hwsrc=MAC, psrc="10.77.0.10", pdst="10.77.0.1")
    routed = (
        Ether(src=MAC, dst="01:00:5e:00:00:09")
        / IP(src="10.77.0.10", dst="224.0.0.9", ttl=1, id=0)
        / UDP(sport=520, dport=520)
    )
    here, there = log_of([routed, asked, rarp], 0), log_of([routed, asked, rarp], 4515 * MS)
    paired = pair_packets(here, there)
    assert len(paired.row_one) == 3
    assert find_floods(paired).late.tolist() == [4515 * MS]
