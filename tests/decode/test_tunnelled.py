"""Who speaks with whom inside EtherIP, fences and labels, from literal bytes and beside a twin."""

import random
import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from tests.decode.frames_of import WALKER, batch_of
from vmpcap.announcements.tunnelled import Tunnelled, TunnelledLog
from vmpcap.decode.tunnelled import MOST_PAIRS

A, B = "192.0.2.1", "198.51.100.1"
GUEST, GATEWAY = 0x0050_56AA_7710, 0x0200_0000_0001
OUTER = bytes(6) + bytes.fromhex("020000000009")


def machines(sender: int, receiver: int) -> bytes:
    """A frame of one machine for another."""
    return receiver.to_bytes(6, "big") + sender.to_bytes(6, "big") + bytes.fromhex("0806 0001080006040001") + bytes(20)


def in_etherip(sender: int, receiver: int, tags: bytes = b"") -> bytes:
    """In EtherIP between A and B: RFC 3378."""
    inner = b"\x30\x00" + machines(sender, receiver)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, 97, 0)
    return OUTER + tags + bytes.fromhex("0800") + ip + bytes((192, 0, 2, 1, 198, 51, 100, 1)) + inner


def fenced(sender: int, receiver: int, number: int, flags: int = 0) -> bytes:
    """Behind this fence: flags, number, two bytes, an address."""
    return OUTER + bytes.fromhex("88de") + bytes((flags, number, 0, 0)) + bytes(6) + machines(sender, receiver)


def labelled(sender: int, receiver: int) -> bytes:
    """In a pseudowire behind one label, without a control word (RFC 4448)."""
    return OUTER + bytes.fromhex("8847") + (77 << 12 | 0x1FF).to_bytes(4, "big") + machines(sender, receiver)


def labelled_gre(sender: int, receiver: int) -> bytes:
    """The same in GRE between A and B, as OTV of a Nexus 7000."""
    inner = bytes.fromhex("00008847") + labelled(sender, receiver)[14:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, 47, 0)
    return OUTER + bytes.fromhex("0800") + ip + bytes((192, 0, 2, 1, 198, 51, 100, 1)) + inner


def in_ipv6(protocol: int, inner: bytes, far: int = 2) -> bytes:
    """In IPv6 between 2001:db8::1 and another end (RFC 8200 3)."""
    head = struct.pack(">IHBB", 6 << 28, len(inner), protocol, 64)
    prefix = bytes.fromhex("20010db8") + bytes(11)
    return OUTER + bytes.fromhex("86dd") + head + prefix + b"\x01" + prefix + bytes((far,)) + inner


def log_of(frames: Sequence[bytes], log: TunnelledLog | None = None, first_frame: int = 1) -> TunnelledLog:
    """What is remembered of these frames."""
    log = TunnelledLog() if log is None else log
    batch = batch_of(frames)._replace(first_frame=first_frame)
    log.collect(batch, WALKER.walk(batch))
    return log


def shown(rows: Sequence[Tunnelled]) -> list[tuple[str, int, int, int, tuple[str, str] | None]]:
    """Kind, machines, number and endpoints of each."""
    return [(row.kind, row.eth_src, row.eth_dst, row.vni, row.outer) for row in rows]


def test_each_kind_of_tunnel_is_named_with_its_machines() -> None:
    """EtherIP with its ends, a fence with its number, labels with neither."""
    frames = [f(GUEST, GATEWAY) for f in (in_etherip, lambda a, b: fenced(a, b, 7), labelled, labelled_gre)]
    assert shown(log_of(frames).rows()) == [
        ("etherip", GUEST, GATEWAY, -1, (A, B)),
        ("fence", GUEST, GATEWAY, 7, None),
        ("mpls", GUEST, GATEWAY, -1, None),
        ("labelled_gre", GUEST, GATEWAY, -1, (A, B)),
    ]


def test_tunnels_over_ipv6_are_named_with_their_ends() -> None:
    """EtherIP and labels in GRE; two ends that differ in their last bits alone are two."""
    etherip, gre = in_etherip(GUEST, GATEWAY)[34:], labelled_gre(GUEST, GATEWAY)[34:]
    frames = [in_ipv6(97, etherip), in_ipv6(47, gre), in_ipv6(97, etherip, far=3)]
    ends = [("2001:db8::1", "2001:db8::2"), ("2001:db8::1", "2001:db8::2"), ("2001:db8::1", "2001:db8::3")]
    kinds = ["etherip", "labelled_gre", "etherip"]
    assert shown(log_of(frames).rows()) == [
        (kind, GUEST, GATEWAY, -1, pair) for kind, pair in zip(kinds, ends, strict=True)
    ]
    cut = log_of([frames[0][:60]]).rows()
    assert [row.outer for row in cut] in ([], [ends[0]])


def test_a_tunnel_behind_tags_is_read() -> None:
    """Its ends stand further behind."""
    assert log_of([in_etherip(GUEST, GATEWAY, bytes.fromhex("8100004d"))]).rows()[0].outer == (A, B)


def test_frames_that_were_cut_in_parts_are_counted() -> None:
    """Flag 0x04; other flags are none."""
    frames = [fenced(GUEST, GATEWAY, 7), fenced(GUEST, GATEWAY, 7, 0x04), fenced(GUEST, GATEWAY, 7, 0x02)]
    (row,) = log_of(frames).rows()
    assert (row.frames, row.parts, row.first_part, row.first_frame, row.last_frame) == (3, 1, 2, 1, 3)
    assert row.most_bytes == len(frames[0])


def test_frames_outside_of_such_tunnels_tell_nothing() -> None:
    """Nor does one that was cut before its flags."""
    assert log_of([machines(GUEST, GATEWAY)]).rows() == []
    assert [row.parts for row in log_of([fenced(GUEST, GATEWAY, 7, 0x04)[:14]]).rows()] in ([], [0])


def test_only_frames_that_are_asked_for_count() -> None:
    """A mask leaves the others out."""
    batch = batch_of([in_etherip(2, 4), in_etherip(4, 2)])
    log = TunnelledLog()
    log.collect(batch, WALKER.walk(batch), np.array([False, True]))
    assert [row.eth_src for row in log.rows()] == [4]


def test_more_machines_than_there_is_room_for_are_counted() -> None:
    """A flood of made-up addresses takes no more memory."""
    frames = [in_etherip(2 * n + 2, GATEWAY) for n in range(MOST_PAIRS + 100)]
    log = log_of(frames)
    assert len(log.rows()) + log.left_out == len(frames)
    assert log.left_out >= 100


@pytest.mark.parametrize("seed", range(40))
def test_what_is_remembered_does_not_depend_on_where_batches_are_cut(seed: int) -> None:
    """The same as a dict of pairs, however the frames are handed on."""
    rng = random.Random(seed)
    makers = (in_etherip, labelled, lambda a, b: fenced(a, b, 7), lambda a, b: fenced(a, b, 8, 0x04), machines)
    names = ("etherip", "mpls", "fence", "fence", None)
    numbers = (-1, -1, 7, 8, -1)
    story = [(rng.randrange(5), rng.choice([2, 4, 6]), rng.choice([2, 4, 6])) for _ in range(200)]
    twin: dict[tuple[object, ...], list[int]] = {}
    for n, (which, sender, receiver) in enumerate(story):
        if names[which] is not None:
            twin.setdefault((names[which], sender, receiver, numbers[which]), []).append(n + 1)
    log = TunnelledLog()
    edges = [0, *sorted(rng.randint(0, 200) for _ in range(4)), 200]
    for begin, end in pairwise(edges):
        if end > begin:
            log_of([makers[which](a, b) for which, a, b in story[begin:end]], log, begin + 1)
    found = {(r.kind, r.eth_src, r.eth_dst, r.vni): (r.frames, r.first_frame, r.last_frame) for r in log.rows()}
    assert found == {key: (len(at), at[0], at[-1]) for key, at in twin.items()}
