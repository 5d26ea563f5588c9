"""The RULES: what is asked of every migration, and which answers decide."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.announced_moves import NO_STREAM
from vmpcap.migration.stories import Story
from vmpcap.verdicts import guest_rules as guest
from vmpcap.verdicts import stream_rules as stream
from vmpcap.verdicts.answers import Answer, show
from vmpcap.verdicts.findings import Check
from vmpcap.verdicts.profile import Profile


@dataclass(frozen=True, slots=True)
class Rule:
    """One question. It decides always, or where the profile sets a limit, or never."""

    id: str
    ask: Callable[[Story, Profile], Answer]
    decides: Callable[[Profile], bool]
    of_stream: bool = False
    """Whether it asks about the stream, so that nothing can be said where none is in view."""


def _always(profile: Profile) -> bool:
    return True


def _never(profile: Profile) -> bool:
    return False


def _with_a_limit(profile: Profile) -> bool:
    return profile.switchover_ms_max is not None


RULES: Final = (
    Rule("completed", stream.completed, _always, of_stream=True),
    Rule("throughput", stream.throughput_on_the_wan, lambda p: p.throughput_mbps_min is not None, of_stream=True),
    Rule("rtt", stream.rtt_of_all_parts, lambda p: p.rtt_ms_max is not None, of_stream=True),
    Rule("announcement_reached_destination", guest.announcement_reached_destination, _always),
    Rule("guest_reachable_after", guest.guest_reachable_after, _always),
    Rule("switchover", guest.switchover, _with_a_limit),
    Rule("rtt_under_load", stream.for_the_whole_path(stream.rtt_under_load, "fail"), _never, of_stream=True),
    Rule("retransmissions", stream.for_the_whole_path(stream.retransmissions, "fail"), _never, of_stream=True),
    Rule("window_limited", stream.for_the_whole_path(stream.window_limited, "fail"), _never, of_stream=True),
    Rule("mtu", stream.for_the_whole_path(stream.mtu, "fail"), _never, of_stream=True),
    Rule("mac_flap", guest.mac_flap, _never),
    Rule("duplicate_address", guest.duplicate_address, _never),
    Rule("announced_too_early", guest.announced_too_early, _never),
    Rule("wrong_vlan", guest.wrong_vlan, _never),
    Rule("trombone", guest.trombone, _never),
    Rule("gateway_localised", guest.gateway_localised, _never),
    Rule("tcp_split", stream.tcp_split, _never, of_stream=True),
    Rule("capture_quality", stream.capture_quality, _never),
)
"""Every rule, deciding ones first, in the order of the report."""


def _not_in_view(story: Story, rule: Rule) -> Answer:
    """What is said of a stream that nobody captured? Of its end, what shows that it was there all the same."""
    if rule.id == "completed":
        return Answer("undecided", story.outcome.because, evidence=show(story.outcome.point, story.outcome.frames))
    return Answer("undecided", NO_STREAM)


def answer(rule: Rule, story: Story, profile: Profile) -> Check:
    """What does this rule say of this migration?"""
    given = rule.ask(story, profile) if story.has_stream or not rule.of_stream else _not_in_view(story, rule)
    return Check(
        id=rule.id,
        outcome=given.outcome,
        decides=rule.decides(profile),
        measured=given.measured,
        limit=given.limit,
        unit=given.unit,
        because=given.because,
        in_short=given.in_short,
        evidence=list(given.evidence),
    )
