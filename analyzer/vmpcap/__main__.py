"""`python -m vmpcap` is the command `vmpcap`."""

import sys

from vmpcap.cli import main

sys.exit(main())
