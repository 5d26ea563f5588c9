"""Walks every example cut after every byte, each in a buffer of its own: run with NUMBA_BOUNDSCHECK=1."""

import random

from tests.decode.examples import EXAMPLES
from tests.decode.frames_of import WALKER, batch_of
from vmpcap.decode.arrivals import read_arrivals
from vmpcap.decode.duplicates import CopyFinder


def main() -> None:
    """An IndexError ends this with a traceback; else the number of walks is printed."""
    rng = random.Random(7)
    copies = CopyFinder()
    walks = 0
    for example in EXAMPLES:
        for size in range(len(example.frame) + 1):
            sound = example.frame[:size]
            mangled = bytearray(sound)
            for _ in range(3 if size else 0):
                mangled[rng.randrange(size)] = rng.randrange(256)
            for frame in (sound, bytes(mangled)):
                for wire in (size, len(example.frame), 70000):
                    batch = batch_of([frame], [wire], example.link_type)
                    frames = WALKER.walk(batch)
                    read_arrivals(batch, frames)
                    copies.mark(batch, frames)
                    walks += 1
    print(walks)


if __name__ == "__main__":
    main()
