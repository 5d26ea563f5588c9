"""An announcement while the stream still carries memory is no pass, whoever was silent."""

import pytest

from tests.migration.make import GUEST, GUEST_IP, MS, S, announced, asks_and_answers, view
from vmpcap.migration.early import Early, find_early_announcement
from vmpcap.migration.guests import Moved
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S


def found(last_data_ts: int | None) -> Early:
    """A guest that answers at its old place until it is announced, and the stream's last data then."""
    old = view("old", "domain:source", journal=asks_and_answers(0, SWITCH, 10 * MS))
    new = view("new", "domain:destination", series=(announced(SWITCH),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    return find_early_announcement(guest, [old, new], None if last_data_ts is None else (view("src"), last_data_ts))


@pytest.mark.parametrize("last_data_ts", [None, SWITCH - S, SWITCH + 50 * MS])
def test_one_at_the_streams_end_is_measured_by_the_guests_last_frame(last_data_ts: int | None) -> None:
    """9 ms after it; the last acknowledgements of the stream may come a little later."""
    assert found(last_data_ts).early_ms == pytest.approx(-9)


def test_one_in_mid_stream_is_not_decided() -> None:
    """Half a second before its last data: post-copy, or too early."""
    early = found(SWITCH + 500 * MS)
    assert early.early_ms is None
    assert early.because.startswith("the first announcement came 500 ms before the stream's last data")
    assert (early.point, early.frames) == ("new", (200,))
