"""A stream that opens as only a migration does is one, whatever ports it has."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.readers.writers import Packet
from tests.runs.made import analysed, migration, write
from vmpcap.flows.streams import MAGICS, Magic
from vmpcap.runs import point
from vmpcap.runs.pipeline import Analysis

MULTIFD = bytes.fromhex("1122334400000001")
MADE_PORTS = (50_000, 8000)


def on_ports(calling: int, listening: int, opening: bytes = b"QEVM\0\0\0\3") -> list[Packet]:
    """The made migration between these ports, with these first bytes."""
    renamed = {MADE_PORTS[0]: calling, MADE_PORTS[1]: listening}
    packets = []
    for packet in migration():
        data = packet.data
        if data[12:14] == b"\x08\0" and data[23] == 6:
            ports = [renamed[number] for number in struct.unpack_from(">HH", data, 34)]
            data = data[:34] + struct.pack(">HH", *ports) + data[38:]
            data = data.replace(b"QEVM\0\0\0\3" + bytes(8), opening.ljust(16, b"\0"))
        packets.append(packet._replace(data=data))
    return packets


def told(packets: Sequence[Packet], folder: Path) -> Analysis:
    return analysed(write(folder / "made.pcap", packets))


@pytest.mark.parametrize(
    ("ports", "row"),
    [
        ((26_207, 49_152), "libvirt_qemu"),
        ((1100, 60_000), "pve"),
        ((26_207, 4444), "first_bytes"),
        ((999, 22), "first_bytes"),
    ],
)
def test_the_first_bytes_tell_a_migration_on_any_port(ports: tuple[int, int], row: str, tmp_path: Path) -> None:
    """As the same on a migration port: bytes, times, the guest and what its peers met."""
    usual, found = (told(on_ports(*between), tmp_path).told.stories for between in (MADE_PORTS, ports))
    (known,), (seen,) = ([story.move.best.transfer for story in stories] for stories in (usual, found))
    assert seen.stream.key == row
    assert seen.hypervisor == known.hypervisor == "qemu"
    assert seen.payload_bytes == known.payload_bytes == 200_000
    assert (seen.first_data_ts, seen.last_data_ts) == (known.first_data_ts, known.last_data_ts)
    assert [guest.result.mac for guest in found[0].guests] == [guest.result.mac for guest in usual[0].guests]


@pytest.mark.parametrize("magic", [magic for magic in MAGICS if magic.proves], ids=lambda magic: magic.name)
def test_each_magic_that_proves_does_so_whole_and_not_in_part(magic: Magic, tmp_path: Path) -> None:
    """As the table has them; with one byte other than it, nothing is proved."""
    (story,) = told(on_ports(26_207, 4444, magic.begins), tmp_path).told.stories
    assert story.move.best.transfer.magic == magic.name
    for at in range(len(magic.begins)):
        other = magic.begins[:at] + bytes([magic.begins[at] ^ 0x20]) + magic.begins[at + 1 :]
        assert not told(on_ports(26_207, 4444, other), tmp_path).told.stories


@pytest.mark.parametrize("opening", [b"\x16\x03\x01\0\xc8\x01\0\0", b"QEVN\0\0\0\3", b"\0" * 8])
@pytest.mark.parametrize("ports", [(26_207, 49_152), (26_207, 4444)])
def test_without_them_a_port_that_anybody_may_have_proves_nothing(
    ports: tuple[int, int], opening: bytes, tmp_path: Path
) -> None:
    """TLS may be anybody's, and a beginning that only looks alike is none."""
    assert not told(on_ports(*ports, opening), tmp_path).told.stories


def test_a_port_that_nominates_needs_no_first_bytes(tmp_path: Path) -> None:
    """It is looked at as before: refused for its volume here, by name."""
    found = told(on_ports(50_000, 49_152, bytes(8)), tmp_path).told
    assert not found.stories
    assert "200000 payload bytes" in found.refused[0][1].because


@pytest.mark.parametrize("batch", [7, 101])
def test_it_does_not_matter_where_a_batch_ends(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls that came in a batch before the first bytes are the stream's, too, and nobody else's."""
    whole = told(on_ports(999, 4444, MULTIFD), tmp_path)
    monkeypatch.setattr(point, "DEFAULT_BATCH_RECORDS", batch)
    cut = told(on_ports(999, 4444, MULTIFD), tmp_path)
    assert len(whole.told.stories) == 1
    assert cut.told.stories[0].move.best.transfer.payload_bytes == 200_000
    assert [p.journal.columns().frame.tolist() for p in cut.points] == [
        p.journal.columns().frame.tolist() for p in whole.points
    ]
