"""Reads small captures cut after every byte and damaged anywhere: run with NUMBA_BOUNDSCHECK=1."""

import random

from tests.readers.stories import pcap_story, pcapng_story
from tests.readers.test_damage import small_pcap, small_pcapng
from tests.readers.writers import read_bytes
from vmpcap.terms.errors import CaptureError


def main() -> None:
    """An IndexError ends this with a traceback; else the number of captures read is printed."""
    rng = random.Random(11)
    read = 0
    small = [small_pcap(sign, kind) for sign in "<>" for kind in ("us", "ns", "modified")]
    captures = [data[:size] for data in (*small, small_pcapng("<"), small_pcapng(">")) for size in range(len(data) + 1)]
    for _ in range(400):
        for story in (pcapng_story(rng, blocks=15), pcap_story(rng)[0]):
            data = bytearray(b"".join(story))
            for _ in range(rng.randrange(5)):
                data[rng.randrange(len(data))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
            captures.append(bytes(data))
    for data in captures:
        try:
            read_bytes(data, block_bytes=rng.randint(1, 300), batch_records=rng.randint(1, 9))
        except CaptureError:
            continue
        read += 1
    print(read)


if __name__ == "__main__":
    main()
