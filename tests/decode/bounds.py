"""Walks every example cut after every byte, each in a buffer of its own: run with NUMBA_BOUNDSCHECK=1."""

import random

from tests.decode.examples import EXAMPLES
from tests.decode.frames_of import WALKER, batch_of
from tests.decode.parts import cut_somewhere
from vmpcap.decode.arrivals import read_arrivals
from vmpcap.decode.duplicates import CopyFinder
from vmpcap.decode.fragments import WholeWalker
from vmpcap.measures.tunnels import TunnelCounter

ROUNDS = 3000


def mangle(frame: bytes, rng: random.Random, most: int = 3) -> bytes:
    """The frame with a few bytes set at random."""
    mangled = bytearray(frame)
    for _ in range(most if frame else 0):
        mangled[rng.randrange(len(frame))] = rng.choice((0, 255, rng.randrange(256)))
    return bytes(mangled)


def walk_cut_examples(rng: random.Random) -> int:
    """How many walks did not read outside their frame?"""
    copies = CopyFinder()
    walks = 0
    for example in EXAMPLES:
        for size in range(len(example.frame) + 1):
            sound = example.frame[:size]
            for frame in (sound, mangle(sound, rng)):
                for wire in (size, len(example.frame), 70000):
                    batch = batch_of([frame], [wire], example.link_type)
                    frames = WALKER.walk(batch)
                    read_arrivals(batch, frames)
                    copies.mark(batch, frames)
                    walks += 1
    return walks


def walk_mangled_parts(rng: random.Random) -> int:
    """How many packets in parts were put together, or not, without reading outside any of them?"""
    pool = [example.frame for example in EXAMPLES if example.path.startswith(("eth/ip/", "eth/ipv6/"))]
    walker, copies, tunnels = WholeWalker(4096), CopyFinder(), TunnelCounter()
    for number in range(ROUNDS):
        parts = [part.frame for part in cut_somewhere(rng.choice(pool), number & 0xFF, rng)]
        frames = [mangle(part, rng, rng.randrange(3))[: rng.choice((2000, rng.randrange(100)))] for part in parts]
        frames[-1] += bytes(rng.choice((0, 0, 46, 300)))  # padding, more than the packet has that this part completes
        wires = [max(len(frame), len(part)) for frame, part in zip(frames, parts, strict=True)]
        batch, walked = walker.walk(batch_of(frames, wires))
        read_arrivals(batch, walked)
        copies.mark(batch, walked)
        tunnels.absorb(walked)
    return ROUNDS


def main() -> None:
    """An IndexError ends this with a traceback; else the number of walks is printed."""
    rng = random.Random(7)
    print(walk_cut_examples(rng) + walk_mangled_parts(rng))


if __name__ == "__main__":
    main()
