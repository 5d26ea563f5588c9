"""Other names of the stream's hosts, in the words of the report."""

from typing import Literal

import msgspec


class OtherName(msgspec.Struct, frozen=True, kw_only=True):
    """A host of the stream has another address at another point: somebody between translates, or stands for it."""

    end: Literal["source", "destination"]
    address: str
    """The migration's source or destination, as it is called elsewhere in the report."""
    port: int
    other_address: str
    """And what the same host is called at this point."""
    other_port: int
    point: str
    because: str
    """What shows that both are the same connection, or parts of one stream."""
    by: Literal["translator", "relay"] = "translator"
    """Who stands between: one who gives the same connection another address, or one who ends it and begins another."""

    @property
    def words(self) -> str:
        """Who is who there?"""
        if self.by == "relay":
            return f"{self.other_address} stands at {self.point} in the place of {self.address}"
        if self.address == self.other_address:
            return f"port {self.port} of {self.address} is port {self.other_port} at {self.point}"
        return f"{self.address} is {self.other_address} at {self.point}"
