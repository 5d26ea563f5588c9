"""The keys of packets under another name: what the other point would have kept, to the bit."""

from pathlib import Path

import numpy as np
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from vmpcap.points.kernels.keys import Kept
from vmpcap.points.renamed import Ends, keys_by_numbers, keys_under, numbers_of
from vmpcap.runs.point import Wanted
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.terms.addresses import ip_halves
from vmpcap.verdicts.profile import DEFAULT, load_profile

NUMBERS = [7, 0, 65_535, 4660, 1]
INSIDE = ("10.0.0.1", 50_000, "192.0.2.9", 8000)
OUTSIDE = ("198.51.100.7", 1024, "192.0.2.10", 18_000)


def ends(named: tuple[str, int, str, int]) -> Ends:
    """The same with halves of addresses."""
    source, source_port, destination, port = named
    return Ends(ip_halves(source), source_port, ip_halves(destination), port)


def talk(named: tuple[str, int, str, int]) -> list[Packet]:
    """Segments both ways between these ends, each with a number of its own."""
    source, source_port, destination, port = named
    found = []
    for n, number in enumerate(NUMBERS):
        there = n % 2 == 0
        a, b, p, q = (source, destination, source_port, port) if there else (destination, source, port, source_port)
        ip = IP(src=a, dst=b, id=number) if "." in a else IPv6(src=a, dst=b)
        tcp = TCP(sport=p, dport=q, seq=100 + n, ack=5, flags="PA")
        found.append(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ip / tcp / Raw(b"x" * (n + 1)))
    return found


def kept(folder: Path, named: tuple[str, int, str, int]) -> Kept:
    """What a point keeps of this talk."""
    path = folder / "talk.pcap"
    wrpcap(str(path), talk(named))
    both = tuple(PointFiles(name, None, (str(path),)) for name in "ab")
    request = Request(points=both, profile=load_profile(DEFAULT))
    point, _ = read_points(request, Wanted(flows=False, announcements=False, journal=False))
    return point.sightings.rows()


IS_DATA = np.array([n % 2 == 0 for n in range(len(NUMBERS))])


def test_the_identification_comes_out_of_the_key_again(tmp_path: Path) -> None:
    """Each of them, in both directions."""
    assert numbers_of(kept(tmp_path, INSIDE), IS_DATA, ends(INSIDE)).tolist() == NUMBERS


def test_the_key_is_the_one_that_the_other_point_keeps(tmp_path: Path) -> None:
    """Both addresses and both ports were rewritten there; all else is as it was."""
    inside, outside = kept(tmp_path, INSIDE), kept(tmp_path, OUTSIDE)
    assert not np.isin(inside.key, outside.key).any()
    numbers = numbers_of(outside, IS_DATA, ends(OUTSIDE))
    assert keys_under(outside, IS_DATA, numbers, ends(INSIDE)).tolist() == inside.key.tolist()


def test_ipv6_prefixes_are_undone_as_well(tmp_path: Path) -> None:
    """NPTv6 (RFC 6296): there is no identification, it comes out as 0."""
    inside, outside = ("2001:db8:1::1", 50_000, "2001:db8:9::9", 8000), ("2001:db8:2::1", 50_000, "2001:db8:9::9", 8000)
    here, there = kept(tmp_path, inside), kept(tmp_path, outside)
    numbers = numbers_of(there, IS_DATA, ends(outside))
    assert set(numbers.tolist()) == {0}
    assert keys_under(there, IS_DATA, numbers, ends(inside)).tolist() == here.key.tolist()


def test_keys_by_numbers_leave_addresses_out_and_keep_connections_apart(tmp_path: Path) -> None:
    """The same segment on two connections is two packets."""
    here, there = kept(tmp_path, INSIDE), kept(tmp_path, OUTSIDE)
    assert keys_by_numbers(here, 0).tolist() == keys_by_numbers(there, 0).tolist()
    assert not np.isin(keys_by_numbers(here, 0), keys_by_numbers(there, 1)).any()
    assert not np.isin(keys_by_numbers(here, 0), here.loose).any()
