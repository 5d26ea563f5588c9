"""What the tests of the witness share."""

from tests.cli.conftest import rarps

__all__ = ["rarps"]
