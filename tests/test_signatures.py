"""Each kernel is compiled once."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DECORATED = re.compile(r"^@kernel\ndef (\w+)", re.MULTILINE)


def decorated() -> set[str]:
    """Every kernel by the source: a line `@kernel` and the function under it."""
    package = ROOT / "analyzer"
    return {
        f"{'.'.join(path.relative_to(package).with_suffix('').parts)}.{name}"
        for path in package.rglob("*.py")
        for name in DECORATED.findall(path.read_text())
    }


WARM = """
import json
from tests.signatures import kernels
from vmpcap.runs.warm import warm
warm()
print(json.dumps({name: kernel.kinds for name, kernel in kernels()}))
"""


def signatures_after(*command: str) -> dict[str, int]:
    """Each kernel, and for how many signatures it was compiled in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'analyzer'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled with NUMBA_DISABLE_JIT=1")
def test_every_kernel_has_exactly_one_signature() -> None:
    """
    After captures of every format were read in every way, each kernel was met, and always with the same types.

    A second signature would cost seconds at a user's first run, and means that an array came by another door.
    """
    signatures = signatures_after("-m", "tests.signatures")
    assert signatures.keys() == decorated()
    never = [name for name, count in signatures.items() if count == 0]
    assert never == [], "tests/signatures.py has to read captures in the way that calls these too"
    assert {name: count for name, count in signatures.items() if count != 1} == {}


FOUND = """
import json, sys
from tests.signatures import kernels
from vmpcap.runs.warm import warm
warm()
imported = int("numba" in sys.modules)  # kernels() imports everything
compiled = {name: kernel.kinds - kernel.found for name, kernel in kernels()}
print(json.dumps(compiled | {"numba": imported}))
"""


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled with NUMBA_DISABLE_JIT=1")
def test_every_kernel_is_found_by_the_next_process() -> None:
    """All that a report calls runs without the compiler once it was kept."""
    signatures_after("-c", WARM)
    assert {name: count for name, count in signatures_after("-c", FOUND).items() if count} == {}


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled with NUMBA_DISABLE_JIT=1")
def test_nothing_is_left_to_compile_after_the_warm_up() -> None:
    """Whoever ran `vmpcap warmup` waits for no compiler afterwards: every kernel was met, with its one signature."""
    assert {name: count for name, count in signatures_after("-c", WARM).items() if count != 1} == {}
