"""The kernel that parts packets by the two ends between which they went."""

import numpy as np
import numpy.typing as npt

from vmpcap.measures.talk import Talk
from vmpcap.terms.kernels import Bool, Int, inline_kernel, kernel

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@inline_kernel
def mix_ends(talk: Talk, i: Int, turned: Bool) -> np.uint64:
    """A number that both directions between two ends share; others hardly ever."""
    ports = np.uint64(talk.src_port[i]) << np.uint64(16) | np.uint64(talk.dst_port[i])
    there = talk.src_low[i] ^ talk.src_high[i] * np.uint64(0x9E3779B97F4A7C15)
    back = talk.dst_low[i] ^ talk.dst_high[i] * np.uint64(0x9E3779B97F4A7C15)
    if turned:
        there, back = back, there
        ports = np.uint64(talk.dst_port[i]) << np.uint64(16) | np.uint64(talk.src_port[i])
    mixed = (there * np.uint64(0xBF58476D1CE4E5B9) + back) * np.uint64(0x94D049BB133111EB)
    mixed = (mixed ^ ports ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.uint64(mixed ^ (mixed >> np.uint64(32)))


@inline_kernel
def are_between_same(talk: Talk, i: Int, j: Int, turned: Bool) -> Bool:
    """Are these two packets of one conversation? `turned`: the one goes from the guest, the other to it."""
    if turned:
        return bool(
            talk.src_low[i] == talk.dst_low[j]
            and talk.dst_low[i] == talk.src_low[j]
            and talk.src_high[i] == talk.dst_high[j]
            and talk.dst_high[i] == talk.src_high[j]
            and talk.src_port[i] == talk.dst_port[j]
            and talk.dst_port[i] == talk.src_port[j]
        )
    return bool(
        talk.src_low[i] == talk.src_low[j]
        and talk.dst_low[i] == talk.dst_low[j]
        and talk.src_high[i] == talk.src_high[j]
        and talk.dst_high[i] == talk.dst_high[j]
        and talk.src_port[i] == talk.src_port[j]
        and talk.dst_port[i] == talk.dst_port[j]
    )


@kernel
def part_conversations(
    talk: Talk, rows: I64, from_guest: Bools, table: I32, out_group: I32, out_past: I64, out_rows: I64
) -> int:
    """
    Which rows are of one conversation: same addresses and ports, both directions together?

    Parameters
    ----------
    talk : Talk[n]
    rows : int64[k], rows of talk
    from_guest : bool[n], whether the guest sent the row
    table : int32[t], scratch of -1; t a power of two, twice k and more
    out_group : int32[k], scratch
    out_past : int64[k], for each conversation, in the order of their first rows, where its rows end in out_rows
    out_rows : int64[k], the rows, conversation by conversation, each in the given order

    Returns
    -------
    How many conversations there are.
    """
    groups = 0
    mask = np.uint64(table.shape[0] - 1)
    for k in range(rows.shape[0]):
        i = rows[k]
        place = np.int64(mix_ends(talk, i, from_guest[i]) & mask)
        while table[place] >= 0:
            j = rows[out_rows[table[place]]]
            if are_between_same(talk, i, j, from_guest[i] != from_guest[j]):
                break
            place = np.int64(np.uint64(place + 1) & mask)
        if table[place] < 0:
            table[place] = groups
            out_rows[groups] = k  # the conversation's first row, until all are put in order
            out_past[groups] = 0
            groups += 1
        out_group[k] = table[place]
        out_past[table[place]] += 1
    begin = np.int64(0)
    for group in range(groups):
        size = out_past[group]
        out_past[group] = begin
        begin += size
    for k in range(rows.shape[0]):
        group = out_group[k]
        out_rows[out_past[group]] = rows[k]
        out_past[group] += 1
    return groups
