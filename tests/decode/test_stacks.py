"""
Random stacks of headers that are in no capture: what was put in is found, and tshark finds the same.

VMPCAP_STACKS=20000 asks for as many instead of the few hundred that every run takes; VMPCAP_STACKS_SEED for others.
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import vmpcap
from tests.decode.parts import Part, cut_somewhere
from tests.decode.stacks import DEEPEST, HABITS, Habit, Stack, some_stack
from tests.decode.test_scan_against_tshark import unlike
from tests.decode.test_walk_twin import compare
from tests.decode.tshark_rows import tshark_rows
from tests.readers.writers import Packet, pcap
from tests.tshark import needs_tshark, tshark_fields

STACKS = int(os.environ.get("VMPCAP_STACKS", "600"))
SEED = os.environ.get("VMPCAP_STACKS_SEED", "0")
each = pytest.mark.parametrize("habit", HABITS, ids=str)

SAID = (
    *("ip_src", "ip_dst", "ip_ttl", "ip_tos", "ip_id", "ip_version", "src_port", "dst_port", "payload_bytes"),
    *("tcp_seq", "tcp_ack", "tcp_flags", "tcp_window", "tcp_mss", "tcp_window_scale", "tcp_ts_value", "tcp_ts_echo"),
    *("icmp_type", "icmp_code", "icmp_id", "icmp_seq"),
    *("arp_op", "arp_sender_mac", "arp_sender_ip", "arp_target_mac", "arp_target_ip"),
)
"""Columns that a stack's truth fills, or leaves empty."""
ARP = {
    "arp.opcode": "arp_op",
    "arp.src.hw_mac": "arp_sender_mac",
    "arp.src.proto_ipv4": "arp_sender_ip",
    "arp.dst.hw_mac": "arp_target_mac",
    "arp.dst.proto_ipv4": "arp_target_ip",
}
VNIS = ("vxlan.vni", "geneve.vni", "lisp-data.iid")
NAMED_OTHERWISE = {"nvgre", "pbb", "fence"}
"""Overlays whose id tshark shows under other names; tests/captures compares those."""


def stacks_of(habit: Habit, purpose: str) -> list[Stack]:
    rng = random.Random(f"{SEED} {purpose} {habit}")
    return [some_stack(rng, habit) for _ in range(STACKS // len(HABITS))]


def written(frames: Sequence[bytes], path: Path, wire: Sequence[int] | None = None) -> Path:
    """A capture of these frames, a microsecond apart."""
    sizes = [len(frame) for frame in frames] if wire is None else wire
    packets = [Packet(n * 1000, frame, size) for n, (frame, size) in enumerate(zip(frames, sizes, strict=True))]
    path.write_bytes(pcap("<", packets))
    return path


def scanned(path: Path) -> list[dict[str, Any]]:
    return vmpcap.scan(path).collect().to_dicts()


def names(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(step.partition(":")[0] for step in row["encapsulation"].split("/"))


def wrong(row: dict[str, Any], stack: Stack) -> dict[str, tuple[Any, Any]]:
    """Where is a row not what the stack was built as? Its value beside the truth."""
    pairs = {name: (row[name], stack.truth.get(name)) for name in SAID}
    pairs["tcp_sack"] = row["tcp_sack"] or None, stack.truth.get("tcp_sack")
    pairs["tcp_sack_permitted"] = bool(row["tcp_sack_permitted"]), stack.truth.get("tcp_sack_permitted", False)
    pairs["stop"] = row["stop"], stack.truth.get("stop", "complete")
    pairs["path"] = names(row), stack.path
    pairs["ids"] = row["ids"], list(stack.ids)[:8]
    pairs["vni"] = row["vni"], stack.vni
    pairs["vlan_ids"] = row["vlan_ids"], list(stack.tags)[:2]
    pairs["macs"] = (row["eth_src"], row["eth_dst"]), stack.macs
    pairs["tunnel_seq"] = row["tunnel_seq"], stack.seq
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@each
def test_what_was_put_in_is_found(habit: Habit, tmp_path: Path) -> None:
    """Way, ids, addresses, tags, ports, TCP with its options, ARP: all of it, in every stack."""
    stacks = stacks_of(habit, "whole")
    rows = scanned(written([stack.data for stack in stacks], tmp_path / "stacks.pcap"))
    strange = {}
    for n, (row, stack) in enumerate(zip(rows, stacks, strict=True)):
        if found := wrong(row, stack):
            strange[n] = (stack.path, found)
    assert strange == {}


def why_tshark_differs(stack: Stack, protocols: list[str]) -> str | None:
    """What tshark cannot show of this stack, as docs/reference/encapsulations.md says it."""
    path = stack.path
    for at in range(2, len(path)):
        if path[at] == "fabricpath" and path[at - 2] in ("pbb", "fence"):
            return "FabricPath is known to tshark only where it dissects Ethernet itself"
    if "ieee8021ad" in protocols and "pbb" in path:
        return "behind a service tag tshark has no protocol for PBB in its list"
    if protocols.count("ieee8021ad") > 1:
        return "two service tags share one protocol, three do not: which ids are whose is not told"
    return None


@needs_tshark
@each
def test_tshark_finds_the_same(habit: Habit, tmp_path: Path) -> None:
    """Every header that tshark shows, bodies of ARP and ids of overlays too; and it shows the innermost."""
    stacks = stacks_of(habit, "whole")
    path = written([stack.data for stack in stacks], tmp_path / "stacks.pcap")
    rows = scanned(path)
    theirs = list(tshark_rows(path, *habit.options))
    fields = tshark_fields(path, [*ARP, *VNIS], habit.options)
    assert len(theirs) == len(fields) == len(stacks)
    differing = {}
    for stack, row, word, more in zip(stacks, rows, theirs, fields, strict=True):
        if why_tshark_differs(stack, str(word["protocols"]).split(":")):
            continue
        found = unlike(row, word)
        for name in ("tcp_seq", "icmp_type"):
            if row[name] is not None and name not in word:
                found.append((name, None, row[name]))
        for field, name in ARP.items():
            if more[field][:1] != ([] if row[name] is None else [str(row[name])]):
                found.append((name, more[field], row[name]))
        told = {int(value, 0) for field in VNIS for value in more[field]}
        if row["vni"] is not None and not NAMED_OTHERWISE & {*stack.path} and row["vni"] not in told:
            found.append(("vni", told, row["vni"]))
        if found:
            differing[int(str(word["frame"]))] = (stack.path, word["protocols"], found)
    assert differing == {}


@each
def test_a_snaplen_only_takes_away(habit: Habit, tmp_path: Path) -> None:
    """A cut stack is walked as far as it is there, and no other way; nothing in a row is untrue."""
    rng = random.Random(f"{SEED} snaplens {habit}")
    stacks = stacks_of(habit, "cut")
    cut = [stack.data[: rng.choice([64, 96, 128, rng.randint(14, len(stack.data))])] for stack in stacks]
    path = written(cut, tmp_path / "cut.pcap", [len(stack.data) for stack in stacks])
    strayed = {}
    for n, (row, stack) in enumerate(zip(scanned(path), stacks, strict=True)):
        way = names(row)
        untrue = way != stack.path[: len(way)] or row["ids"] != list(stack.ids)[: len(row["ids"])]
        if way == stack.path:
            found = wrong(row, stack).keys() - {"stop", "tcp_mss", "tcp_window_scale", "tcp_sack_permitted"}
            untrue |= bool(
                found - {"tcp_ts_value", "tcp_ts_echo", "tcp_sack"} - {name for name in SAID if row[name] is None}
            )
        if untrue:
            strayed[n] = (stack.path, way, row["stop"], len(cut[n]))
    assert strayed == {}


@needs_tshark
@each
def test_tshark_finds_the_same_in_what_a_snaplen_left(habit: Habit, tmp_path: Path) -> None:
    """Where the last header is still there; of half a timestamp option tshark shows the half, we do not."""
    rng = random.Random(f"{SEED} snaplens {habit}")
    stacks = stacks_of(habit, "cut")
    cut = [stack.data[: rng.choice([64, 96, 128, rng.randint(14, len(stack.data))])] for stack in stacks]
    path = written(cut, tmp_path / "cut.pcap", [len(stack.data) for stack in stacks])
    differing, compared = {}, 0
    for stack, row, word in zip(stacks, scanned(path), tshark_rows(path, *habit.options), strict=True):
        if names(row) != stack.path or why_tshark_differs(stack, str(word["protocols"]).split(":")):
            continue
        compared += 1
        found = [entry for entry in unlike(row, word) if entry[0] != "tcp_ts_value" or word["ts_echo"]]
        if found:
            differing[int(str(word["frame"]))] = (stack.path, word["protocols"], found)
    assert differing == {}
    assert compared > len(stacks) // 10


@each
def test_a_twin_without_a_table_walks_them_alike(habit: Habit) -> None:
    """Whole, cut, and with a byte changed."""
    rng = random.Random(f"{SEED} twins {habit}")
    for stack in stacks_of(habit, "twin")[:200]:
        frame = bytearray(stack.data)
        frame[rng.randrange(len(frame))] = rng.getrandbits(8)
        sizes = [rng.randint(0, len(frame)) for _ in range(3)]
        for wire in (len(frame), None):
            frames = [stack.data, bytes(frame), *(bytes(frame[:size]) for size in sizes)]
            compare(frames, [len(one) if wire is None else wire for one in frames], 1)


def in_parts(stack: Stack, number: int, rng: random.Random) -> list[Part]:
    """The outer packet in parts in any order, with some that come twice or overlap."""
    first = cut_somewhere(stack.data, number, rng)
    again = cut_somewhere(stack.data, number, rng)
    parts = first + [part for part in again if rng.random() < 0.4]
    rng.shuffle(parts)
    return parts


def can_be_cut(stack: Stack) -> bool:
    """IP right behind the frame's addresses, longer than any padding, no options for each hop, room for one header."""
    return (
        len(stack.path) < DEEPEST
        and stack.path[1] in ("ip", "ipv6")
        and stack.path[2] != "hopopts"
        and len(stack.data) > 120
    )


def completions(parts: Sequence[Part]) -> list[int]:
    """At which parts is the packet complete? A packet that is complete is forgotten; a sole part is one by itself."""
    found, here, total = [], set[int](), None
    for n, part in enumerate(parts):
        if part.offset == 0 and part.is_last:  # RFC 6946: apart from others of the same identification
            found.append(n)
            continue
        here |= set(range(part.offset, part.offset + len(part.content)))
        total = part.offset + len(part.content) if part.is_last else total
        if total is not None and len(here) == total:
            found.append(n)
            here, total = set(), None
    return found


@each
def test_a_stack_in_parts_is_found_whole(habit: Habit, tmp_path: Path) -> None:
    """At the frame that completes its outer packet, whatever the order of the parts."""
    rng = random.Random(f"{SEED} parts {habit}")
    frames, wanted = [], {}
    for number, stack in enumerate((stack for stack in stacks_of(habit, "parts") if can_be_cut(stack)), start=1):
        parts = in_parts(stack, number, rng)
        wanted |= {len(frames) + n: stack for n in completions(parts)}
        frames += [part.frame for part in parts]
    rows = scanned(written(frames, tmp_path / "parts.pcap"))
    whole = {n: row for n, row in enumerate(rows) if row["stop"] not in ("first_fragment", "later_fragment")}
    assert whole.keys() == wanted.keys()
    strange = {}
    for n, stack in wanted.items():
        found = wrong(whole[n], stack)
        way = tuple(name for name in names(whole[n]) if name != "fragment")
        # the parts have an identification of their own, which is the row's where no other packet is inside
        mine = {"path", "ip_id"} if sum(name in ("ip", "ipv6") for name in stack.path) == 1 else {"path"}
        if found.keys() - mine or way != stack.path:
            strange[n] = (stack.path, found)
    assert strange == {}
    assert len(wanted) > STACKS // 20
