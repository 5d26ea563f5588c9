"""A report with what its migrations would have taken on other links."""

from collections.abc import Sequence

import msgspec

from vmpcap.migration.what_if.expected import Measured, what_if
from vmpcap.migration.what_if.other_link import Link
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.report.document import Migration, Report


def with_expected(report: Report, links: Sequence[Link]) -> Report:
    """The same report, each migration with what is to be expected on each of these links."""
    if not links:
        return report
    told = [msgspec.structs.replace(m, what_if=[expected_on(link, m) for link in links]) for m in report.migrations]
    return msgspec.structs.replace(report, migrations=told)


def expected_on(link: Link, m: Migration) -> WhatIf:
    """What would this migration have taken there?"""
    return what_if(
        link,
        Measured(
            hypervisor=m.hypervisor,
            outcome=m.outcome,
            duration_s=m.duration_s,
            bytes=m.bytes,
            throughput=m.throughput,
            rtt=m.rtt,
            phases=m.phases,
            guests=m.guests,
            mss=m.path.mss,
            is_cut=m.is_cut,
            phases_because=m.phases_because,
        ),
    )
