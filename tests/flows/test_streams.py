"""Which ports and first bytes say that a connection may carry a migration."""

import pytest

from vmpcap.flows.streams import HTTP, MAGICS, STREAMS, nominate, port_kinds, recognise


@pytest.mark.parametrize(
    ("ports", "key"),
    [
        ((53738, 8000), "vmotion"),
        ((8000, 53738), "vmotion"),
        ((40000, 49152), "libvirt_qemu"),
        ((49215, 50000), "libvirt_qemu"),
        ((35000, 60000), "pve"),
        ((35000, 6600), "hyperv"),
        ((35000, 8002), "xen_xend"),
    ],
)
def test_a_migration_port_nominates_in_either_direction(ports: tuple[int, int], key: str) -> None:
    """Whoever connects, the port of the listening side tells the row."""
    row = nominate(6, *ports)
    assert row is not None
    assert row.key == key


@pytest.mark.parametrize("ports", [(443, 49160), (22, 60010), (902, 50000), (445, 50000), (443, 50000), (80, 1024)])
def test_a_port_that_carries_much_else_does_not(ports: tuple[int, int]) -> None:
    """A download to a high port is no migration, and HTTPS, SSH, SMB or NFC alone none either."""
    assert nominate(6, *ports) is None


def test_only_tcp_is_nominated() -> None:
    """UDP 8000 is something else."""
    assert nominate(17, 53738, 8000) is None


def test_a_port_of_the_user_nominates_whatever_it_carries() -> None:
    """With the row that knows the port, or the row for ports that only the user knows."""
    known, unknown = nominate(6, 443, 50000, (443,)), nominate(6, 7777, 50000, (7777,))
    assert known is not None
    assert unknown is not None
    assert (known.key, unknown.key) == ("xapi", "user")


def test_ports_of_the_table_for_kernels() -> None:
    """Always, or only together with a port that systems hand out to a connecting side."""
    kinds = port_kinds((443,))
    assert [int(kinds[port]) for port in (8000, 8001, 443, 445, 49151, 49152, 49215, 49216, 60050)] == [
        *(1, 0, 1, 0, 0, 2, 2, 0, 2)
    ]


@pytest.mark.parametrize(
    ("opening", "name"),
    [
        (bytes.fromhex("5145564d 00000003"), "qemu"),
        (bytes.fromhex("11223344 00000001 00112233 44556677"), "multifd"),
        (bytes.fromhex("ffffffffffffffff 58454e46"), "xen"),
        (bytes.fromhex("16030100c8 010000c4"), "tls"),
        (b"GET / HTTP/1.1\r\n", HTTP),
        (b"HTTP/1.1 200 OK\r\n", HTTP),
        (b"QEV", None),
        (b"GETTING", None),
        (b"", None),
    ],
)
def test_streams_are_known_by_their_first_bytes(opening: bytes, name: str | None) -> None:
    """A beginning that is cut short, or only looks alike, is not recognised."""
    assert recognise(opening) == name


def test_no_row_hides_another() -> None:
    """Rows that nominate stand before the others, keys are told once, no magic begins with another's bytes."""
    flags = [row.nominates for row in STREAMS]
    assert flags == sorted(flags, reverse=True)
    assert len({row.key for row in STREAMS}) == len(STREAMS)
    for magic in MAGICS:
        others = [other for other in MAGICS if other is not magic and magic.begins.startswith(other.begins)]
        assert not others, magic
    assert all(row.source for row in STREAMS)
