"""The time that a report says it was made at."""

import os
import time

from vmpcap.terms.units import iso_utc


def time_of_report() -> str:
    """The time of the report; SOURCE_DATE_EPOCH where it is set, so that a report can be reproduced."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isascii() and epoch.isdecimal():
        return iso_utc(int(epoch) * 1_000_000_000) or ""
    return iso_utc(time.time_ns()) or ""
