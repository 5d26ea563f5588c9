"""Nothing compiled yet: another process compiles one half, the same that a run would compile itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.made import migration, write
from vmpcap.cli import interrupts
from vmpcap.runs import first_run

COMPILE = "from vmpcap.runs.first_run import compile_following; compile_following()"
WAIT = """
import sys
from vmpcap.measures.kernels.analysis import analyse
from vmpcap.measures.kernels.follow import follow
from vmpcap.runs.pipeline import PointFiles, Request
from vmpcap.runs.pipeline import analyse as report
from vmpcap.verdicts.profile import DEFAULT, load_profile
report(Request((PointFiles("a", None, (sys.argv[1],)),), load_profile(DEFAULT)))
print(analyse.found, follow.found, analyse.kinds, follow.kinds)
"""
RUN = """
import sys
from vmpcap.measures.kernels.analysis import analyse
from vmpcap.measures.kernels.follow import follow
from vmpcap.runs import first_run
from vmpcap.runs.pipeline import PointFiles, Request, list_flows
from vmpcap.verdicts.profile import DEFAULT, load_profile
begun = []
first_run.subprocess.Popen = lambda *given, **more: begun.append(given)
rows = list_flows(Request((PointFiles("a", None, (sys.argv[1],)),), load_profile(DEFAULT)))[0].height
kernels = analyse, follow
found = [one.found for one in kernels]
print(rows, *found, *(one.kinds for one in kernels), len(begun))
"""


def said(program: str, cache: Path, *arguments: str) -> str:
    """What this program prints, with its kernels kept here."""
    known = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=known | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_what_the_other_process_compiled_is_what_a_run_needs(tmp_path: Path) -> None:
    """Both kernels are found in the cache, under the only signature they have; and then nobody else is asked."""
    said(COMPILE, tmp_path / "cache")
    path = write(tmp_path / "a.pcap", migration())
    rows, marked, followed, *signatures, begun = map(int, said(RUN, tmp_path / "cache", str(path)).split())
    assert rows > 1
    assert (marked, followed) == (1, 1)
    assert signatures == [1, 1]
    assert begun == 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor: one process")
def test_what_the_other_process_is_about_is_waited_for(tmp_path: Path) -> None:
    """And not compiled a second time, however long the other takes. A report looks into its files first."""
    path = write(tmp_path / "a.pcap", migration())
    assert said(WAIT, tmp_path / "cache", str(path)) == "1 1 1 1"


class Other:
    """Stands for the process that compiles."""

    def __init__(self, begun: list[str]) -> None:
        self.said = begun
        begun.append("begun")

    def poll(self) -> None:
        """Still at work."""

    def kill(self) -> None:
        self.said.append("killed")

    def wait(self) -> None:
        self.said.append("gone")


@pytest.fixture
def is_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was compiled, and there are two processors."""
    monkeypatch.setattr(first_run, "is_cold", lambda: True)
    monkeypatch.setattr(first_run, "can_keep", lambda: True)
    monkeypatch.setattr(first_run.os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)


@pytest.mark.usefixtures("is_cold")
def test_another_process_compiles_until_the_reading_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun before, ended behind; and by a signal in between."""
    said: list[str] = []
    monkeypatch.setattr(first_run.subprocess, "Popen", lambda *_, **__: Other(said))
    with first_run.compiled_by_two():
        assert said == ["begun"]
    assert said == ["begun", "killed", "gone"]
    with first_run.compiled_by_two():
        interrupts._take_away()
        assert said[3:] == ["begun", "killed", "gone"]


@pytest.mark.usefixtures("is_cold")
def test_nobody_waits_for_a_process_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for what it does not compile, nor once the block is over."""
    asked: list[object] = []
    monkeypatch.setattr(first_run, "share_work", asked.append)
    others = [Other([])]
    monkeypatch.setattr(first_run.subprocess, "Popen", lambda *_, **__: others[0])
    with first_run.compiled_by_two():
        is_elsewhere = asked[-1]
        assert callable(is_elsewhere)
        assert [is_elsewhere(name) for name in (*first_run.OTHERS, "vmpcap.decode.walk.walk_frames")] == [
            *(True for _ in first_run.OTHERS),
            False,
        ]
        monkeypatch.setattr(Other, "poll", lambda _: 1)
        assert not any(map(is_elsewhere, first_run.OTHERS))
    assert asked[-1] is None


@pytest.mark.usefixtures("is_cold")
def test_where_no_process_can_be_begun_one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of processes costs time, never the answer; and what goes wrong inside is not taken for it."""

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(first_run.subprocess, "Popen", refuse)
    reached = False
    with first_run.compiled_by_two():
        reached = True
    assert reached
    with pytest.raises(FileNotFoundError), first_run.compiled_by_two():
        raise FileNotFoundError
