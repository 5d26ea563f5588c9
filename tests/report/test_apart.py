"""Names that are cut can still be told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.report.apart import told_apart

NAMES = st.lists(st.text("ab.- 10to", min_size=1, max_size=40), min_size=1, max_size=8, unique=True)


@given(names=NAMES, cells=st.integers(8, 30))
def test_they_fit_and_no_two_become_the_same(names: list[str], cells: int) -> None:
    """Whatever they are called; and one that fits stays what it is, unless another was cut to it."""
    shown = told_apart(names, cells)
    assert all(len(one) <= cells for one in shown)
    assert len(set(shown)) == len(names)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["10.10.1.11 to 10.10.1.12", "10.10.1.11 to 10.10.2.12"], ["...to 10.10.1.12", "...to 10.10.2.12"]),
        (["qemu 10.10.1.11 to 10.9.1.12", "xen 10.10.1.11 to 10.9.1.12"], ["qemu 10.10.1.11...", "xen 10.10.1.11..."]),
        (["before", "after"], ["before", "after"]),
    ],
)  # fmt: skip
def test_what_differs_is_kept(names: list[str], shown: list[str]) -> None:
    """And whole numbers: half an address is another one."""
    assert told_apart(names, 18) == shown
