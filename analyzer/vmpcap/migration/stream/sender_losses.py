"""What was sent again, where the point beside the sender is no witness of the stream's rates."""

from dataclasses import dataclass

from vmpcap.measures.results import Loss, Rtt
from vmpcap.migration.stream.figures import is_at_sender, measure_stream
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.stream.steady import why_unsteady


@dataclass(frozen=True, slots=True)
class SenderLoss:
    """Losses as one point shows them."""

    point: str
    loss: Loss


def losses_beside_sender(move: Move, rtt: Rtt) -> SenderLoss | None:
    """
    What does the sender's own point show of losses, where the stream is measured elsewhere for its clock was set?

    Parameters
    ----------
    rtt : of the point where the stream is measured

    Notes
    -----
    Which bytes were seen before no clock tells. None where the stream is measured beside its sender, or that point's
    capture lacks some of it, or began later.
    """
    if is_at_sender(rtt):
        return None
    for sighting in move.sightings:
        if sighting.view.role != "source" or not sighting.transfer.established or not why_unsteady(sighting):
            continue
        if any(link.data.syn_frame is None and link.back.syn_frame is None for link in sighting.transfer.links):
            continue
        own = measure_stream(sighting)
        if is_at_sender(own.rtt) and not own.missed_bytes:
            return SenderLoss(sighting.view.name, own.loss)
    return None
