"""Which ports and first bytes say that a connection may carry a migration."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.terms.wire import IP_TCP

Listener = Literal["destination", "source", "either"]

HTTP: Final = "http"
"""What `recognise` calls plain HTTP: proof that a connection is no migration stream."""

EPHEMERAL_FROM: Final = 32768
"""Linux hands out local ports from here on; a connecting side's port is rarely below."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One way a hypervisor moves a guest over TCP. A port only nominates: bytes and volume confirm."""

    key: str
    hypervisor: str
    first_port: int
    last_port: int
    listens: Listener
    live: bool
    """False: cold migration, cloning or replication; never a live migration by itself."""
    nominates: bool
    """False: the port carries much else (SSH, HTTPS, SMB), so only the user can nominate it with --port."""
    source: str
    """Where the numbers come from."""
    is_own: bool = False
    """True: no other service of note listens there, so that a call to it is meant for the hypervisor."""


STREAMS: Final = (
    Stream("vmotion", "vmware", 8000, 8000, "destination", True, True, "VMware firewall tables 6.0 to 6.7"),
    Stream("libvirt_qemu", "qemu", 49152, 49215, "destination", True, True, "libvirt firewall service, 64 ports"),
    Stream("pve", "qemu", 60000, 60050, "destination", True, True, "Proxmox VE insecure migration"),
    Stream(
        "hyperv",
        "hyperv",
        6600,
        6600,
        "destination",
        True,
        True,
        "Hyper-V live migration, TCP/IP and compression",
        is_own=True,
    ),
    Stream("xen_xend", "xen", 8002, 8002, "destination", True, True, "RHEL 5 virtualization guide"),
    Stream("nfc", "vmware", 902, 902, "destination", False, False, "VMware firewall tables: NFC, cold migration"),
    Stream("hyperv_smb", "hyperv", 445, 445, "destination", True, False, "Hyper-V live migration over SMB"),
    Stream("libvirt_tunnel", "qemu", 16509, 16509, "destination", True, False, "libvirt tunnelled migration"),
    Stream("libvirt_tunnel_tls", "qemu", 16514, 16514, "destination", True, False, "libvirt tunnelled migration, TLS"),
    Stream("ssh_tunnel", "qemu", 22, 22, "destination", True, False, "libvirt, xl and Proxmox VE over SSH"),
    Stream("xapi", "xen", 443, 443, "destination", True, False, "XenServer and XCP-ng pool motion"),
    Stream("hbr", "vmware", 31031, 31031, "destination", False, False, "vSphere Replication, first copy"),
    Stream("hbr_delta", "vmware", 44046, 44046, "destination", False, False, "vSphere Replication, changes"),
)
"""Asked in this order: the first row that knows the port answers."""

BY_USER: Final = Stream("user", "unknown", 0, 65535, "destination", True, True, "named with --port")
"""The row of a port that only the user knows."""


NOT_IN_VIEW: Final = Stream("not_in_view", "unknown", 0, 0, "destination", True, False, "no stream is in view")
"""The row of a migration that is known by its guest alone."""


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes that a stream begins with."""

    name: str
    begins: bytes
    source: str
    proves: bool = False
    """True: nothing but a migration begins so, whatever the ports of the connection are."""


MAGICS: Final = (
    Magic("qemu", bytes.fromhex("5145564d"), "QEMU main channel: 'QEVM'", proves=True),
    Magic(
        "multifd",
        bytes.fromhex("1122334400000001"),
        "QEMU multifd channel, version 1; 16 bytes of VM uuid follow",
        proves=True,
    ),
    Magic("xen", b"\xff" * 8 + b"XENF", "libxc stream image header", proves=True),
    Magic("vmotion", bytes.fromhex("0000000003000500"), "plain vMotion memory stream (ESXi 6.0)"),
    Magic("tls", bytes.fromhex("160301"), "TLS handshake record, ClientHello"),
    Magic("tls", bytes.fromhex("160303"), "TLS handshake record"),
    Magic(HTTP, b"GET ", "RFC 9110 9.3"),
    Magic(HTTP, b"POST ", "RFC 9110 9.3"),
    Magic(HTTP, b"PUT ", "RFC 9110 9.3"),
    Magic(HTTP, b"HEAD ", "RFC 9110 9.3"),
    Magic(HTTP, b"DELETE ", "RFC 9110 9.3"),
    Magic(HTTP, b"OPTIONS ", "RFC 9110 9.3"),
    Magic(HTTP, b"CONNECT ", "RFC 9110 9.3"),
    Magic(HTTP, b"PATCH ", "RFC 5789"),
    Magic(HTTP, b"TRACE ", "RFC 9110 9.3"),
    Magic(HTTP, b"HTTP/1.", "RFC 9112 4: the answer"),
    Magic(HTTP, b"PRI * HTTP/2.0", "RFC 9113 3.4"),
)


LONGEST_MAGIC: Final = 16
"""As many first bytes are kept of each side (kernels.layout.OPENING_BYTES)."""

BY_FIRST_BYTES: Final = {
    name: Stream("first_bytes", hypervisor, 0, 65535, "destination", True, False, "its first bytes")
    for name, hypervisor in (("qemu", "qemu"), ("multifd", "qemu"), ("xen", "xen"))
}
"""The row of a stream that only its magic tells, by the name of that."""


def nominate(protocol: int, port_a: int, port_b: int, extra_ports: tuple[int, ...] = ()) -> Stream | None:
    """
    Which row says that a connection between these ports may carry a migration? None where none does.

    Ports of the user come first. A port inside a range that systems also hand out to connecting sides (49152 and up)
    nominates only where the other port could belong to a connecting side too: a download from port 443 to port 49160 is
    no migration.

    >>> nominate(6, 53738, 8000).key
    'vmotion'
    >>> nominate(6, 443, 49160) is None
    True
    """
    if protocol != IP_TCP:
        return None
    if port_a in extra_ports or port_b in extra_ports:
        return _row_of(port_a, port_b) or BY_USER
    row = _row_of(port_a, port_b)
    return row if row is not None and row.nominates else None


def nominate_by_bytes(port_a: int, port_b: int, magics: Iterable[str | None]) -> Stream | None:
    """
    Which row has a stream that opens with one of these magics, on ports that nominate none? None without a proof.

    A connecting side may have been given any port, so one of the same hypervisor names its row whatever the other is.

    >>> nominate_by_bytes(26207, 49152, ["multifd"]).key
    'libvirt_qemu'
    >>> nominate_by_bytes(26207, 4444, [None, "qemu"]).key
    'first_bytes'
    >>> nominate_by_bytes(26207, 49152, ["tls"]) is None
    True
    """
    row = next((BY_FIRST_BYTES[magic] for magic in magics if magic in BY_FIRST_BYTES), None)
    if row is None:
        return None
    known = (
        one
        for one in STREAMS
        if one.nominates and one.hypervisor == row.hypervisor
        if one.first_port <= port_a <= one.last_port or one.first_port <= port_b <= one.last_port
    )
    return next(known, row)


def magic_table() -> npt.NDArray[np.uint8]:
    """
    Which first bytes prove a migration, as a table for kernels? uint8[magics, 1 + LONGEST_MAGIC].

    Of each row the first number says how many of the bytes behind it count.
    """
    proofs = [magic.begins for magic in MAGICS if magic.proves]
    rows = [bytes([len(begins)]) + begins.ljust(LONGEST_MAGIC, b"\0") for begins in proofs]
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)


def _row_of(port_a: int, port_b: int) -> Stream | None:
    for row in STREAMS:
        for port, other in ((port_b, port_a), (port_a, port_b)):
            if not row.first_port <= port <= row.last_port:
                continue
            if row.first_port < EPHEMERAL_FROM or other >= EPHEMERAL_FROM:
                return row
    return None


def port_kinds(extra_ports: tuple[int, ...] = ()) -> npt.NDArray[np.uint8]:
    """
    Which ports nominate, as a table for kernels? uint8[65536].

    0 never, 1 always, 2 only together with another port from EPHEMERAL_FROM on.
    """
    kinds = np.zeros(65536, dtype=np.uint8)
    for row in STREAMS:
        if row.nominates:
            kinds[row.first_port : row.last_port + 1] = 1 if row.first_port < EPHEMERAL_FROM else 2
    for port in extra_ports:
        kinds[port] = 1
    return kinds


def recognise(opening: bytes) -> str | None:
    """
    Whose stream begins like this? The magic's name, HTTP for plain HTTP, None for anything else.

    >>> recognise(b"QEVM\\x00\\x00\\x00\\x03")
    'qemu'
    """
    return next((magic.name for magic in MAGICS if opening.startswith(magic.begins)), None)
