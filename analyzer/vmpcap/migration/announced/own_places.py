"""In which segments a guest's frames are, by their VLAN and VNI: what it used before, and what it sends in itself."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.series import Series
from vmpcap.migration.moved import Moved
from vmpcap.migration.sightings import announced_among, frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.distinct import distinct
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

SOON_NS: Final = 100 * NS_PER_MS
"""A guest that sends a frame of its own so soon after its announcement tells switches the way itself."""

BESIDE_OWN_NS: Final = 5 * NS_PER_S
"""Within so much of its announcement a guest shows with what tags its own frames come."""

Place = tuple[int, int]
"""VLAN and VNI of a segment, NO_TAG without."""

NO_TAG: Final = -1


def distinct_places(vlans: npt.NDArray[np.int32], vnis: npt.NDArray[np.int64]) -> set[Place]:
    return {_unpacked(pair) for pair in distinct(_packed(vlans, vnis)).tolist()}


def _packed(vlans: npt.NDArray[np.int32], vnis: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return (vnis.astype(np.int64) << 16) | (vlans.astype(np.int64) + 1)


def _unpacked(pair: int) -> Place:
    return place_of((pair & 0xFFFF) - 1, pair >> 16)


def place_of(vlan: int, vni: int) -> Place:
    """VLAN 0 is a priority tag, not a VLAN (IEEE 802.1Q 9.6)."""
    return (vlan if vlan > 0 else NO_TAG, vni if vni > 0 else NO_TAG)


def place_text(place: Place) -> str:
    words = [f"{name} {number}" for name, number in zip(("VLAN", "VNI"), place, strict=True) if number != NO_TAG]
    return f"in {', '.join(words)}" if words else "untagged"


def own_frame_in(view: PointView, guest: Moved, series: Series, used: set[Place]) -> int | None:
    """Which frame did the guest itself send in its own segment, so soon that nobody missed the announcement there?"""
    own = own_places(view, guest, series, SOON_NS)
    return min((frame for place, frame in own.items() if place in used), default=None)


def own_places(view: PointView, guest: Moved, series: Series, within: int = BESIDE_OWN_NS) -> dict[Place, int]:
    """In which segments, from which frame on, did the guest itself send so soon after it was announced?"""
    j, sent = view.journal, frames_of(view, guest).sent
    sent = sent[~announced_among(view, guest, sent)]
    soon = sent[(j.ts_ns[sent] >= series.first_ts) & (j.ts_ns[sent] <= series.first_ts + within)]
    pairs, first = np.unique(_packed(j.vlan_outer_id[soon], j.vni[soon]), return_index=True)
    found: dict[Place, int] = {}
    for pair, row in sorted(zip(pairs.tolist(), soon[first].tolist(), strict=True), key=lambda one: one[1]):
        found.setdefault(_unpacked(pair), int(j.frame[row]))
    return found
