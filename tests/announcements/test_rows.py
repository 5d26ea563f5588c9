"""The log of one capture point: what it keeps, what it counts, and the table that is made of it."""

import random
import struct

import pytest

from tests.announcements.made import kinds_of, log_of
from tests.announcements.test_kinds import ANNOUNCE, PAD, advertisement
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementLog, join_rows, no_rows
from vmpcap.terms.columns import ANNOUNCEMENTS

RARP = bytes.fromhex(ANNOUNCE) + PAD


def request(number: int) -> bytes:
    """A plain ARP request for one of many addresses."""
    body = "ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a000001 000000000000"
    return bytes.fromhex(body) + struct.pack(">I", 0x0A000100 + number) + PAD


def test_a_storm_of_requests_does_not_push_an_announcement_out() -> None:
    """Each has a budget of its own, and what did not fit is counted."""
    log = AnnouncementLog("here", announcement_budget=3, resolution_budget=10)
    log_of([request(n) for n in range(100)] + [RARP], log=log)
    assert (log.kept, log.left_out, log.kept_plain, log.left_out_plain) == (1, 0, 10, 90)
    log_of([RARP] * 5, log=log)
    assert (log.kept, log.left_out) == (3, 3)
    assert log.seen[NUMBER_OF["rarp_announce"]] == 6
    assert log.seen[NUMBER_OF["arp_request"]] == 100
    assert len(log.rows()) == 13


@pytest.mark.parametrize("seed", range(20))
def test_rows_do_not_depend_on_where_batches_are_cut(seed: int) -> None:
    """The same kinds in the same order, however the frames are handed on."""
    rng = random.Random(seed)
    frames = [rng.choice([RARP, request(rng.randrange(9)), advertisement("20"), bytes(60)]) for _ in range(60)]
    log, at = AnnouncementLog("here"), 0
    while at < len(frames):
        step = rng.randint(1, 20)
        log_of(frames[at : at + step], log=log)
        at += step
    assert log.rows().kind.tolist() == [NUMBER_OF[kind] for kind in kinds_of(frames)]


def test_reading_the_rows_does_not_end_the_log() -> None:
    """More may be collected after they were read."""
    log = log_of([RARP])
    assert len(log.rows()) == 1
    log_of([RARP], log=log)
    assert len(log.rows()) == 2


def test_the_table_has_the_columns_of_the_contract() -> None:
    """One row per announcement; plain requests only where all are asked for."""
    log = log_of([RARP, request(1), advertisement("20")])
    assert log.table().columns == [column.name for column in ANNOUNCEMENTS]
    assert log.table()["kind"].to_list() == ["rarp_announce", "unsolicited_na"]
    assert log.table(everything=True)["frame"].to_list() == [1, 2, 3]
    first = log.table().to_dicts()[0]
    assert {k: v for k, v in first.items() if k != "ts"} == {
        "point": "here",
        "frame": 1,
        "kind": "rarp_announce",
        "opcode": 3,
        "eth_src": "00:50:56:9a:12:34",
        "eth_dst": "ff:ff:ff:ff:ff:ff",
        "sender_mac": "00:50:56:9a:12:34",
        "sender_ip": "0.0.0.0",
        "target_mac": "00:50:56:9a:12:34",
        "target_ip": "0.0.0.0",
        "vlan_ids": [],
        "vni": None,
        "encapsulation": first["encapsulation"],
        "broadcast": True,
    }
    assert first["encapsulation"].startswith("eth/")


def test_an_empty_log_has_the_same_columns() -> None:
    """Nothing seen is an empty table, not another one."""
    assert log_of([bytes(60)]).table().schema == log_of([RARP]).table().schema
    assert len(no_rows()) == len(join_rows([])) == 0
