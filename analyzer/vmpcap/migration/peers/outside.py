"""As whom points beyond a translator know the guest."""

from collections.abc import Sequence
from dataclasses import replace

from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.translations import OUTSIDE, find_translation
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC


def known_outside(guest: Moved, views: Sequence[PointView]) -> dict[str, Moved]:
    """
    Where the guest's own address never passes, though packets prove that it has another: by point, the guest as there.

    Behind that address others may live as well: whoever reads its streams keeps to those that were seen inside, too.
    """
    found = find_translation(guest, views)
    if found is None:
        return {}
    there = replace(guest, mac=NO_MAC, ips=(found.outside,))
    return {view.name: there for view in views if view.role in OUTSIDE and not _passes(view, guest)}


def _passes(view: PointView, guest: Moved) -> bool:
    frames = frames_of(view, guest)
    return bool(len(frames.sent_ip) + len(frames.asked))
