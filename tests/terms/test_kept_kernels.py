"""Kernels that are kept: another process calls them without the compiler, and only for what they were compiled for."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from vmpcap.terms.kernels import kind_of

PROGRAM = """
import sys
import numpy as np
from vmpcap.terms.alike import alike, number_alike
shared = alike(np.array([7, 9, 7, 9, 5]))
print(shared.number.tolist(), number_alike.found, 'numba' in sys.modules)
"""

TAKEN_IN = """
import numpy as np
from vmpcap.terms.alike import alike, number_alike
from vmpcap.terms.kernels import kernel
alike(np.array([7, 9, 7, 9, 5]))

@kernel
def given(words, place, number, first):
    return 10 * number_alike(words, place, number, first)

rows = np.array([[7], [9], [7]], np.uint64)
number = np.zeros(3, np.int64)
print(number_alike.found, given(rows, np.full(8, -1, np.int64), number, np.zeros(3, np.int64)), number.tolist())
"""

OTHER_TYPES = """
import numpy as np
from vmpcap.terms.alike import number_alike
words = np.arange(6, dtype=np.uint64)
for rows in (words[:3, None], words[::2, None], words[:3, None].astype(np.uint32)):
    number = np.zeros(3, np.int64)
    print(number_alike(rows, np.full(8, -1, np.int64), number, np.zeros(3, np.int64)), number.tolist(), end=' ')
print(number_alike.kinds, number_alike.found)
"""

RAISING = """
import sys
import numpy as np
from vmpcap.terms.kernels import kernel

def third(values, at):
    if at > 2:
        raise ValueError('too far')
    return values[at] // values[0]
third.__module__ = 'vmpcap.terms.made'
third = kernel(third)

print(third(np.array([2, 4, 9]), 2), third.found, end=' ')
for at, values in ((5, [1, 1]), (1, [0, 1])):
    try:
        third(np.array(values), at)
    except (ValueError, ZeroDivisionError) as problem:
        print(repr(problem), end=' ')
"""


def said(cache: Path, program: str = PROGRAM, **settings: str) -> str:
    """What the program prints, with its kernels kept here."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=known | {"XDG_CACHE_HOME": str(cache)} | settings,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_what_was_compiled_is_called_without_the_compiler(tmp_path: Path) -> None:
    """Neither numba nor its runtime is imported where everything is found."""
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 1 False"


def test_what_was_found_may_be_taken_into_what_is_compiled(tmp_path: Path) -> None:
    """A kernel calls another one that this process has not compiled."""
    assert said(tmp_path, TAKEN_IN) == "0 20 [0, 1, 0]"
    assert said(tmp_path, TAKEN_IN).startswith("1 20 [0, 1, 0]")


@pytest.mark.parametrize("loss", ["gone", "cut", "altered", "no object", "another symbol"])
def test_a_kernel_that_was_lost_is_compiled_again(tmp_path: Path, loss: str) -> None:
    """A file of the cache is gone, ends too soon, has another byte or is another's: nothing of it is run."""
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    (kept,) = tmp_path.rglob("*.kernel")
    whole = kept.read_bytes()
    if loss == "gone":
        kept.unlink()
    elif loss == "cut":
        kept.write_bytes(whole[: len(whole) // 2])
    elif loss in ("no object", "another symbol"):
        symbols, code = whole.split(b"\n", 2)[1:]
        rest = symbols + b"\nno object" if loss == "no object" else b'["none", "none"]\n' + code
        kept.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    else:
        kept.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 1 False"


def test_each_kind_of_argument_has_code_of_its_own(tmp_path: Path) -> None:
    """Rows one after another, every second one, and narrower numbers: right each time, compiled or found."""
    right = "3 [0, 1, 2] 3 [0, 1, 2] 3 [0, 1, 2]"
    assert said(tmp_path, OTHER_TYPES) == f"{right} 3 0"
    assert said(tmp_path, OTHER_TYPES) == f"{right} 3 3"


def test_settings_of_the_compiler_have_code_of_their_own(tmp_path: Path) -> None:
    """With NUMBA_BOUNDSCHECK=1 a kernel is another one."""
    said(tmp_path)
    assert said(tmp_path, NUMBA_BOUNDSCHECK="1") == "[0, 1, 0, 1, 2] 0 True"


def test_errors_are_those_of_the_function(tmp_path: Path) -> None:
    """Raised by the code that was kept as by the compiled."""
    right = "ValueError('too far') ZeroDivisionError"
    assert said(tmp_path, RAISING).startswith(f"4 0 {right}")
    assert said(tmp_path, RAISING).startswith(f"4 1 {right}")


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "vmpcap").write_text("in the way")
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"


MEMORY_MAPPED = """
import sys
import numpy as np
from vmpcap.terms.kernels import kernel

def total(values):
    found = 0
    for i in range(values.shape[0]):
        found += values[i]
    return found
total.__module__ = 'vmpcap.terms.made'
total = kernel(total)
mapped = np.memmap(sys.argv[1], np.int64, 'w+', shape=(4,))
mapped[:] = 1, 10, 2, 20
print(total(mapped), total(mapped[::2]), total(mapped.astype(np.int32)), total.found)
"""


def test_subclasses_of_arrays_are_looked_at_as_arrays(tmp_path: Path) -> None:
    """A mapped file, every second of its numbers, narrower ones: each has code of its own."""
    program = MEMORY_MAPPED.replace("sys.argv[1]", repr(str(tmp_path / "mapped")))
    assert said(tmp_path, program) == "33 3 33 0"
    assert said(tmp_path, program) == "33 3 33 3"


def test_what_is_no_array_and_no_number_is_refused() -> None:
    """No code is compiled for it under the kind of something else."""
    for wrong in (np.datetime64(5, "s"), np.zeros(1, [("a", np.int32)])[0], "text", None, [1]):
        with pytest.raises(TypeError, match="a kernel is given"):
            kind_of(wrong)


OUTSIDE = """
import numpy as np
from vmpcap.terms.kernels import kernel

@kernel
def more(a):
    return a + 1

print(more(5), more.is_kept, more.found)
"""


def test_a_kernel_of_somebody_else_is_not_kept(tmp_path: Path) -> None:
    """Its source is in no digest: what was kept would be used when it is written anew."""
    assert said(tmp_path, OUTSIDE) == "6 False 0"
    assert said(tmp_path, OUTSIDE.replace("a + 1", "a + 100")) == "105 False 0"


def test_a_file_of_settings_has_code_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numba would check bounds by its file of settings, unchecked code is not taken."""
    said(tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".numba_config.yaml").write_text("boundscheck: 1\n")
    assert said(tmp_path / "cache") == "[0, 1, 0, 1, 2] 0 True"


def test_another_numba_is_compiled_with_every_time(tmp_path: Path) -> None:
    """Nothing of its inside is relied upon, and nothing is kept, neither by us nor by numba."""
    program = "from vmpcap.terms import kernel_compiling, kernel_store\nkernel_compiling.KNOWN = '0.1.'\n" + PROGRAM
    assert said(tmp_path, program) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path, program) == "[0, 1, 0, 1, 2] 0 True"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_nobody_used_for_long_is_thrown_away(tmp_path: Path) -> None:
    """Kernels of other sources after a month; not what is younger, nor what is not ours."""
    root = tmp_path / "vmpcap" / "kernels"
    for name, days in (("0123456789abcdef-01234567", 40), ("0123456789abcdef", 40), ("fedcba9876543210", 5), ("x", 40)):
        (root / name).mkdir(parents=True)
        (root / name / "some.kernel").write_text("")
        then = time.time() - days * 86_400
        os.utime(root / name, (then, then))
    said(tmp_path)
    left = {path.name for path in root.iterdir()}
    assert left >= {"fedcba9876543210", "x"}
    assert len(left) == 3


def test_nothing_is_thrown_away_in_a_folder_that_somebody_chose(tmp_path: Path) -> None:
    """What lies there may be anybody's, and named as ours are."""
    other = tmp_path / "0123456789abcdef"
    other.mkdir()
    (other / "thesis").write_text("")
    os.utime(other, (0, 0))
    said(tmp_path / "unused", NUMBA_CACHE_DIR=str(tmp_path))
    assert list(tmp_path.rglob("*.kernel"))
    assert (other / "thesis").exists()


def test_equal_kinds_are_one_type_to_the_compiler() -> None:
    """What numba tells apart has different kinds: code for one is never called for the other."""
    values = np.arange(12, dtype=np.int64)
    locked = values.copy()
    locked.flags.writeable = False
    wide = values.reshape(3, 4)
    records = np.zeros(3, np.dtype([("a", np.int32), ("b", np.int64)]))
    other = np.zeros(3, np.dtype([("a", np.int64), ("b", np.int32)]))
    askew = np.frombuffer(bytes(33), np.uint8)[1:].view(np.int64)
    arrays = [values, values[1:], values[::2], values[:0], locked, wide, wide.T, wide[:, :2], wide[:1].T, records]
    arrays += [records[::2], other, values.view(np.uint64), values.astype(">i8").view(np.int64), askew, askew.copy()]
    numbers = [3, True, 2**63, np.int32(3), np.int64(3), np.uint64(3), 1.5, np.float64(1.5)]
    given = [*arrays, *numbers, (values, 1), (locked, 1)]
    for one in given:
        for another in given:
            if kind_of(one) == kind_of(another):
                assert numba.typeof(one) == numba.typeof(another), (one, another)
    assert kind_of(values) == kind_of(values[1:])
    assert kind_of(3) == kind_of(np.int64(3))
