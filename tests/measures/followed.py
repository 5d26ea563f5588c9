"""Stories through the real kernels, and the same stories through the twins."""

from collections.abc import Sequence

import numpy as np

from tests.measures.stories import MIGRATION_PORT, Packet, batch_of, frame_of
from tests.twins.flows import Flow, name_all
from tests.twins.tcp import FlowTwin
from vmpcap.decode.walk import Walker
from vmpcap.flows.table import FlowTable
from vmpcap.measures.follow import Follower

WALKER = Walker(4096)


def follow_batches(batches: Sequence[Sequence[Packet]], budget: int = 1000) -> Follower:
    """These batches, one after the other, through walk, names and measures."""
    table = FlowTable(budget=budget)
    follower = Follower(table)
    first_frame = 1
    for packets in batches:
        if not packets:
            continue
        batch = batch_of(packets, first_frame)
        frames = WALKER.walk(batch)
        flow_id, side = table.name(frames, first_frame)
        is_copy = np.array([packet.is_copy for packet in packets], np.uint8)
        is_copy.flags.writeable = False
        follower.absorb(batch, frames, flow_id, side, is_copy)
        first_frame += len(packets)
    return follower


def follow_twin(packets: Sequence[Packet]) -> tuple[list[FlowTwin], list[Flow]]:
    """The same, one packet at a time."""
    names, flows = name_all(packets)
    twins = [FlowTwin(MIGRATION_PORT in (flow.a[1], flow.b[1])) for flow in flows]
    for frame, (packet, name) in enumerate(zip(packets, names, strict=True), 1):
        if name is not None:
            twins[name[0]].pass_by(packet, name[1], frame, len(frame_of(packet)))
    return twins, flows
