"""What is taken for a migration's stream, and what is not."""

from tests.migration.make import MS, S, side, stream
from vmpcap.migration.transfers import find_transfers


def test_one_way_bulk_on_port_8000_is_a_migration() -> None:
    """Volume and direction confirm what the port nominates."""
    transfers, refused = find_transfers([stream()])
    assert [(t.source, t.destination) for t in transfers] == [("10.10.1.11", "10.10.1.12")]
    assert not refused


def test_http_on_port_8000_is_refused_whatever_its_size() -> None:
    """A download of a disk image is no migration."""
    download = stream(
        a=side(packets=1, payload_bytes=300, opening=b"GET /image.iso H", syn_ts=0),
        b=side(packets=1, payload_bytes=900_000_000, opening=b"HTTP/1.1 200 OK\r"),
    )
    transfers, refused = find_transfers([download])
    assert not transfers
    assert "HTTP" in refused[0].because


def test_small_two_way_talk_is_refused_with_its_figures() -> None:
    """Chatter on a migration port is named, not dropped."""
    talk = stream(a=side(packets=9, payload_bytes=5000, syn_ts=0), b=side(packets=9, payload_bytes=5000))
    transfers, refused = find_transfers([talk])
    assert not transfers
    assert "50% of them one way" in refused[0].because


def test_qemus_magic_confirms_even_a_stream_that_hardly_began() -> None:
    """The first bytes are proof at any size."""
    begun = stream(a=side(packets=1, payload_bytes=8948, opening=b"QEVM\x00\x00\x00\x03", syn_ts=0))
    transfers, _ = find_transfers([begun])
    assert transfers[0].magic == "qemu"


def test_a_capture_that_starts_in_the_middle_takes_its_direction_from_the_bytes() -> None:
    """Without a SYN the side that sent more is the source, whoever spoke first."""
    acks = side(packets=10)
    data = side(packets=10, payload_bytes=50_000_000, unique_bytes=50_000_000)
    transfers, _ = find_transfers([stream(a=acks, b=data, a_ip="10.0.0.2", a_port=8000, b_ip="10.0.0.1", b_port=4444)])
    assert (transfers[0].source, transfers[0].destination) == ("10.0.0.1", "10.0.0.2")
    assert transfers[0].links[0].port == 8000


def test_channels_that_start_together_are_one_migration() -> None:
    """A main channel and its multifd channels."""
    main = stream(a=side(packets=1, payload_bytes=220_000, opening=b"QEVM\x00\x00\x00\x03", syn_ts=0))
    channels = [
        stream(
            start=n * MS,
            a_port=50000 + n,
            a=side(packets=1, payload_bytes=30_000_000, opening=bytes.fromhex("1122334400000001"), syn_ts=n * MS),
        )
        for n in range(1, 5)
    ]
    transfers, _ = find_transfers([main, *channels])
    assert len(transfers) == 1
    assert len(transfers[0].links) == 5
    assert transfers[0].magic == "qemu"


def test_there_and_back_are_two_migrations() -> None:
    """Opposite directions between the same hosts."""
    back = stream(start=5 * S, a_ip="10.10.1.12", b_ip="10.10.1.11", a_port=51000)
    transfers, _ = find_transfers([stream(), back])
    assert [t.source for t in transfers] == ["10.10.1.11", "10.10.1.12"]


def test_two_guests_one_after_the_other_are_two_migrations() -> None:
    """Same hosts, same direction, minutes apart."""
    transfers, _ = find_transfers([stream(), stream(start=300 * S, a_port=50002)])
    assert len(transfers) == 2


def test_a_small_control_connection_joins_the_bulk_it_runs_beside() -> None:
    """vMotion's first connection carries little."""
    control = stream(
        a_port=49999, a=side(packets=9, payload_bytes=9000, syn_ts=0), b=side(packets=9, payload_bytes=9000)
    )
    transfers, refused = find_transfers([control, stream(start=10 * MS)])
    assert len(transfers) == 1
    assert len(transfers[0].links) == 2
    assert not refused


def test_attempts_without_an_answer_are_one_migration_that_never_was() -> None:
    """Retries to a closed port are told as one failed attempt, not as silence."""
    tries = [
        stream(start=n * S, seconds=0.1, a_port=50000 + n, a=side(packets=1, syn_ts=n * S, syn_frame=n + 1), b=side())
        for n in range(3)
    ]
    transfers, _ = find_transfers(tries)
    assert len(transfers) == 1
    assert not transfers[0].established
    assert len(transfers[0].links) == 3
