"""The frames of an answer, by name."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import polars as pl


class Frames(dict[str, "pl.DataFrame"]):
    """
    A dict of frames that says which there are to whoever asks for one that is not.

    >>> Frames({"checks": None})["chekcs"]
    Traceback (most recent call last):
        ...
    KeyError: "there is no frame 'chekcs'; did you mean 'checks'? There are: checks"
    """

    def __missing__(self, name: object) -> NoReturn:
        near = get_close_matches(name, self, n=1) if isinstance(name, str) else []
        meant = f"did you mean {near[0]!r}? " if near else ""
        there = f"{'T' if meant else 't'}here are: {', '.join(self)}"
        raise KeyError(f"there is no frame {name!r}; {meant}{there}")
