"""Which announcement a frame is, from its literal bytes: every row of the table of layouts, tagged, cut and wrapped."""

import struct

import pytest

from tests.announcements.made import kinds_of, log_of
from tests.decode.test_walk import ETH, VXLAN_5001, ipv4, udp
from vmpcap.announcements.kinds import HAS_OPCODE, IS_ANNOUNCEMENT, IS_LISTED, KINDS, NUMBER_OF, UNKNOWN_KIND

PAD = bytes(18)
ALL = "ffffffffffff"
GUEST = "0050569a1234"
SERVER = "02000000000a"
ANNOUNCE = f"{ALL}{GUEST} 8035 0001080006040003 {GUEST}00000000 {GUEST}00000000"

# name, bytes, kind, sent to everybody
TABLE = [
    ("the announcement, and a boot client's request", ANNOUNCE, "rarp_announce", True),
    (
        "a request about another machine",
        f"{ALL}{SERVER} 8035 0001080006040003 {SERVER}00000000 {GUEST}00000000",
        "rarp_request",
        True,
    ),
    (
        "a request that tells an address",
        f"{ALL}{GUEST} 8035 0001080006040003 {GUEST}c0a80132 {GUEST}00000000",
        "rarp_request",
        True,
    ),
    (
        "a request in another machine's name",
        f"{ALL}{SERVER} 8035 0001080006040003 {GUEST}00000000 {GUEST}00000000",
        "rarp_request",
        True,
    ),
    (
        "a server's reply",
        f"{GUEST}{SERVER} 8035 0001080006040004 {SERVER}c0a80101 {GUEST}c0a80132",
        "rarp_reply",
        False,
    ),
    (
        "a plain request",
        f"{ALL}{GUEST} 0806 0001080006040001 {GUEST}c0a80132 000000000000c0a80101",
        "arp_request",
        True,
    ),
    (
        "a poll to one machine",
        f"{SERVER}{GUEST} 0806 0001080006040001 {GUEST}c0a80132 {SERVER}c0a80101",
        "arp_request",
        False,
    ),
    ("a reply", f"{SERVER}{GUEST} 0806 0001080006040002 {GUEST}c0a80132 {SERVER}c0a80101", "arp_reply", False),
    (
        "an ARP announcement",
        f"{ALL}{GUEST} 0806 0001080006040001 {GUEST}c0a80132 000000000000c0a80132",
        "garp_request",
        True,
    ),
    (
        "... as VMware guests send it",
        f"{ALL}{GUEST} 0806 0001080006040001 {GUEST}c0a80132 {ALL}c0a80132",
        "garp_request",
        True,
    ),
    (
        "... with its own MAC as the target",
        f"{ALL}{GUEST} 0806 0001080006040001 {GUEST}c0a80132 {GUEST}c0a80132",
        "garp_request",
        True,
    ),
    ("a gratuitous reply", f"{ALL}{GUEST} 0806 0001080006040002 {GUEST}c0a80132 {ALL}c0a80132", "garp_reply", True),
    ("... to itself", f"{ALL}{GUEST} 0806 0001080006040002 {GUEST}c0a80132 {GUEST}c0a80132", "garp_reply", True),
    (
        "a probe",
        f"{ALL}{GUEST} 0806 0001080006040001 {GUEST}00000000 000000000000c0a80132",
        "arp_probe",
        True,
    ),
    ("another opcode", f"{ALL}{GUEST} 0806 0001080006040008 {GUEST}c0a80132 000000000000c0a80132", "arp_other", True),
]
each = pytest.mark.parametrize(("data", "kind", "broadcast"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])


@each
@pytest.mark.parametrize("padded", [True, False], ids=["60", "42"])
def test_a_body_is_told_by_its_form(data: str, kind: str, broadcast: bool, padded: bool) -> None:
    """60 bytes as on the wire, 42 as a vSwitch port shows them before padding."""
    frame = bytes.fromhex(data) + (PAD if padded else b"")
    assert kinds_of([frame]) == [kind]
    (row,) = log_of([frame]).table(everything=True).to_dicts()
    assert row["broadcast"] == broadcast


def tagged(frame: bytes, *tags: tuple[int, int]) -> bytes:
    """The same frame with 802.1Q tags: (ethertype, id)."""
    return frame[:12] + b"".join(struct.pack(">HH", *tag) for tag in tags) + frame[12:]


@each
@pytest.mark.parametrize("tags", [((0x8100, 10),), ((0x88A8, 100), (0x8100, 20)), ((0x8100, 0x2007),)])
def test_tags_change_nothing_but_the_tags(
    data: str, kind: str, broadcast: bool, tags: tuple[tuple[int, int], ...]
) -> None:
    """One tag, two, and one with a priority: the id is told, the kind stays."""
    (row,) = log_of([tagged(bytes.fromhex(data) + PAD, *tags)]).table(everything=True).to_dicts()
    assert row["kind"] == kind
    assert row["vlan_ids"] == [tag & 0xFFF for _, tag in tags]


def test_a_tag_of_zero_is_told_as_zero() -> None:
    """A priority tag names no VLAN; it is there all the same."""
    (row,) = log_of([tagged(bytes.fromhex(ANNOUNCE), (0x8100, 0x6000))]).table().to_dicts()
    assert (row["kind"], row["vlan_ids"]) == ("rarp_announce", [0])


@each
def test_inside_an_overlay_a_body_is_what_it_is_outside(data: str, kind: str, broadcast: bool) -> None:
    """VXLAN floods it with its inner header: kind, inner addresses and the VNI."""
    frame = ETH + ipv4(udp(VXLAN_5001 + bytes.fromhex(data), port=4789), protocol=17)
    (row,) = log_of([frame]).table(everything=True).to_dicts()
    assert (row["kind"], row["vni"], row["broadcast"]) == (kind, 5001, broadcast)
    assert row["eth_src"] == ":".join(data[12:24][i : i + 2] for i in range(0, 12, 2))


@pytest.mark.parametrize("size", [0, 13, 21, 27, 31, 37, 41])
def test_a_body_that_is_cut_is_no_announcement(size: int) -> None:
    """Up to the last byte of the target's address all is needed."""
    assert kinds_of([bytes.fromhex(ANNOUNCE)[:size]]) == []
    assert kinds_of([bytes.fromhex(ANNOUNCE)[:42]]) == ["rarp_announce"]


# neighbour discovery

HEAD6 = "86dd 60000000 0020 3a ff"
LINK_LOCAL = "fe80000000000000025056fffe9a1234"
ALL_NODES = "ff020000000000000000000000000001"
TARGET = "20010db8000000000000000000000050"


def advertisement(flags: str, to_mac: str = "333300000001", to_ip: str = ALL_NODES, option: str = "02") -> bytes:
    """A neighbour advertisement of the guest about 2001:db8::50, with its own link-layer address."""
    body = f"8800 0000 {flags}000000 {TARGET} {option}01{GUEST}"
    return bytes.fromhex(f"{to_mac}{GUEST} {HEAD6} {LINK_LOCAL}{to_ip} {body}")


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("20", "unsolicited_na"),
        ("00", "unsolicited_na"),
        ("a0", "unsolicited_na"),
        ("60", "solicited_na"),
        ("40", "solicited_na"),
    ],
)
def test_an_advertisement_that_nobody_asked_for_has_no_s_bit(flags: str, kind: str) -> None:
    """R, S and O stand in one byte: only S tells; override and router do not."""
    assert kinds_of([advertisement(flags)]) == [kind]


def test_an_advertisement_to_all_nodes_goes_to_everybody() -> None:
    """Multicast is IPv6's broadcast; to one machine it is none."""
    everybody, one = (
        log_of([advertisement("20"), advertisement("60", SERVER, "fe800000000000000000000000000001")])
        .table(everything=True)
        .to_dicts()
    )
    assert (everybody["broadcast"], everybody["opcode"]) == (True, None)
    assert (everybody["sender_mac"], everybody["target_ip"]) == ("00:50:56:9a:12:34", "2001:db8::50")
    assert one["broadcast"] is False


@pytest.mark.parametrize(
    ("source", "kind"), [("00000000000000000000000000000000", "nd_probe"), (LINK_LOCAL, "nd_request")]
)
def test_a_solicitation_without_a_source_is_a_probe(source: str, kind: str) -> None:
    """Duplicate address detection asks from the unspecified address."""
    frame = bytes.fromhex(f"3333ff000050{GUEST} 86dd 60000000 0018 3a ff {source}ff0200000000000000000001ff000050"
                          f"8700 0000 00000000 {TARGET}")  # fmt: skip
    assert kinds_of([frame]) == [kind]


@pytest.mark.parametrize("kind", ["85", "86", "89", "80"])
def test_other_icmpv6_is_no_announcement(kind: str) -> None:
    """Router solicitation and advertisement, redirect, echo."""
    frame = advertisement("20")
    assert kinds_of([frame[:54] + bytes.fromhex(kind) + frame[55:]]) == []


# what only looks like RARP

SLARP = bytes.fromhex("8f008035 00000002 00000c01 00000c00 ffff 0009a6e5")


def test_ciscos_keepalives_carry_rarps_number_and_are_none() -> None:
    """SLARP over HDLC, link type 104: protocol 0x8035, and a body of its own."""
    assert kinds_of([SLARP], link_type=104) == []


def test_slarp_read_as_ethernet_is_no_rarp_either() -> None:
    """Behind an Ethernet header the body has no hardware type of Ethernet."""
    assert kinds_of([bytes.fromhex(ALL + GUEST) + SLARP[2:] + bytes(60)]) == []


@pytest.mark.parametrize("link_type", [1, 113, 276])
def test_the_link_type_says_where_a_body_is(link_type: int) -> None:
    """Ethernet, and the cooked captures of Linux, which keep the sender's address only."""
    body = bytes.fromhex(ANNOUNCE)[14:]
    heads = {
        1: bytes.fromhex(f"{ALL}{GUEST} 8035"),
        113: bytes.fromhex(f"0001 0001 0006 {GUEST}0000 8035"),
        276: bytes.fromhex(f"8035 0000 00000002 0001 01 06 {GUEST}0000"),
    }
    assert kinds_of([heads[link_type] + body], link_type=link_type) == ["rarp_announce"]


# the table itself


def test_the_first_row_that_holds_names_a_frame() -> None:
    """Plain forms come after the special ones of the same body and opcode."""
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    for special, plain in (
        ("rarp_announce", "rarp_request"), ("garp_request", "arp_request"), ("arp_probe", "arp_request"),
        ("garp_reply", "arp_reply"), ("unsolicited_na", "solicited_na"), ("nd_probe", "nd_request"),
    ):  # fmt: skip
        assert NUMBER_OF[special] < NUMBER_OF[plain]


def test_only_what_tells_where_a_mac_lives_announces() -> None:
    """RARP, both gratuitous forms, unsolicited advertisements; questions, answers and probes do not."""
    announcing = {kind.name for kind in KINDS if IS_ANNOUNCEMENT[NUMBER_OF[kind.name]]}
    assert announcing == {"rarp_announce", "garp_request", "garp_reply", "unsolicited_na"}
    listed = {kind.name for kind in KINDS if IS_LISTED[NUMBER_OF[kind.name]]}
    assert listed == announcing | {"rarp_request", "rarp_reply", "arp_probe"}
    assert not IS_LISTED[UNKNOWN_KIND]
    assert not IS_ANNOUNCEMENT[UNKNOWN_KIND]
    assert {kind.name for kind in KINDS if not HAS_OPCODE[NUMBER_OF[kind.name]]} == {
        "unsolicited_na", "solicited_na", "nd_probe", "nd_request",
    }  # fmt: skip
    assert all(kind.source for kind in KINDS)
