"""
Fuzz one target: `python -m tests.fuzz TARGET [--seconds N] [--seed N] [--guided]`.

Without --guided kernels are compiled, with their bounds checked, and inputs are made at random: many, fast. With it
kernels are Python, and atheris (the extra `fuzz`) keeps the inputs that reach lines and branches nobody reached before.
Either way an input that fails is kept in build/fuzz/TARGET, with how to run it again.
"""

import argparse
import hashlib
import os
import random
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Final

BUILD: Final = Path(__file__).resolve().parents[2] / "build" / "fuzz"
NAMES: Final = ("read", "walk", "follow", "packets", "report")
SLOW_S: Final = 5.0
"""An input of a few kilobytes that takes longer hangs, for all a user can tell."""
SLOW_GUIDED_S: Final = 120
MIB_OF_KIB: Final = 1024


def main() -> int:
    """The exit status: 1 where an input failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", action="store_true")
    parser.add_argument("--again", metavar="FILE", help="run this one input only")
    asked = parser.parse_args()
    os.environ["NUMBA_BOUNDSCHECK"] = "1"
    os.environ["NUMBA_CACHE_DIR"] = str(BUILD / "kernels")
    if asked.guided:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
        return guided(asked.target, asked.seconds, asked.seed)
    return blind(asked.target, asked.seconds, asked.seed, asked.again)


def keep(target: str, data: bytes, words: str) -> Path:
    """Store an input that failed, and what was said of it."""
    folder = BUILD / target
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(words)
    return path


def blind(target: str, seconds: int, seed: int, again: str | None) -> int:
    """Mutants of mutants of the seeds, drawn at random; the status is 1 where one failed."""
    from tests.fuzz.mutations import mutate
    from tests.fuzz.seeds import frames, seeds
    from tests.fuzz.targets import TARGETS

    run = TARGETS[target]
    if again is not None:
        run(Path(again).read_bytes())
        return 0
    rng, pool, corpus = random.Random(seed), frames(), list(seeds())
    for data in corpus:
        run(data)
    done, failed, slowest = 0, 0, 0.0
    first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = rng.choice(corpus)
        for _ in range(rng.choice((1, 1, 2, 4))):
            data = mutate(data, rng, pool)
        began = time.monotonic()
        try:
            run(data)
        except Exception:
            failed += 1
            path = keep(target, data, traceback.format_exc())
            print(f"{target}: failed, again by: python -m tests.fuzz {target} --again {path}", file=sys.stderr)
        took = time.monotonic() - began
        slowest = max(slowest, took)
        if took > SLOW_S:
            failed += 1
            print(f"{target}: {took:.1f} s, {keep(target, data, f'{took:.1f} s')}", file=sys.stderr)
        done += 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first) / MIB_OF_KIB
    print(f"{target}: {done} inputs, {failed} failed, slowest {slowest:.2f} s, memory grew by {grown:.0f} MiB")
    return 1 if failed else 0


def guided(target: str, seconds: int, seed: int) -> int:
    """atheris, with kernels as Python; does not come back."""
    import atheris

    with atheris.instrument_imports(include=["vmpcap"]):
        from tests.fuzz.mutations import mutate
        from tests.fuzz.seeds import frames, seeds
        from tests.fuzz.targets import TARGETS

    pool = frames()
    corpus = BUILD / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)

    def mutant(data: bytes, most: int, number: int) -> bytes:
        rng: Any = random.Random(number)
        changed: bytes = atheris.Mutate(data, most) if rng.random() < 0.1 else mutate(data, rng, pool)
        return changed[:most]

    arguments = [
        "fuzz", str(corpus), f"-max_total_time={seconds}", "-max_len=20000", f"-timeout={SLOW_GUIDED_S}",
        "-rss_limit_mb=4096", f"-artifact_prefix={BUILD / target}-", "-print_final_stats=1", f"-seed={seed or 1}",
    ]  # fmt: skip
    atheris.Setup(arguments, TARGETS[target], custom_mutator=mutant)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
