"""A section for each packet, in either byte order: one batch goes on over all of them."""

from pathlib import Path

from tests.readers.writers import enhanced, interface, section
from vmpcap.readers.sources import open_capture

FRAME = bytes.fromhex("ffffffffffff 005056aa7710 8035") + bytes(28)
SECTIONS = 3_000
T0_US = 1_700_000_000_000_000


def test_a_batch_goes_on_over_section_headers(tmp_path: Path) -> None:
    """Numbers, times and lengths are those of each section's order; a batch for each took a millisecond."""
    signs = [("<", ">")[n % 2] for n in range(SECTIONS)]
    path = tmp_path / "many.pcapng"
    path.write_bytes(
        b"".join(
            section(sign) + interface(sign) + enhanced(sign, T0_US + n, FRAME + bytes(n % 7), 100 + n)
            for n, sign in enumerate(signs)
        )
    )
    with open_capture(str(path)) as capture:
        batches = [
            (batch.first_frame, batch.ts_ns.tolist(), batch.captured_bytes.tolist(), batch.wire_bytes.tolist())
            for batch in capture.batches()
        ]
        facts = capture.facts
    assert len(batches) == 1
    first, times, captured, wire = batches[0]
    assert first == 1
    assert times == [(T0_US + n) * 1000 for n in range(SECTIONS)]
    assert captured == [len(FRAME) + n % 7 for n in range(SECTIONS)]
    assert wire == [100 + n for n in range(SECTIONS)]
    assert (facts.packets, list(capture.defects)) == (SECTIONS, [])
