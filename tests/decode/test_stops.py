"""The reasons for which a walk ends."""

from vmpcap.decode.stops import COMPLETE, STOPS, stop_name


def test_the_table_is_in_the_order_of_its_numbers() -> None:
    """A stop's number is its place."""
    assert [stop.number for stop in STOPS] == list(range(len(STOPS)))


def test_names_differ() -> None:
    """A report counts by name."""
    assert len({stop.name for stop in STOPS}) == len(STOPS)


def test_complete_is_complete() -> None:
    """The one that is no defect."""
    assert stop_name(COMPLETE) == "complete"
