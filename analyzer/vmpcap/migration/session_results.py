"""What became of the guest's TCP connections, and what that says of the move."""

from typing import Literal

import msgspec


class Sessions(msgspec.Struct, frozen=True, kw_only=True):
    """The guest's TCP connections that are in view before the switchover, and that it speaks of after it."""

    kept: int = 0
    """Went on with the sequence number where they had left off: a machine that started anew cannot know it."""
    denied: int = 0
    """Of before, that the guest answered with a reset afterwards: it knew nothing of them any more."""
    lost: int = 0
    """Answered before, and never seen to be answered again though the peer went on; a reset is an answer."""
    word: Literal["live", "not_live", "undecided"] = "undecided"
    """live: at least one went on. not_live: it denied all, after a silence that is as long as a start."""
    because: str = ""
    from_point: str | None = None
    from_frame: int | None = None
    """The guest's last segment before, of the first connection that is named."""
    from_file: str | None = None
    """The file that counts this frame, as inputs[].path has it, where the point has several; to_file likewise."""
    to_point: str | None = None
    to_frame: int | None = None
    """Its first one after."""
    to_file: str | None = None
