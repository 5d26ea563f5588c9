"""The frames of captures/example_frames.py, for the tests."""

from captures.example_frames import EXAMPLES, GUEST, RARP, RARP_BODY, Example

__all__ = ["EXAMPLES", "GUEST", "RARP", "RARP_BODY", "Example"]
