"""What a stream's packets say of it: how to filter it, whether it was encrypted, how large its segments were."""

from vmpcap.migration.stream.broken_streams import OPTION_BYTES
from vmpcap.migration.stream.transfers import Link, Transfer


def stream_filter(transfer: Transfer) -> str:
    """Which display filter shows the stream?"""
    link = transfer.links[0]
    version = "ipv6" if ":" in link.source else "ip"
    return f"{version}.addr == {link.source} && {version}.addr == {link.destination} && tcp.port == {link.port}"


def is_encrypted(transfer: Transfer) -> bool | None:
    """
    Is the stream encrypted? True for TLS, False where a plain magic opens it, None where its first bytes say nothing.

    Encrypted vMotion has no handshake of its own on the wire: it cannot be told from an unknown plain stream here.
    """
    if transfer.magic == "tls":
        return True
    return False if transfer.magic is not None else None


def is_large_acked(transfer: Transfer) -> bool:
    return any(_is_large_acked(link) for link in transfer.links)


def _is_large_acked(link: Link) -> bool:
    """
    Did a segment of full size certainly get through?

    Certainly where nothing was resent and all was acknowledged, or where smaller segments could not have carried what
    was acknowledged. Larger ones than the MSS (offload) tell nothing: the card cuts them to a size not in view.
    """
    side, mss = link.data, link.back.mss
    if mss is None or not mss - OPTION_BYTES <= side.max_payload_bytes <= mss or side.acked_bytes <= 10 * mss:
        return False
    if side.retransmissions == 0 and side.missing_bytes == 0 and side.acked_bytes >= side.unique_bytes:
        return True
    return side.acked_bytes - side.missing_bytes > side.packets * (mss - OPTION_BYTES - 1)
