"""Pre-copy as a model: passes over memory, each as long as what the guest changed during the one before."""

from dataclasses import dataclass
from typing import Final

MOST_ROUNDS: Final = 30
"""A hypervisor that needs more passes than these gives up, slows the guest, or changes to post-copy."""
LENIENT: Final = 1.5
"""A hypervisor's own estimate of its bandwidth may be off by so much: its last pass is this much longer at most."""


@dataclass(frozen=True, slots=True)
class Guest:
    """What the model knows of a guest: what its first pass has, and how fast it changes memory."""

    first_bytes: float
    dirty_bytes_s: float
    rounds: int
    """Behind the first pass, as the measured migration took them."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A migration by the model."""

    total_bytes: float
    last_bytes: float
    rounds: int


def guests_that_fit(total: float, last: float, bytes_s: float, limit_s: float) -> list[Guest]:
    """
    Which guests would have made this migration, by the number of passes?

    Parameters
    ----------
    total, last : bytes in all, and of the last pass
    bytes_s : how fast they were sent
    limit_s : the hypervisor stops the guest once what is left takes no longer than this

    Notes
    -----
    With k passes behind the first, each x times the one before, first * (1 + x + ... + x^k) is the total and
    first * x^k the last. All k are tried; a pass that was already short enough to be the last rules a k out.
    Pauses of the stream rule nothing out: a sender pauses for other reasons as well.
    """
    found = []
    for rounds in range(1, MOST_ROUNDS + 1):
        ratio = _ratio(rounds, last / total)
        first = total / sum(ratio**i for i in range(rounds + 1))
        if ratio < 1 and first * ratio ** (rounds - 1) > bytes_s * limit_s:
            found.append(Guest(first, ratio * bytes_s, rounds))
    return found


def _ratio(rounds: int, share: float) -> float:
    """The x at which the last of so many passes is this share of all: it grows with x, so halving finds it."""
    low, high = 0.0, 4.0
    for _ in range(60):
        x = (low + high) / 2
        if x**rounds < share * sum(x**i for i in range(rounds + 1)):
            low = x
        else:
            high = x
    return (low + high) / 2


def copied(guest: Guest, bytes_s: float, limit_s: float) -> Copied | None:
    """What would its migration take at this speed? None where its memory changes about as fast as it is sent."""
    ratio = guest.dirty_bytes_s / bytes_s
    left, sent = guest.first_bytes, 0.0
    for rounds in range(1, MOST_ROUNDS + 1):
        sent += left
        left *= ratio
        if left <= bytes_s * limit_s:
            return Copied(sent + left, left, rounds)
        if ratio >= 1:
            return None
    return None
