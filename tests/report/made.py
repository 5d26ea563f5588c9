"""Reports with checks as chance makes them, and reports full of what an attacker would write into a capture."""

import msgspec
from hypothesis import strategies as st

from tests.report.sample import GOOD_CHECKS, at, capture, good, guest, migration
from vmpcap.migration.results import Domain, Mechanism, Peer, PointAnnouncements
from vmpcap.report.document import Clock, Report
from vmpcap.report.headline import headline
from vmpcap.verdicts.findings import Check, Evidence

OUTCOMES = ("pass", "fail", "undecided")

WORDS = st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=16)
SENTENCES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
FIGURES = st.floats(min_value=0.001, max_value=200_000, allow_nan=False)


@st.composite
def checks(draw: st.DrawFn, plain: Check) -> Check:
    """This check with another answer, other figures, another reason and other frames."""
    frames = sorted(draw(st.sets(st.integers(1, 10**7), max_size=20)))
    return msgspec.structs.replace(
        plain,
        outcome=draw(st.sampled_from(OUTCOMES)),
        measured=draw(st.none() | FIGURES) if plain.unit else None,
        limit=plain.limit and draw(FIGURES),
        because=draw(SENTENCES),
        evidence=[Evidence(point="src-uplink", frames=frames, filter=f"tcp.port == {len(frames)}")],
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report of one migration whose checks say anything at all."""
    made = [draw(checks(check)) for check in GOOD_CHECKS]
    outcomes = {check.outcome for check in made if check.decides}
    verdict = next(word for word in ("fail", "undecided", "pass") if word in outcomes)
    one = migration(checks=made, verdict=verdict)
    said = headline([one], good().inputs)
    return msgspec.structs.replace(good(), verdict=verdict, because=said, migrations=[one])


HOSTILE = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "eight bit": "\x9b31m and \x90q",
    "lines": "one\r\ntwo\n# three\u2028four\x0bfive",
    "overwrite": "fail\rpass\x08\x08",
    "zero": "a\x00b",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;",
    "markdown": "](javascript:x) **bold** `code` ``` | a | b | \\| ![i](u) [l](u) # ~~x~~ <http://x.example>",
    "right to left": "abc\u202egpj.exe\u202c\u2066x\u2069\u200f",
    "hidden": "in\u200bvis\u00adible\u2060\ufeff",
    "surrogate": "bytes\udcff\udc80.pcap",
    "private": "\ue000\U000f0000",
    "wide": "\u6f22\u5b57" * 40,
    "long": "x" * 9_000,
    "accents": "e" + "\u0301" * 60,
    "formula": "=cmd|'/c calc'!A1",
}
"""What a name, a comment or a reason may hold when somebody means harm."""


def poisoned(text: str) -> Report:
    """A report that has this text wherever text can come from outside."""
    evidence = [Evidence(point=text, frames=[1, 2], filter=f'frame.comment == "{text}"')]
    bad = [
        msgspec.structs.replace(check, because=f"because {text}", evidence=evidence, outcome=outcome)
        for check, outcome in zip(GOOD_CHECKS, OUTCOMES * 5, strict=False)
    ]
    heard = PointAnnouncements(seen=True, first_ts=at(8), frames=[1], because=text)
    moved = guest(
        mac=text,
        ips=[text],
        confidence_because=text,
        domain=Domain(verdict="reached", word="same", because=text),
        peers=[Peer(peer=text, protocol=text, point=text, because=text, survived=True)],
        mechanisms=[Mechanism(name=text, seen=True, worked="yes", because=text)],
    )
    by_point = {text: heard, f"{text} too": heard}
    moved = msgspec.structs.replace(
        moved, announcements=msgspec.structs.replace(moved.announcements, by_point=by_point, kinds={text: 1})
    )
    whole = migration(source=text, destination=text, point=text, guests=[moved], checks=bad, verdict="fail")
    return msgspec.structs.replace(
        good(),
        verdict="fail",
        because=text,
        profile=msgspec.structs.replace(
            good().profile, name=text, sources=[text, f"says {text} http://a.example/{text}"]
        ),
        inputs=[capture(text, text, path=f"/{text}/{text}", format=text, not_walked={text: 1}), capture("b", None)],
        clocks=[Clock(point=text, reference=text, because=text)],
        migrations=[whole],
        notes=[text],
    )


def one_line(shown: str) -> str:
    """Everything shown, as one line with single blanks: how it was wrapped does not matter."""
    return " ".join(shown.split())
