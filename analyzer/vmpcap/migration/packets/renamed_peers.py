"""Packets of a guest and its peers on both sides of a translator: which of them have one name, and which have none."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.migration.packets.guest_packets import FACTOR
from vmpcap.points.kernels.keys import Kept

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

REWRITTEN: Final = "their addresses are rewritten between the two, and nothing else tells which of them is which"


class Alike(NamedTuple):
    """Packets of two points, those of the second under the names that the first has for their connections."""

    here: Kept
    there: Kept
    is_renamed_here: Bools
    """bool[rows]: of machines whose addresses are others at the second point; only their TCP is known there again."""
    is_renamed_there: Bools


def link_of(kept: Kept, rows: I64) -> U64:
    """A number for the connection of each of these and its direction."""
    names: U64 = (kept.pair[rows] ^ kept.ports[rows].astype(np.uint64)) * FACTOR
    return names


def under_one_name(here: Kept, there: Kept, mine: Kept, theirs: Kept, left: I64, right: I64) -> Alike:
    """
    What are the second point's packets called at the first? The same where nobody translates between them.

    Parameters
    ----------
    here, there : what both points kept
    mine, theirs : the same rows with the keys by which they were paired
    left, right : rows of the first, and which rows of the second are the same packets

    Notes
    -----
    TCP is known by its numbers: one packet tells what the translator made of its connection. What else those machines
    sent has no numbers of its own, so of that nobody knows which packet is which.
    """
    is_other = here.pair[left] != there.pair[right]
    if not is_other.any():
        return Alike(here, there, np.zeros(len(here.key), bool), np.zeros(len(there.key), bool))
    left, right = left[is_other], right[is_other]
    names, first = np.unique(link_of(there, right), return_index=True)
    links = link_of(there, np.arange(len(there.key)))
    place = np.minimum(np.searchsorted(names, links), len(names) - 1)
    is_known, like = names[place] == links, left[first][place]
    pair, ports = np.where(is_known, here.pair[like], there.pair), np.where(is_known, here.ports[like], there.ports)
    return Alike(
        mine,
        theirs._replace(pair=pair, ports=ports),
        np.isin(here.pair, here.pair[left]),
        np.isin(there.pair, there.pair[right]),
    )
