"""Kernels that are kept: another process loads them, and readies no compiler for it."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
import numpy as np
from vmpcap.terms.alike import alike, number_alike
shared = alike(np.array([7, 9, 7, 9, 5]))
loaded = sum(number_alike.stats.cache_hits.values())
print(shared.number.tolist(), loaded, 'numba.np.linalg' in sys.modules)
"""


TAKEN_IN = """
import numpy as np
from vmpcap.terms.alike import alike, number_alike
import numba.core.runtime
alike(np.array([7, 9, 7, 9, 5]))
loaded, is_ready = sum(number_alike.stats.cache_hits.values()), numba.core.runtime.rtsys._init

@numba.njit
def given(words, place, number, first):
    return 10 * number_alike(words, place, number, first)

rows = np.array([[7], [9], [7]], np.uint64)
number = np.zeros(3, np.int64)
tens = given(rows, np.full(8, -1, np.int64), number, np.zeros(3, np.int64))
print(loaded, is_ready, tens, number.tolist(), numba.njit(lambda a: a.copy())(np.array([4.0])).tolist())
"""


def said(cache: Path, program: str = PROGRAM) -> str:
    """What the program prints, with its kernels kept here."""
    known = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=known | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_what_was_compiled_is_loaded_without_a_compiler(tmp_path: Path) -> None:
    """linalg is one of the many modules that numba imports in order to compile anything at all."""
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 1 False"


def test_what_was_loaded_may_be_taken_into_what_is_compiled(tmp_path: Path) -> None:
    """numba's runtime and the blueprint of a loaded kernel are read when somebody asks for them, and not before."""
    assert said(tmp_path, TAKEN_IN) == "0 True 20 [0, 1, 0] [4.0]"
    assert said(tmp_path, TAKEN_IN) == "1 False 20 [0, 1, 0] [4.0]"


def test_a_kernel_that_was_lost_is_compiled_again(tmp_path: Path) -> None:
    """A file of the cache is gone: what it held is compiled, and kept again."""
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    (kept,) = tmp_path.rglob("*.nbc")
    kept.unlink()
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 1 False"
