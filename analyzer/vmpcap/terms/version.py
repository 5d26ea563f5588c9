"""Which vmpcap this is."""

from typing import Final

VERSION: Final = "0.1.0"
"""The one place where it stands: pyproject.toml reads it here."""
