"""Which endpoints carry whose frames, from literal bytes and beside a twin."""

import random
import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from tests.decode.frames_of import WALKER, batch_of
from vmpcap.announcements.carriers import CarrierLog
from vmpcap.decode.carriers import no_places, read_carriers

A, B, C = (bytes([10, 0, 0, last]) for last in (1, 2, 3))
GUEST, GATEWAY = 0x0050_56AA_7710, 0x0200_0000_0001


def carried(source: bytes, target: bytes, sender: int, receiver: int, vni: int = 77, tags: bytes = b"") -> bytes:
    """A frame between two machines, in VXLAN between two endpoints."""
    inner = receiver.to_bytes(6, "big") + sender.to_bytes(6, "big") + bytes.fromhex("88b5") + bytes(20)
    head = struct.pack(">HHHHBxxxI", 50000, 4789, 16 + len(inner), 0, 8, vni << 8)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(head) + len(inner), 0, 0, 64, 17, 0) + source + target
    return bytes(6) + bytes.fromhex("020000000009") + tags + bytes.fromhex("0800") + ip + head + inner


def changes(frames: Sequence[bytes], log: CarrierLog | None = None) -> list[tuple[int, int, int]]:
    """(frame, outer source, outer target) of each change."""
    log = CarrierLog() if log is None else log
    batch = batch_of(frames)
    log.collect(batch, WALKER.walk(batch))
    rows = log.rows()
    return [
        (frame, outer[1] & 0xFFFFFFFF, outer[3] & 0xFFFFFFFF)
        for frame, outer in zip(rows.frame.tolist(), rows.outer.tolist(), strict=True)
    ]


def number(address: bytes) -> int:
    """An address as a number."""
    return int.from_bytes(address, "big")


def test_a_pair_is_told_when_it_appears_and_when_its_endpoints_change() -> None:
    """Each direction by itself; a repetition tells nothing."""
    frames = [
        carried(A, C, GUEST, GATEWAY),
        carried(C, A, GATEWAY, GUEST),
        carried(A, C, GUEST, GATEWAY),
        carried(B, C, GUEST, GATEWAY),
        carried(C, A, GATEWAY, GUEST),
        carried(C, B, GATEWAY, GUEST),
    ]
    assert changes(frames) == [
        (1, number(A), number(C)),
        (2, number(C), number(A)),
        (4, number(B), number(C)),
        (6, number(C), number(B)),
    ]


def test_an_overlay_between_ipv6_endpoints_is_read() -> None:
    """All 128 bits of both; a frame cut within them tells nothing."""
    ends = [bytes.fromhex(f"20010db800020000000000000000{last}") for last in ("0011", "0030")]
    inner = carried(A, C, GUEST, GATEWAY)[14 + 20 :]
    ip = struct.pack(">IHBB", 6 << 28, len(inner), 17, 64) + ends[0] + ends[1]
    frame = bytes(6) + bytes.fromhex("020000000009 86dd") + ip + inner
    log = CarrierLog()
    assert len(changes([frame], log)) == 1
    whole = log.rows().outer[0].astype(">u8").tobytes()
    assert whole == ends[0] + ends[1]
    assert not changes([frame[: 14 + 36]])


def test_an_overlay_behind_tags_is_read() -> None:
    """One tag or two before the outer packet."""
    for tags in ("8100004d", "88a8000a8100004d"):
        frame = carried(A, C, GUEST, GATEWAY, tags=bytes.fromhex(tags))
        assert changes([frame]) == [(1, number(A), number(C))]


def test_what_no_overlay_carries_tells_nothing() -> None:
    """Plain frames, and an overlay that a mirror carries: nobody says whose endpoints its header names."""
    plain = carried(A, C, GUEST, GATEWAY)
    mirror = bytes(12) + bytes.fromhex("0800 4500 0000 0000 0000 402f 0000 0a000008 0a000009 0000 6558") + plain
    mirror = mirror[:16] + (len(mirror) - 14).to_bytes(2, "big") + mirror[18:]
    assert not changes([plain[50:], mirror])
    cut = batch_of([plain[:60]])
    assert len(read_carriers(cut, WALKER.walk(cut), no_places(), None).row) <= 1


def test_what_does_not_fit_is_counted() -> None:
    """The first changes are kept."""
    log = CarrierLog(budget=3)
    assert len(changes([carried(A, C, sender, GATEWAY) for sender in range(2, 12, 2)], log)) == 3
    assert log.left_out == 2


def test_only_frames_that_are_asked_for_count() -> None:
    """A mask leaves the others out."""
    batch = batch_of([carried(A, C, GUEST, GATEWAY), carried(B, C, GUEST, GATEWAY)])
    found = read_carriers(batch, WALKER.walk(batch), no_places(), np.array([False, True]))
    assert found.row.tolist() == [1]


@pytest.mark.parametrize("seed", range(40))
def test_changes_do_not_depend_on_where_batches_are_cut(seed: int) -> None:
    """The same as a dict that remembers each pair, however the frames are handed on."""
    rng = random.Random(seed)
    story = [
        (rng.choice([A, B, C]), rng.choice([A, B, C]), rng.choice([2, 4, 6]), rng.choice([2, 4, 6]), rng.choice([7, 8]))
        for _ in range(200)
    ]
    wanted, known = [], {}
    for source, target, sender, receiver, vni in story:
        if known.get((sender, receiver, vni)) != (source, target):
            known[sender, receiver, vni] = (source, target)
            wanted.append((number(source), number(target)))
    log = CarrierLog()
    edges = [0, *sorted(rng.randint(0, 200) for _ in range(4)), 200]
    for begin, end in pairwise(edges):
        if end > begin:
            changes([carried(*row) for row in story[begin:end]], log)
    assert [(int(o[1]) & 0xFFFFFFFF, int(o[3]) & 0xFFFFFFFF) for o in log.rows().outer] == wanted


ROUTERS = bytes.fromhex("020000000e02 020000000e01")


def in_lisp(source: bytes, target: bytes, sender: bytes, receiver: bytes, is_native: bool = False) -> bytes:
    """A packet between two machines, in LISP without an instance between two locators; or as it is."""
    udp = struct.pack(">HHHH", 1000, 2000, 8 + 12, 0) + bytes(12)
    inner = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + sender + receiver + udp
    if is_native:
        return ROUTERS + bytes.fromhex("0800") + inner
    head = struct.pack(">HHHH", 50000, 4341, 16 + len(inner), 0) + bytes.fromhex("8000000100000001")
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(head) + len(inner), 0, 0, 64, 17, 0) + source + target
    return ROUTERS + bytes.fromhex("0800") + ip + head + inner


def test_lisp_without_an_instance_is_told_by_its_machines_and_from_what_is_in_no_lisp() -> None:
    """Between the same two routers pass other machines' packets, and the same ones' natively; those are zeros."""
    one, two, other = (bytes([10, 77, 0, last]) for last in (10, 11, 12))
    story = [
        (in_lisp(A, B, one, two, is_native=True), None),  # nothing is known of them yet
        (in_lisp(A, B, one, two), (number(A), number(B))),
        (in_lisp(A, B, one, two), None),
        (in_lisp(A, C, one, other), (number(A), number(C))),
        (in_lisp(A, B, one, two), None),
        (in_lisp(A, B, two, one, is_native=True), None),
        (in_lisp(A, B, one, two, is_native=True), (0, 0)),
        (in_lisp(A, B, one, two, is_native=True), None),
        (in_lisp(A, C, one, two), (number(A), number(C))),
    ]
    wanted = [(n, *ends) for n, (_, ends) in enumerate(story, 1) if ends is not None]
    assert changes([frame for frame, _ in story]) == wanted
    for cut in range(1, len(story)):
        log = CarrierLog()
        changes([frame for frame, _ in story[:cut]], log)
        changes([frame for frame, _ in story[cut:]], log)
        ends = [(o[1] & 0xFFFFFFFF, o[3] & 0xFFFFFFFF) for o in log.rows().outer.tolist()]
        assert ends == [one[1:] for one in wanted]
