"""What a capture point is: its name, its role, and how near it stands to the things that matter."""

from typing import Final

ROLES: Final = {
    "source": "the source host's migration NIC",
    "destination": "the destination host's migration NIC",
    "wan": "somewhere between the hosts",
    "domain:source": "the guest's broadcast domain at the source",
    "domain:destination": "the guest's broadcast domain at the destination; may be the host's own bridge",
    "gateway": "a port in the guest's domain where its gateway or peers live",
    "client": "beside a client of the guest, possibly behind a router",
}
"""Every role, in the order in which a migration's packets meet them."""

OPPOSITE: Final = {
    "source": "destination",
    "destination": "source",
    "domain:source": "domain:destination",
    "domain:destination": "domain:source",
}
"""What a role is to a migration that goes the other way; the rest stays what it is."""

STREAM_FIGURES: Final = ("source", None, "wan", "destination")
"""Whose figures of the stream are reported, best first: at the sender every original segment is in view."""

ARRIVAL_PROOF: Final = ("gateway", "domain:destination")
"""Where an announcement proves that the domain got it, best first."""

OUTAGE_FIGURES: Final = (
    "client",
    "gateway",
    None,
    "domain:destination",
    "domain:source",
    "wan",
    "destination",
    "source",
)
"""Where a peer's outage is measured, best first: nearest to the peer."""


def turned(role: str | None) -> str | None:
    """What is this role to a migration in the other direction?"""
    return OPPOSITE.get(role, role) if role is not None else None


def rank(role: str | None, order: tuple[str | None, ...]) -> int:
    """How good is this role in that order? 0 is best; roles outside it come last."""
    return order.index(role) if role in order else len(order)


def role_of(name: str) -> str | None:
    """
    Which role does a point's name say?

    >>> role_of("domain-destination")
    'domain:destination'
    """
    plain = name.lower().replace("_", ":").replace("-", ":")
    return plain if plain in ROLES else None
