"""OTV: what its edge devices carry, in either of its shapes, and what they tell each other (domain notes 4.7)."""

from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.labelled_gre import judge_labelled_gre
from vmpcap.migration.mechanisms.otv_control import judge_control, say_what_control_said
from vmpcap.migration.mechanisms.overlays import judge_overlay
from vmpcap.migration.results import Mechanism


def judge_otv(case: Case, name: str) -> Mechanism | None:
    """Do frames for the guest go to the edge behind which it is, or, where none is in view, are they told to?"""
    carried = judge_overlay(case, name) or judge_labelled_gre(case, name)
    return judge_control(case, name) if carried is None else say_what_control_said(case, carried)
