"""What is taken for a migration's stream, and what is not."""

import pytest

from tests.migration.make import MS, S, side, stream
from vmpcap.measures.connections import Side
from vmpcap.migration.stream.beginnings import begins_in_view, hypervisor_because
from vmpcap.migration.stream.transfers import find_transfers


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


QEMU = b"QEVM\x00\x00\x00\x03"
MULTIFD = bytes.fromhex("1122334400000001")


def data(size: int, at: int = 0, opening: bytes = b"") -> Side:
    """A side that sent so much, from its SYN on."""
    return side(packets=9, payload_bytes=size, unique_bytes=size, opening=opening, syn_ts=at, syn_frame=1)


@pytest.mark.parametrize(
    ("known", "is_one"),
    [({}, True), ({"acked_bytes": 0}, True), ({"retransmissions": 2}, False), ({"max_payload_bytes": 900}, False)],
)
def test_a_stream_stuck_at_its_first_full_segment_is_a_migration(known: dict[str, int], is_one: bool) -> None:
    """
    The way has no room for its segments: it never comes to the volume of one. Less than that is anybody's.

    It may be stuck at its very first segment: the handshake passed, so somebody listened.
    """
    sent = {"packets": 40, "payload_bytes": 300_000, "unique_bytes": 90_000, "acked_bytes": 84, "retransmissions": 5}
    stuck = {**sent, "max_payload_bytes": 8948, "syn_ts": 0, "syn_frame": 1, **known}
    answers = side(packets=2, syn_ts=1, syn_frame=2, mss=8960)
    transfers, _ = find_transfers([stream(a=side(**stuck), b=answers, b_port=6600)])
    assert bool(transfers) == is_one
    assert not find_transfers([stream(a=side(**stuck, opening=b"PUT /disk.vmdk H"), b=answers, b_port=6600)])[0]


@pytest.mark.parametrize("port", [8000, 49160, 60010])
def test_a_call_that_is_stuck_on_a_port_of_many_services_is_no_migration(port: int) -> None:
    """A Windows RPC call whose first full segment has no room on its way: the user may know better."""
    sent = {"packets": 9, "payload_bytes": 8_800, "unique_bytes": 1_500, "acked_bytes": 72, "retransmissions": 5}
    call = side(**sent, max_payload_bytes=1460, syn_ts=0, syn_frame=1, opening=bytes.fromhex("05000b0310000000"))
    stuck = stream(a=call, b=side(packets=2, syn_ts=1, syn_frame=2, mss=1460), a_port=51_000, b_port=port)
    transfers, refused = find_transfers([stuck])
    assert (transfers, len(refused)) == ([], 1)
    assert f"others use port {port} as well" in refused[0].because
    assert len(find_transfers([stuck], (port,))[0]) == 1


def test_the_chatter_of_an_emulated_bus_is_refused() -> None:
    """Tens of thousands of tiny packets both ways on port 8000, as QEMU's CXL device sends them, move no guest."""
    chatter = stream(seconds=60, a=data(1_200_000), b=side(packets=9_000, payload_bytes=1_100_000))
    transfers, refused = find_transfers([chatter])
    assert not transfers
    assert "52% of them one way" in refused[0].because


@pytest.mark.parametrize(
    "opening",
    [b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.", b"PUT /disk.vmdk H", b"PRI * HTTP/2.0\r\n", b"CONNECT a:1 HTTP"],
)
def test_an_upload_over_http_is_refused_too(opening: bytes) -> None:
    """A gigabyte that the client sends one way looks like a migration in everything but its first bytes."""
    transfers, refused = find_transfers([stream(a=data(10**9, opening=opening))])
    assert (transfers, len(refused)) == ([], 1)


def test_bulk_both_ways_is_refused() -> None:
    """A hundred megabytes each way are a copy there and back of something else."""
    both = stream(a=data(100_000_000), b=side(packets=9, payload_bytes=100_000_000))
    assert not find_transfers([both])[0]


@pytest.mark.parametrize(("there", "back", "is_one"), [(9_000_000, 1_000_000, True), (8_900_000, 1_100_000, False)])
def test_nine_tenths_must_go_one_way(there: int, back: int, is_one: bool) -> None:
    """Acknowledgements and page requests come back; more than a tenth is talk."""
    transfers, _ = find_transfers([stream(a=data(there), b=side(packets=9, payload_bytes=back))])
    assert bool(transfers) == is_one


def test_a_port_that_no_row_knows_needs_the_user() -> None:
    """--port nominates, volume confirms: without it the same stream is not looked at."""
    odd = stream(b_port=9999)
    assert find_transfers([odd]) == ([], [])
    (transfer,), _ = find_transfers([odd], (9999,))
    assert (transfer.stream.key, transfer.links[0].port) == ("user", 9999)


def test_a_port_that_carries_much_else_is_a_migrations_only_for_the_user() -> None:
    """445 is SMB: with --port 445 it is Hyper-V's."""
    smb = stream(b_port=445)
    assert find_transfers([smb]) == ([], [])
    (transfer,), _ = find_transfers([smb], (445,))
    assert transfer.hypervisor == "hyperv"


def test_a_users_port_does_not_make_http_a_migration() -> None:
    """What the first bytes say is stronger than what a user names."""
    transfers, refused = find_transfers([stream(b_port=9999, a=data(10**9, opening=b"POST / HTTP/1.1\r"))], (9999,))
    assert not transfers
    assert "HTTP" in refused[0].because


@pytest.mark.parametrize(
    ("port", "opening", "hypervisor"),
    [
        (8000, b"", "vmware"),
        (8000, QEMU, "qemu"),
        (8000, bytes.fromhex("0000000003000500"), "vmware"),
        (49152, b"", "qemu"),
        (49152, bytes.fromhex("160301"), "qemu"),
        (60000, b"", "qemu"),
        (6600, b"", "hyperv"),
        (8002, b"", "xen"),
        (8002, b"\xff" * 8 + b"XENF", "xen"),
    ],
)
def test_first_bytes_name_the_hypervisor_before_the_port_does(port: int, opening: bytes, hypervisor: str) -> None:
    """The lab's QEMU uses VMware's port; TLS may be anybody's."""
    (transfer,), _ = find_transfers([stream(b_port=port, a=data(10**8, opening=opening))])
    assert transfer.hypervisor == hypervisor


def test_tls_confirms_nothing_by_itself() -> None:
    """A web service on port 8000 that speaks TLS is no migration unless it sends bulk one way."""
    hello = bytes.fromhex("16030102000100")
    small = stream(a=data(3000, opening=hello), b=side(packets=9, payload_bytes=9000))
    assert not find_transfers([small])[0]
    (bulk,), _ = find_transfers([stream(a=data(10**8, opening=hello))])
    assert bulk.magic == "tls"


def test_two_guests_moved_at_once_by_qemu_are_two_migrations() -> None:
    """Each main channel opens with its magic, and each multifd channel goes with the main that it started beside."""
    links = []
    for guest, start in ((0, 0), (1, 1000 * MS)):
        links.append(stream(start, 30, a_port=50_000 + 10 * guest, a=data(300_000, start, QEMU)))
        for channel in (1, 2):
            at = start + channel * MS
            links.append(stream(at, 30, a_port=50_000 + 10 * guest + channel, a=data(60_000_000, at, MULTIFD)))
    transfers, _ = find_transfers(links)
    ports = [sorted(link.connection.a_port for link in transfer.links) for transfer in transfers]
    assert ports == [[50_000, 50_001, 50_002], [50_010, 50_011, 50_012]]


def test_two_guests_moved_at_once_by_esxi_are_two_migrations_where_they_start_apart() -> None:
    """Nothing on the wire names the guest: streams between the same hosts that start ten seconds apart are two."""
    transfers, _ = find_transfers([stream(0, 60), stream(10 * S, 60, a_port=50_001)])
    assert [transfer.start_ts for transfer in transfers] == [0, 10 * S]


def test_three_streams_of_esxi_and_its_control_connection_are_one_migration() -> None:
    """One stream per vmknic, all within moments; the control connection says little, and more of it comes back."""
    control = stream(0, 61, a_port=49_999, a=data(9_000), b=side(packets=99, payload_bytes=20_000, syn_ts=1))
    bulk = [stream(n * 100 * MS, 60, a_port=50_000 + n, a=data(10**9, n * 100 * MS)) for n in range(1, 4)]
    (transfer,), refused = find_transfers([control, *bulk])
    assert len(transfer.links) == 4
    assert {link.source for link in transfer.links} == {"10.10.1.11"}
    assert transfer.payload_bytes == 3 * 10**9 + 9_000
    assert not refused


def test_a_control_connection_of_other_hosts_or_times_does_not_join() -> None:
    """The same port between other hosts, or minutes before, is somebody else's talk."""
    elsewhere = stream(0, 1, a_ip="10.10.1.77", a=data(9_000), b=side(packets=9, payload_bytes=9_000))
    before = stream(0, 1, a_port=49_998, a=data(9_000), b=side(packets=9, payload_bytes=9_000))
    transfers, refused = find_transfers([elsewhere, before, stream(120 * S)])
    assert [len(transfer.links) for transfer in transfers] == [1]
    assert len(refused) == 2


def test_streams_in_opposite_directions_at_once_are_two_migrations() -> None:
    """Two hosts exchange guests: what goes there and what comes back are never one."""
    back = stream(MS, a_ip="10.10.1.12", b_ip="10.10.1.11", a_port=51_000)
    transfers, _ = find_transfers([stream(), back])
    assert [(t.source, t.destination) for t in transfers] == [
        ("10.10.1.11", "10.10.1.12"),
        ("10.10.1.12", "10.10.1.11"),
    ]


def test_attempts_long_after_each_other_are_migrations_of_their_own() -> None:
    """Retries within a minute are one; an hour later somebody tried again."""
    tries = [
        stream(n * 3600 * S, 0.1, a_port=50_000 + n, a=side(packets=1, syn_ts=n * 3600 * S, syn_frame=1), b=side())
        for n in range(2)
    ]
    assert len(find_transfers(tries)[0]) == 2


def test_a_flow_that_carried_nothing_and_showed_no_attempt_is_refused() -> None:
    """Keep-alives of a connection that began before the capture say nothing."""
    idle = stream(a=side(packets=9), b=side(packets=9))
    transfers, refused = find_transfers([idle])
    assert (transfers, len(refused)) == ([], 1)


@pytest.mark.parametrize(("hosts", "is_scan"), [(8, False), (16, True)])
def test_whoever_calls_the_port_of_many_hosts_in_vain_scans(hosts: int, is_scan: bool) -> None:
    """A host that is being emptied calls eight at most."""
    syn = {"packets": 1, "syn_ts": 0, "syn_frame": 1}
    tried = [stream(a=side(**syn), b=side(), b_ip=f"10.10.9.{n}", start=n * MS) for n in range(1, hosts + 1)]
    transfers, refused = find_transfers(tried)
    assert len(transfers) == (0 if is_scan else hosts)
    assert len(refused) == (hosts if is_scan else 0)
    assert all(f"at {hosts} hosts" in one.because for one in refused)


def test_a_health_check_beside_a_migration_is_no_migration() -> None:
    """Other hosts try whether the port is open, and say nothing; an attempt of the same hosts is one of theirs."""
    check = stream(300 * S, 0.1, a_ip="10.5.5.5", b_ip="10.6.6.6", a=side(packets=2, syn_ts=300 * S), b=side(packets=1))
    assert [len(part) for part in find_transfers([stream(), check])] == [1, 1]
    again = stream(300 * S, 0.1, a_port=50_001, a=side(packets=2, syn_ts=300 * S), b=side(packets=1))
    assert len(find_transfers([stream(), again])[0]) == 2


@pytest.mark.parametrize(
    ("a", "b", "begins"),
    [
        ({"syn_ts": 0}, {}, True),
        ({}, {"syn_ts": 0}, True),
        ({"opening": b"QEVM\x00\x00\x00\x03"}, {}, True),
        ({}, {}, False),
        ({"opening": bytes.fromhex("1122334400000001")}, {}, False),
    ],
)
def test_a_stream_begins_in_view_by_its_syn_or_its_first_bytes(
    a: dict[str, object], b: dict[str, object], begins: bool
) -> None:
    """Either side may have called. Multifd's magic stands before each packet of pages, so it shows no begin."""
    data = side(packets=10, payload_bytes=50_000_000, unique_bytes=50_000_000, **a)
    (transfer,), _ = find_transfers([stream(a=data, b=side(packets=10, **b))])
    assert begins_in_view(transfer) == begins
    assert hypervisor_because(transfer).endswith("not in view") == (not begins and "opening" not in a)


def test_one_connection_of_several_that_ran_before_is_enough_for_a_part() -> None:
    """What it had carried by then is missing from the sum."""
    before = side(packets=10, payload_bytes=50_000_000, unique_bytes=50_000_000)
    (transfer,), _ = find_transfers([stream(), stream(a_port=50001, a=before, b=side(packets=10))])
    assert len(transfer.links) == 2
    assert not begins_in_view(transfer)


@pytest.mark.parametrize(
    ("opening", "because"),
    [
        (b"", "not captured"),
        (b"QEV", "not captured"),
        (bytes.fromhex("11223344"), "not captured"),
        (b"QEVM\x00\x00\x00\x03", "its first bytes"),
        (b"\x8a\x11\x02\x0c", "which others use as well"),
        (bytes.fromhex("1603010200"), "which others use as well"),
    ],
)
def test_headers_alone_do_not_say_whose_a_stream_is(opening: bytes, because: str) -> None:
    """Cut in the middle of what may be a magic, the first bytes say nothing; others say that it is none we know."""
    begun = stream(a=side(packets=10, payload_bytes=50_000_000, opening=opening, syn_ts=0))
    (transfer,), _ = find_transfers([begun])
    assert hypervisor_because(transfer).endswith(because)
