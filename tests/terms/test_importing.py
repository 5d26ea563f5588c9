"""Modules imported beside something else."""

import os
import sys
import threading
from pathlib import Path

import pytest

from vmpcap.terms.importing import imported_beside


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that says which thread imported it."""
    (tmp_path / "imported_by.py").write_text("import threading\nwho = threading.current_thread().name\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "imported_by", raising=False)
    return "imported_by"


@pytest.mark.parametrize(("processors", "who"), [({0, 1}, "import"), ({0}, "MainThread")])
def test_another_thread_imports_where_there_is_a_processor_for_it(
    processors: set[int], who: str, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: processors)
    with imported_beside(made):
        pass
    assert (made in sys.modules) == (who == "import")
    assert __import__(made).who == who


def test_what_cannot_be_imported_says_so_where_it_is_needed(made: str, tmp_path: Path) -> None:
    """Neither before nor elsewhere; and no thread is left."""
    (tmp_path / f"{made}.py").write_text("raise ValueError('damaged')\n")
    before = threading.active_count()
    with imported_beside(made):
        pass
    assert threading.active_count() == before
    with pytest.raises(ValueError, match="damaged"):
        __import__(made)


def test_what_goes_wrong_inside_is_not_hidden(made: str) -> None:
    with pytest.raises(KeyError), imported_beside(made):
        raise KeyError(made)
