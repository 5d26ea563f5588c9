"""Real captures of one machine's clock, with another clock put on one of them afterwards: is it found again?"""

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.points.made import MS, S
from vmpcap.points.kernels.keys import UNICAST
from vmpcap.points.pair_clock import bound_pair
from vmpcap.points.pairing import Paired, pair_packets
from vmpcap.points.timeline import track_of
from vmpcap.runs.point import Wanted
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.verdicts.profile import DEFAULT, load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
PLACES = (
    ("lossy", "src-uplink", "dst-uplink"),
    ("lossy", "client", "gw-lan"),
    ("clean", "gw-lan", "src-guestbr"),
    ("routed_stretched", "gw-lan", "dst-guestbr"),
)
TRIALS = 25


@cache
def paired(situation: str, *names: str) -> Paired:
    """The packets of two points of this situation."""
    points = tuple(PointFiles(n, None, (str(CAPTURES / situation / f"{n}.pcap.zst"),)) for n in names)
    request = Request(points=points, profile=load_profile(DEFAULT))
    one, other = read_points(request, Wanted(flows=False, announcements=False, journal=False))
    return pair_packets(one.sightings, other.sightings)


@pytest.mark.parametrize("kind", ["constant", "drift", "step"])
@pytest.mark.parametrize("place", PLACES)
def test_a_clock_put_on_afterwards_is_found_within_the_stated_doubt(place: tuple[str, str, str], kind: str) -> None:
    """
    At least 95 of 100 times, at every time at which packets of both directions were seen before and after.

    A step then is always found; one outside of it cannot be.
    """
    honest = said = stepped = 0
    pair = paired(*place)
    unicast = pair.row_one[pair.one.kind[pair.row_one] == UNICAST]
    sides = [pair.one.ts_ns[unicast][pair.one.side[unicast] == side] for side in (0, 1)]
    begin, end = max(int(ts.min()) for ts in sides), min(int(ts.max()) for ts in sides)
    for seed in range(TRIALS):
        rng = random.Random(seed)
        offset = rng.randrange(-10 * S, 10 * S)
        ppm = rng.uniform(-100, 100) if kind != "constant" else 0.0
        step = rng.choice((-1, 1)) * rng.randrange(50 * MS, S) if kind == "step" else 0
        step_at = begin + round((end - begin) * rng.uniform(0.2, 0.8))

        def shown(
            ts: np.ndarray, offset: int = offset, ppm: float = ppm, step: int = step, step_at: int = step_at
        ) -> np.ndarray:
            return offset + np.round((ts - begin) * ppm * 1e-6).astype(np.int64) + np.where(ts >= step_at, step, 0)

        other = pair.other._replace(ts_ns=pair.other.ts_ns + shown(pair.other.ts_ns))
        changed = Paired(pair.one, other, pair.row_one, pair.row_other, 0, 0, 0, 0, 0)
        clock, _ = bound_pair(changed)
        if clock is None:
            continue
        said += 1
        stepped += len(clock.pieces) == 2
        track = track_of(clock)
        times = np.linspace(begin, end, 201).astype(np.int64)
        bounds = np.array([track.there(int(t)) for t in times]) - times[:, None]
        truth = shown(times)
        honest += bool(((bounds[:, 0] - 1 <= truth) & (truth <= bounds[:, 1] + 1)).all())
    assert said == TRIALS
    assert honest >= 0.95 * TRIALS
    assert stepped == (TRIALS if kind == "step" else 0)
