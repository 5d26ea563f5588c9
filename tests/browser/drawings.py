"""What a browser is asked of the drawings on a page."""

LETTERS = """() => [...document.querySelectorAll("svg.timeline text")]
  .filter((text) => text.getClientRects().length)
  .map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"""
"""How tall is each visible letter of the drawings on the screen, in pixels?"""
LEAST_LETTER = 10

CROSSED = """() => {
  const found = [];
  for (const drawing of document.querySelectorAll("svg.timeline")) {
    if (!drawing.getClientRects().length) continue;
    const paper = drawing.getBoundingClientRect();
    const texts = [...drawing.querySelectorAll("text")];
    const words = texts.map((text) => [text.firstChild.data, text.getBoundingClientRect()]);
    words.forEach(([said, box], n) => {
      if (box.left < paper.left || box.right > paper.right) found.push([said, "cut off"]);
      for (const [other, place] of words.slice(n + 1))
        if (Math.max(box.left, place.left) < Math.min(box.right, place.right)
          && Math.max(box.top, place.top) < Math.min(box.bottom, place.bottom) - 2) found.push([said, other]);
    });
  }
  return found;
}"""
"""Words that are not whole inside of their drawing, and pairs of which one lies on the other."""

A4_WIDE = 718
"""A sheet of A4 between its margins of a centimetre, in pixels of 1/96 inch."""
