"""Which frames were walked by what their bytes look like: counted by choice, with how clear the evidence was."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.columns import GUESS_LEAD, GUESS_STEP
from vmpcap.decode.decode_as import LAYERS
from vmpcap.decode.frames import Frames
from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import Step

CLEAR_LEAD: Final = 10
"""
Bits by which the chosen must lead for a guess to be called clear: an ethertype that is one of the few dozen known gives
as many. With fewer, noise or another framing looks the same once in a thousand frames or more often.
"""


class Guess(NamedTuple):
    """What one choice came to in one file."""

    choice: str
    """Name of the row that chose."""
    chosen: str | None
    """Name of the row that it chose; None where nothing was likely, and the walk stopped."""
    frames: int
    doubtful: int
    """Those of them with a lead below CLEAR_LEAD; all where nothing was likely."""
    first_frame: int
    first_doubtful: int | None
    override: str
    """The rule of --decode-as that would say it instead; N and PROTOCOL are for the user to fill in."""


class GuessCounter:
    """Counts the guesses of one file, batch by batch."""

    def __init__(self) -> None:
        self._counts: dict[int, list[int]] = {}

    def absorb(self, frames: Frames, first_frame: int) -> None:
        """
        Count what was chosen in these frames. A frame in which two choices were made counts by the less certain.

        Parameters
        ----------
        frames : a walked batch
        first_frame : the number of its first frame
        """
        rows = np.flatnonzero(frames.guess)
        if not rows.size:
            return
        guess = frames.guess[rows]
        kinds, where = np.unique(guess >> GUESS_STEP, return_inverse=True)
        is_doubtful = ((guess & GUESS_LEAD) < CLEAR_LEAD) | ((guess >> GUESS_STEP) & 0xFF == 0)
        for number, kind in enumerate(kinds.tolist()):
            mine = where == number
            self._add(kind, first_frame + rows[mine], first_frame + rows[mine & is_doubtful])

    def _add(self, kind: int, frames: npt.NDArray[np.int64], doubtful: npt.NDArray[np.int64]) -> None:
        count = self._counts.setdefault(kind, [0, 0, int(frames[0]), 0])
        count[0] += frames.size
        if doubtful.size and not count[1]:
            count[3] = int(doubtful[0])
        count[1] += doubtful.size

    def guesses(self) -> tuple[Guess, ...]:
        """What was chosen so far, by choice, what was taken most first."""
        found = []
        for kind, (frames, doubtful, first, first_doubtful) in self._counts.items():
            choice, chosen = STEPS[(kind >> 8) - 1], kind & 0xFF
            name = STEPS[chosen - 1].name if chosen else None
            found.append(
                Guess(choice.name, name, frames, doubtful, first, first_doubtful or None, f"{place(choice)},PROTOCOL")
            )
        return tuple(sorted(found, key=lambda one: (one.choice, -one.frames, one.chosen or "")))


def place(choice: Step) -> str:
    """Where does this row choose, in the words of --decode-as?"""
    told = next((f"{layer.name}==N" for layer in LAYERS if layer.choice == choice.name), None)
    if told is not None:
        return told
    claim = choice.entered_by[0]
    layer = next(layer for layer in LAYERS if claim.space in layer.spaces)
    return f"{layer.name}=={claim.key}"
