"""What every test session has in common."""

from hypothesis import settings

# A kernel is compiled in the first example that calls it: no example has a deadline.
settings.register_profile("vmpcap", deadline=None)
settings.load_profile("vmpcap")
