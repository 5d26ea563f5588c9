"""What every test session has in common."""

import os

from hypothesis import settings

# A kernel is compiled in the first example that calls it: no example has a deadline.
settings.register_profile("vmpcap", deadline=None)
settings.load_profile("vmpcap")

os.environ["VMPCAP_CONFIG"] = os.devnull
"""What the person who runs the tests has set must not change what they see."""
