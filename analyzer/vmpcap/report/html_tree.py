"""Elements of an HTML page as a tree: text can only ever be text, whatever a capture made it say."""

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, tostring

Child = Element | str | None
"""What an element may hold; nothing is left out."""

RAW: Final = frozenset({"script", "style"})
"""Elements whose text browsers take as it is: only our own, and data without a `<`, may stand in them."""


def el(tag: str, *children: Child, **attributes: str) -> Element:
    """
    An element with its attributes and what is in it.

    A trailing underscore is no part of a name, others stand for hyphens: `class_="card"`, `aria_label="goodput"`.

    >>> markup(el("p", "a < b", el("b", "c"), "d", class_="x"))
    '<p class="x">a &lt; b<b>c</b>d</p>'
    """
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    extend(made, children)
    return made


def extend(parent: Element, children: Iterable[Child]) -> None:
    """Put these behind what the element holds already."""
    for child in children:
        if isinstance(child, str):
            if len(parent):
                parent[-1].tail = (parent[-1].tail or "") + child
            else:
                parent.text = (parent.text or "") + child
        elif child is not None:
            parent.append(child)


def raw(tag: str, text: str, **attributes: str) -> Element:
    """A script or style with this text, which must not be able to end it."""
    if tag not in RAW or f"</{tag}" in text.lower():
        raise ValueError(f"this text cannot stand in a {tag} element")
    return el(tag, text, **attributes)


def markup(element: Element) -> str:
    """How is this element written?"""
    return tostring(element, encoding="unicode", method="html")
