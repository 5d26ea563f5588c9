"""A way from left to right, on a telephone from above to below: points, and what happened between each two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree.ElementTree import Element

from vmpcap.report.html_tree import el

State = Literal["clean", "lossy", "unknown", "plain"]
MARKS: Final[dict[State, str]] = {"clean": "\u2714 ", "lossy": "\u2718 ", "unknown": "? ", "plain": ""}
"""What colour says, said without it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One capture point of the way."""

    name: str
    role: str
    words: tuple[str, ...] = ()
    state: State = "plain"
    because: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """One direction between two stops that follow each other."""

    state: State
    words: tuple[str, ...]
    is_back: bool = False
    because: str = ""


def steps(columns: Sequence[Sequence[Stop]], links: Sequence[Sequence[Leg]], label: str) -> Element:
    """
    The drawing: a column of stops, what lies between, the next column.

    Parameters
    ----------
    columns : stops that stand side by side share one
    links : the legs between each column and the next; one fewer than columns
    """
    listed = el("ol", class_="steps", aria_label=label)
    for number, column in enumerate(columns):
        listed.append(el("li", *[_stop(stop) for stop in column], class_="stops"))
        if number < len(links):
            listed.append(el("li", *[_leg(leg) for leg in links[number]], class_="link"))
    return el("div", listed, class_="wide", tabindex="0", role="group", aria_label=label)


def _stop(stop: Stop) -> Element:
    told = [el("span", f"{MARKS[stop.state] if not n else ''}{w}", class_="told") for n, w in enumerate(stop.words)]
    role = el("span", stop.role, class_="role") if stop.role else None
    return el("div", el("b", stop.name), role, *told, class_=f"stop {stop.state}", title=stop.because or stop.name)


def _leg(leg: Leg) -> Element:
    told = [el("span", word, class_="note" if n else "count") for n, word in enumerate(leg.words)]
    kind = f"leg {leg.state}{' back' if leg.is_back else ''}"
    return el("div", *told, el("span", class_="line", aria_hidden="true"), class_=kind, title=leg.because)
