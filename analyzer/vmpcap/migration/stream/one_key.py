"""The stream's packets under one name at all points, where addresses are translated between them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.stream.transfers import Link, Named
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.renamed import Ends, keys_by_numbers, keys_under, numbers_of
from vmpcap.terms.addresses import ip_halves

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEW_ALIKE: Final = 0.5
"""Of the packets alike by TCP's numbers, so many must be so with their identification: else it is written anew."""


def ends_of(named: Named) -> Ends:
    """The same ends with their addresses in halves."""
    (source, source_port), (destination, destination_port) = named
    return Ends(ip_halves(source), source_port, ip_halves(destination), destination_port)


def under_one_name(kept: Kept, is_data: Bools, link_of: I64, links: Sequence[Link]) -> Kept:
    """
    The same packets, those of connections that have another name here under the keys of the name they share.

    Parameters
    ----------
    link_of : int64[rows], place of each packet's connection among `links`
    """
    key = kept.key
    for number, link in enumerate(links):
        if link.known_as is None:
            continue
        rows = np.flatnonzero(link_of == number)
        mine: Kept = kept._replace(key=kept.key[rows], loose=kept.loose[rows])
        numbers = numbers_of(mine, is_data[rows], ends_of(link.own))
        key = key.copy() if key is kept.key else key
        key[rows] = keys_under(mine, is_data[rows], numbers, ends_of(link.known_as))
    return kept._replace(key=key)


def keyed_alike(stations: Sequence[tuple[Kept, I64]], translated: Sequence[bool]) -> list[U64]:
    """
    Keys by which the same packet is found at each of these stations.

    With the IP identification where the translator left that alone, so that a segment sent again is another packet;
    else by TCP's numbers, where it is a second one of the same name.

    Parameters
    ----------
    stations : packets, and int64[rows] the connection of each
    translated : whether they have other addresses there than elsewhere
    """
    full = [kept.key for kept, _ in stations]
    bare = [_by_numbers(kept, link_of) for kept, link_of in stations]
    names = [place for place, is_translated in enumerate(translated) if is_translated]
    others = [place for place, is_translated in enumerate(translated) if not is_translated]
    alike_bare = sum(_shared(bare[a], bare[b]) for a in names for b in others)
    alike_full = sum(_shared(full[a], full[b]) for a in names for b in others)
    return bare if alike_full < FEW_ALIKE * alike_bare else full


def _by_numbers(kept: Kept, link_of: I64) -> U64:
    key = np.zeros(len(kept.key), np.uint64)
    for number in np.unique(link_of).tolist():
        rows = np.flatnonzero(link_of == number)
        key[rows] = keys_by_numbers(kept._replace(loose=kept.loose[rows]), number)
    return key


def _shared(here: U64, there: U64) -> int:
    return len(np.intersect1d(here, there))
