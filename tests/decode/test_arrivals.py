"""Bodies of ARP, RARP and neighbour discovery from literal bytes."""

from collections.abc import Sequence

import pytest

from tests.decode.frames_of import WALKER, batch_of
from tests.decode.test_walk import ETH, VXLAN_5001, ipv4, tcp, udp
from vmpcap.decode.arrivals import ARP, NA, NA_OVERRIDE, NA_SOLICITED, NS, RARP, read_arrivals
from vmpcap.decode.frames import Arrivals
from vmpcap.terms.addresses import NO_MAC, ip_text, mac_text

PAD = bytes(18)
GUEST = "00:50:56:9a:12:34"
SEGMENT = ETH + ipv4(tcp(b"x"))
VECTORS = {
    "announce": "ffffffffffff0050569a1234803500010800060400030050569a1234000000000050569a123400000000",
    "rarp reply": "0050569a123402000000000a8035000108000604000402000000000ac0a801010050569a1234c0a80132",
    "garp request": "ffffffffffff0050569a1234080600010800060400010050569a1234c0a80132000000000000c0a80132",
    "garp reply": "ffffffffffff0050569a1234080600010800060400020050569a1234c0a80132ffffffffffffc0a80132",
    "probe": "ffffffffffff0050569a1234080600010800060400010050569a123400000000000000000000c0a80132",
}


def read(frames: Sequence[bytes], link_type: int = 1) -> Arrivals:
    batch = batch_of(frames, link_type=link_type)
    return read_arrivals(batch, WALKER.walk(batch))


def as_rows(arrivals: Arrivals) -> list[tuple[int, int, str | None, str, str | None, str]]:
    """(kind, opcode, sender MAC and IP, target MAC and IP) of each."""
    return [
        (
            int(arrivals.kind[i]),
            int(arrivals.opcode[i]),
            mac_text(int(arrivals.sender_mac[i])),
            ip_text(int(arrivals.sender_high[i]), int(arrivals.sender_low[i])),
            mac_text(int(arrivals.target_mac[i])),
            ip_text(int(arrivals.target_high[i]), int(arrivals.target_low[i])),
        )
        for i in range(arrivals.row.shape[0])
    ]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("announce", (RARP, 3, GUEST, "0.0.0.0", GUEST, "0.0.0.0")),
        ("rarp reply", (RARP, 4, "02:00:00:00:00:0a", "192.168.1.1", GUEST, "192.168.1.50")),
        ("garp request", (ARP, 1, GUEST, "192.168.1.50", "00:00:00:00:00:00", "192.168.1.50")),
        ("garp reply", (ARP, 2, GUEST, "192.168.1.50", "ff:ff:ff:ff:ff:ff", "192.168.1.50")),
        ("probe", (ARP, 1, GUEST, "0.0.0.0", "00:00:00:00:00:00", "192.168.1.50")),
    ],
)
def test_arp_and_rarp_bodies(name: str, wanted: tuple[object, ...], padded: bool) -> None:
    """60 bytes as on the wire, or the 42 that a vSwitch port shows before padding."""
    assert as_rows(read([bytes.fromhex(VECTORS[name]) + (PAD if padded else b"")])) == [wanted]


def test_41_bytes_are_not_enough() -> None:
    """A body cut by one byte is no announcement; its frame has the stop `cut`."""
    frame = bytes.fromhex(VECTORS["announce"])[:41]
    batch = batch_of([frame], [60])
    assert read_arrivals(batch, WALKER.walk(batch)).row.size == 0


@pytest.mark.parametrize("body", ["0006080006040001", "0001080006100001", "000186dd06040001", "0001080008040001"])
def test_bodies_about_other_addresses_are_left_out(body: str) -> None:
    """Another hardware, another address length, another protocol."""
    assert read([ETH[:12] + b"\x08\x06" + bytes.fromhex(body) + bytes(40)]).row.size == 0


def test_rows_point_at_their_frames() -> None:
    """Arrivals among other frames, in file order."""
    frames = [SEGMENT, bytes.fromhex(VECTORS["announce"]), SEGMENT, SEGMENT, bytes.fromhex(VECTORS["probe"])]
    arrivals = read(frames)
    assert arrivals.row.tolist() == [1, 4]
    assert arrivals.kind.tolist() == [RARP, ARP]


def test_a_batch_without_any() -> None:
    """Segments only."""
    assert read([SEGMENT] * 3).row.size == 0


def test_arrivals_are_owned() -> None:
    """They stay what they are when the next batch is walked."""
    arrivals = read([bytes.fromhex(VECTORS["announce"])])
    before = as_rows(arrivals)
    read([bytes.fromhex(VECTORS["garp reply"])] * 5)
    assert as_rows(arrivals) == before


def test_an_announcement_inside_vxlan_is_an_arrival() -> None:
    """The overlay's copy of the RARP."""
    wrapped = ETH + ipv4(udp(VXLAN_5001 + bytes.fromhex(VECTORS["announce"]), port=4789), protocol=17)
    assert as_rows(read([wrapped])) == [(RARP, 3, GUEST, "0.0.0.0", GUEST, "0.0.0.0")]


FE80 = "fe80000000000000025056fffe9a1234"
ALL_NODES = "ff020000000000000000000000000001"


def neighbour(kind: int, flags: int, options: str, source: str = FE80, target: str = FE80) -> bytes:
    """RFC 4861 4.3 and 4.4, over Ethernet and IPv6 with hop limit 255."""
    message = bytes([kind, 0, 0, 0, flags, 0, 0, 0]) + bytes.fromhex(target + options)
    head = bytes.fromhex("333300000001 0050569a1234 86dd 60000000") + len(message).to_bytes(2, "big")
    return head + b"\x3a\xff" + bytes.fromhex(source + ALL_NODES) + message


def test_an_unsolicited_advertisement() -> None:
    """Override without solicited, target link-layer address option (type 2)."""
    arrivals = read([neighbour(136, 0x20, "0201 0050569a1234")])
    assert as_rows(arrivals) == [(NA, NA_OVERRIDE, GUEST, "fe80::250:56ff:fe9a:1234", None, "fe80::250:56ff:fe9a:1234")]


def test_a_solicited_advertisement_without_option() -> None:
    """Nothing names the MAC."""
    (row,) = as_rows(read([neighbour(136, 0x60, "")]))
    assert row[1] == NA_SOLICITED | NA_OVERRIDE
    assert row[2] is None


def test_a_probe_for_a_duplicate_address() -> None:
    """Solicitation from the unspecified address, no option (RFC 4862 5.4.2)."""
    arrivals = read([neighbour(135, 0, "", source="00" * 16)])
    assert as_rows(arrivals) == [(NS, 0, None, "::", None, "fe80::250:56ff:fe9a:1234")]


@pytest.mark.parametrize(
    ("kind", "options", "mac"),
    [
        (135, "0101 0050569a1234", GUEST),
        (135, "0201 0050569a1234", None),  # a target's option in a solicitation
        (136, "0101 0050569a1234", None),
        (136, "0e01 000000000000 0201 0050569a1234", GUEST),  # behind a nonce
        (136, "0200 0050569a1234 0201 0050569a1234", None),  # length 0 ends the list (RFC 4861 4.6)
        (136, "0202 0050569a1234 0000000000000000", None),  # not a MAC of six bytes
        (136, "0201 0050569a12", None),  # cut by the packet's end
        (136, "0e01 000000000000" * 40 + "0201 0050569a1234", None),  # nobody sends that many
    ],
)
def test_the_option_with_the_mac(kind: int, options: str, mac: str | None) -> None:
    """Type 1 in a solicitation, type 2 in an advertisement."""
    arrivals = read([neighbour(kind, 0, options)])
    assert arrivals.sender_mac.tolist() == [NO_MAC if mac is None else int(mac.replace(":", ""), 16)]


def test_an_advertisement_cut_before_its_target_is_no_arrival() -> None:
    """54 + 23 bytes were captured."""
    frame = neighbour(136, 0x20, "0201 0050569a1234")
    batch = batch_of([frame[:77]], [len(frame)])
    assert read_arrivals(batch, WALKER.walk(batch)).row.size == 0


def test_other_messages_of_icmp_are_no_arrivals() -> None:
    """Types next to 135 and 136, and type 136 of ICMPv4."""
    frames = [neighbour(kind, 0, "") for kind in (133, 134, 137, 143)]
    frames.append(ETH + ipv4(bytes([136]) + bytes(40), protocol=1))
    assert read(frames).row.size == 0
