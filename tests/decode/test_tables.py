"""The compiler of the table refuses what would be ambiguous."""

import pytest

from vmpcap.decode.entered_by import ethertype, link_type, udp_port
from vmpcap.decode.hands_over import ends, ethertype_at
from vmpcap.decode.header_sizes import fixed, no_header
from vmpcap.decode.steps import STEPS
from vmpcap.decode.tables import compile_steps, tables
from vmpcap.decode.words import Candidate, Keep, Role, Shape, Space, Step


def test_a_number_claimed_twice_is_refused() -> None:
    """UDP 8472 by two rows: the message names the number and both rows."""
    rows = [Step("old", udp_port(8472), fixed(8), ends()), Step("other", udp_port(8472), fixed(8), ends())]
    with pytest.raises(ValueError, match="UDP_PORT 0x2118 is claimed by the steps 'old' and 'other'"):
        compile_steps(rows)


def test_a_row_that_claims_one_number_twice_is_refused() -> None:
    """The same slip inside one row."""
    with pytest.raises(ValueError, match="claimed"):
        compile_steps([Step("vlan", ethertype(0x8100, 0x8100), fixed(4), ethertype_at(2))])


def test_two_rows_of_one_name_are_refused() -> None:
    """A path must say which row was walked."""
    with pytest.raises(ValueError, match="of one name: eth"):
        compile_steps([Step("eth", link_type(1), fixed(14), ends()), Step("eth", link_type(6), fixed(14), ends())])


def test_a_beginning_that_looks_at_nothing_is_refused() -> None:
    """An empty frame has no byte to look a length up by."""
    with pytest.raises(ValueError, match="looks at no byte"):
        compile_steps([Step("void", link_type(147), fixed(0), ends())])


def test_more_rows_than_the_path_can_name_are_refused() -> None:
    """Eight bits for each step."""
    with pytest.raises(ValueError, match="255"):
        compile_steps([Step(f"s{n}", link_type(n), fixed(1), ends()) for n in range(256)])


def test_a_row_that_only_chooses_stands_behind_those_with_a_header() -> None:
    """The walk's loop tells them by their number."""
    rows = [Step("port", udp_port(1), no_header(), chooses=(Candidate("eth", Shape.ETHERNET),)), STEPS[0]]
    with pytest.raises(ValueError, match="must stand behind those that have a header"):
        compile_steps(rows)


def test_a_choice_among_choices_is_refused() -> None:
    """Nothing would end it."""
    rows = [
        Step("one", udp_port(1), no_header(), chooses=(Candidate("other", Shape.ANYTHING),)),
        Step("other", udp_port(2), no_header(), chooses=(Candidate("one", Shape.ANYTHING),)),
    ]
    with pytest.raises(ValueError, match="only chooses itself"):
        compile_steps(rows)


def test_a_choice_of_no_row_is_refused() -> None:
    """A slip of the pen in a candidate's name."""
    with pytest.raises(ValueError, match="chooses 'nothing', which is no row"):
        compile_steps([Step("port", udp_port(1), no_header(), chooses=(Candidate("nothing", Shape.ANYTHING),))])


def test_nobody_can_write_into_the_tables() -> None:
    """One set of arrays serves every walk."""
    assert not any(array.flags.writeable for array in tables())


def test_every_claim_leads_to_its_row() -> None:
    """The dense arrays say what the rows say."""
    entries = tables().entries
    for number, step in enumerate(STEPS, start=1):
        for claim in step.entered_by:
            assert entries[(claim.space << 16) | claim.key] == number, (step.name, claim)
    assert int((entries != 0).sum()) == sum(len(step.entered_by) for step in STEPS)
    assert entries[(Space.ETHERTYPE << 16) | 0x88CC] == 0


def test_a_second_id_without_a_first_is_refused() -> None:
    """The walk asks for ids where the first is, and would never look at it."""
    rows = [Step("odd", udp_port(1), fixed(8), ends(), also_keeps=Keep("id", Role.NOTE, 0, 0, 0xFF))]
    with pytest.raises(ValueError, match="a second id without a first"):
        compile_steps(rows)
