"""What a user knows better: which header a number means here, in Wireshark's words (`udp.port==4600,vxlan`)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import READERS_PER_LAYER, TRANSPORT_LAYER, Candidate, Claim, Shape, Space, Step
from vmpcap.terms.errors import RequestError

OPTION: Final = "--decode-as"
DATA: Final = "data"
"""Wireshark's word for bytes that nobody is to look into."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Where a number stands that a rule may give another meaning."""

    name: str
    """As tshark calls the table."""
    bits: int
    spaces: tuple[Space, ...] = ()
    """The registries that are told; none where the number names nothing by itself and a choice is told instead."""
    choice: str = ""
    """The row that chooses there."""
    shift: int = 0
    """Bits of the word before the choice behind the number."""
    spellings: tuple[tuple[str, str], ...] = ()
    """Names that mean another row here than elsewhere."""
    moved: int = 0
    """What a number here is less than ours."""
    least: int = 0
    most: int | None = None
    meaning: str = ""


_GRE: Final = (Space.GRE, Space.GRE_SEQUENCED, Space.GRE_KEYED, Space.GRE_KEYED_SEQUENCED)
_L2TP_OVER_UDP: Final = (("l2tp", "port1701"),)
_L2TP_OVER_IP: Final = (("l2tp", "protocol115"),)
_PSEUDOWIRE: Final = (("eth", "pw"), ("l2eth", "pw"))
_COOKIE: Final = (("eth", "l2eth"),)

LAYERS: Final = (
    Layer("udp.port", 16, (Space.UDP_PORT,), spellings=_L2TP_OVER_UDP, meaning="destination port of UDP"),
    Layer("ethertype", 16, (Space.ETHERTYPE,), least=0x0600, meaning="ethertype, also behind tags"),
    Layer("ip.proto", 8, (Space.IP_PROTOCOL,), spellings=_L2TP_OVER_IP, meaning="protocol of IPv4 or IPv6"),
    Layer("gre.proto", 16, _GRE, meaning="protocol type of GRE, whatever its flags"),
    Layer("ppp.protocol", 16, (Space.PPP_PROTOCOL,), meaning="protocol of PPP"),
    Layer("linktype", 16, (Space.LINK_TYPE,), meaning="link type of the capture (LINKTYPE_, DLT_): 147 is DLT_USER0"),
    Layer("wtap_encap", 16, (Space.LINK_TYPE,), moved=102, least=45, most=60,
          meaning="the same by Wireshark's own number, of DLT_USER0 (45) to DLT_USER15 (60)"),
    Layer("mpls.label", 20, choice="labelled", shift=12, spellings=_PSEUDOWIRE, meaning="bottom label of the stack"),
    Layer("l2tp.session", 32, choice="cookie", spellings=_COOKIE, meaning="session id of an L2TPv3 data packet"),
)  # fmt: skip
"""Every table that can be told; the first of a name holds."""

SPELLINGS: Final = {
    "erspan": "erspan2",
    "fcfp": "fabricpath",
    "ieee8021ah": "pbb",
    "ipv6.dstopts": "dstopts",
    "ipv6.fraghdr": "fragment",
    "ipv6.hopopts": "hopopts",
    "ipv6.routing": "routing",
    "lisp-data": "lisp",
    "mipv6": "mobility",
    "pppoes": "pppoe",
    "pwethcw": "pwcw",
    "pwethnocw": "pw",
    "udpencap": "natt",
    "vxlan_gpe": "gpe",
}
"""Names of tshark for rows that are called otherwise here."""

_FORM: Final = re.compile(r"\s*([A-Za-z0-9_.]+)\s*==\s*([^,]+?)\s*,\s*([A-Za-z0-9_.-]+)\s*")
_NUMBERS: Final = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)(?:\s*([-:])\s*(0[xX][0-9a-fA-F]+|[0-9]+))?")
_EXAMPLE: Final = "udp.port==4600,vxlan"
_ROWS: Final = {step.name: step for step in STEPS}


@dataclass(frozen=True, slots=True)
class Rule:
    """These numbers of this layer mean this row."""

    layer: Layer
    low: int
    high: int
    row: str
    """Name of a row of the table, or DATA."""
    text: str
    """As it was told."""


def read_rules(texts: Sequence[str]) -> tuple[Rule, ...]:
    """
    Which rules are these, in tshark's syntax: `<layer type>==<selector>[-<last> or :<count>],<protocol>`?

    Raises
    ------
    RequestError
        One cannot be read, names what the walk does not know, or two say different things of one number.

    >>> read_rules(["udp.port==4600-4601,vxlan"])[0].high
    4601
    """
    rules: list[Rule] = []
    for text in texts:
        rule = _rule(text)
        for other in rules:
            is_same_table = (other.layer.spaces, other.layer.choice) == (rule.layer.spaces, rule.layer.choice)
            meets = other.low <= rule.high and rule.low <= other.high
            if is_same_table and meets and other.row != rule.row:
                raise RequestError(
                    f"{OPTION} {other.text!r} and {text!r} say different things of one number; leave one of them out"
                )
        rules.append(rule)
    return tuple(rules)


def _rule(text: str) -> Rule:
    found = _FORM.fullmatch(text)
    if found is None:
        raise RequestError(f"{OPTION} {text!r}: needed <layer type>==<selector>,<protocol>, as in {_EXAMPLE}")
    name, selector, protocol = found.groups()
    layer = next((one for one in LAYERS if one.name == name.lower()), None)
    if layer is None:
        hint = "; a TCP port of migrations is named with --port" if name.lower() == "tcp.port" else ""
        known = ", ".join(one.name for one in LAYERS)
        raise RequestError(f"{OPTION} {text!r}: there is no layer type {name!r}; there are {known}{hint}")
    low, high = _numbers(layer, selector, text)
    return Rule(layer, low + layer.moved, high + layer.moved, _row(layer, protocol, text), text)


def _numbers(layer: Layer, selector: str, text: str) -> tuple[int, int]:
    """First and last number that are meant."""
    found = _NUMBERS.fullmatch(selector)
    if found is None:
        raise RequestError(
            f"{OPTION} {text!r}: the selector {selector!r} is no number; needed one as in 4600 or 0x88b5, a range as in"
            " 4600-4609, or a first and how many as in 4600:10"
        )
    low = _number(found[1])
    second = low if found[3] is None else _number(found[3])
    high = low + second - 1 if found[2] == ":" else second
    most = layer.most if layer.most is not None else (1 << layer.bits) - 1
    if not layer.least <= low <= high <= most:
        raise RequestError(f"{OPTION} {text!r}: numbers of {layer.name} go from {layer.least} to {most}, upwards")
    return low, high


def _number(digits: str) -> int:
    return int(digits, 16 if digits[:2].lower() == "0x" else 10)


def _row(layer: Layer, protocol: str, text: str) -> str:
    """The row that is meant by this name; Wireshark's names hold beside ours."""
    name = protocol.lower()
    row = dict(layer.spellings).get(name, SPELLINGS.get(name, name))
    possible = rows_for(layer)
    if row not in possible:
        reason = "cannot stand there" if row in _ROWS else "is not known"
        names = names_for(layer)
        near = get_close_matches(name, names, n=3)
        meant = f"; did you mean {' or '.join(near)}? For" if near else "; for"
        raise RequestError(f"{OPTION} {text!r}: {protocol!r} {reason}{meant} {layer.name} there are {', '.join(names)}")
    return row


def rows_for(layer: Layer) -> tuple[str, ...]:
    """Which rows may a rule of this layer name?"""
    if layer.choice:
        return (*dict.fromkeys(candidate.step for candidate in _ROWS[layer.choice].chooses), DATA)
    return (*(step.name for step in STEPS if _may_stand(step, layer)), DATA)


def names_for(layer: Layer) -> list[str]:
    """The same with every spelling that is understood, for people."""
    rows = rows_for(layer)
    own = dict(layer.spellings)
    spelled = {name: own.get(name, row) for name, row in (*SPELLINGS.items(), *own.items())}
    return sorted(
        {*(row for row in rows if own.get(row, row) == row), *(n for n, row in spelled.items() if row in rows)}
    )


def _may_stand(step: Step, layer: Layer) -> bool:
    """
    Can the walk enter this row here?

    A transport header, and one that names the next IP protocol, mean nothing without the IP header before them, nor
    NVGRE without GRE's key. A frame cannot begin with a row that has no bytes, or only chooses.
    """
    is_of_ip = step.reads // READERS_PER_LAYER == TRANSPORT_LAYER or step.hands_over.space == Space.IP_PROTOCOL
    if is_of_ip and not any(claim.space == Space.ETHERTYPE for claim in step.entered_by):
        return layer.spaces == (Space.IP_PROTOCOL,)
    if step.keeps is not None and step.keeps.at < 0 and step.length.needs == 0:
        return layer.spaces == _GRE
    if Space.GUESS in {claim.space for claim in step.entered_by}:
        return False
    if layer.spaces == (Space.LINK_TYPE,):
        return (not step.chooses and step.length.needs > 0) or step.hands_over.is_after_header
    return True


def told(steps: Sequence[Step], rules: Sequence[Rule]) -> tuple[Step, ...]:
    """The rows, with what is told in front of what a choice would weigh."""
    changed = []
    for step in steps:
        said = [
            Candidate(rule.row, Shape.TOLD, mask=mask << rule.layer.shift, value=value << rule.layer.shift)
            for rule in rules
            if rule.layer.choice == step.name
            for mask, value in _prefixes(rule.low, rule.high, rule.layer.bits)
        ]
        changed.append(replace(step, chooses=(*said, *step.chooses)) if said else step)
    return tuple(changed)


def told_claims(rules: Sequence[Rule]) -> Iterator[tuple[Claim, str]]:
    """Which numbers enter which row (or none: DATA) by these rules?"""
    for rule in rules:
        for space in rule.layer.spaces:
            for key in range(rule.low, rule.high + 1):
                yield Claim(space, key), rule.row


def _prefixes(low: int, high: int, bits: int) -> Iterator[tuple[int, int]]:
    """Which masks and values hold for the numbers of this range and for no others?"""
    while low <= high:
        size = low & -low if low else 1 << bits
        while low + size - 1 > high:
            size >>= 1
        yield ((1 << bits) - 1) & ~(size - 1), low
        low += size
