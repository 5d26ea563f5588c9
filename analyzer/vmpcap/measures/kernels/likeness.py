"""The kernel that says in one word what no router changes of a packet."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import inline_kernel, kernel

if TYPE_CHECKING:
    from vmpcap.measures.journal import JournalColumns

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


@inline_kernel
def fold(digest: np.uint64, value: np.uint64) -> np.uint64:
    """Which digest have both? An odd product of 64 bits spreads each input over the upper ones."""
    mixed = (digest ^ value) * np.uint64(0xBF58476D1CE4E5B9)
    return np.uint64(mixed ^ (mixed >> np.uint64(29)))


@kernel
def digest_rows(journal: "JournalColumns", rows: I64, out_digest: U64) -> None:
    """
    Equal for two packets where all is equal that no router changes: addresses, ports, identification, numbers, lengths.

    Parameters
    ----------
    journal : JournalColumns
    rows : int64[k]
    out_digest : uint64[k]
    """
    for k in range(rows.shape[0]):
        i = rows[k]
        digest = fold(fold(np.uint64(0), np.uint64(journal.ip_protocol[i])), journal.src_high[i])
        digest = fold(fold(digest, journal.src_low[i]), journal.dst_high[i])
        digest = fold(digest, journal.dst_low[i])
        ports = (np.uint64(journal.src_port[i]) << np.uint64(16)) | np.uint64(journal.dst_port[i])
        digest = fold(digest, (np.uint64(journal.ip_id[i]) << np.uint64(32)) | ports)
        size = np.uint64(np.uint32(journal.payload_bytes[i]))
        digest = fold(digest, (np.uint64(journal.tcp_flags[i]) << np.uint64(32)) | size)
        digest = fold(digest, (np.uint64(journal.tcp_seq[i]) << np.uint64(32)) | np.uint64(journal.tcp_ack[i]))
        echo = (np.uint64(journal.icmp_id[i]) << np.uint64(16)) | np.uint64(journal.icmp_seq[i])
        out_digest[k] = fold(digest, (np.uint64(journal.icmp_type[i]) << np.uint64(32)) | echo)


@kernel
def mark_shared(digest: U64, table: I32, out_is_shared: Bools) -> None:
    """
    Which places hold a digest that another place holds too?

    Parameters
    ----------
    digest : uint64[k]
    table : int32[t], scratch of -1; t a power of two, twice k and more
    out_is_shared : bool[k]
    """
    mask = np.uint64(table.shape[0] - 1)
    for k in range(digest.shape[0]):
        place = np.int64(digest[k] & mask)
        while table[place] >= 0 and digest[table[place]] != digest[k]:
            place = np.int64(np.uint64(place + 1) & mask)
        out_is_shared[k] = table[place] >= 0
        if table[place] < 0:
            table[place] = k
        else:
            out_is_shared[table[place]] = True
