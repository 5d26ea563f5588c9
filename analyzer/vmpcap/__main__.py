"""`python -m vmpcap` is the command `vmpcap`."""

from vmpcap.cli import run

run()
