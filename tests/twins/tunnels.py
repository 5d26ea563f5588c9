"""The numbers of a tunnel in plain Python: a set of all that were seen, no window, no wrap but by the nearest way."""

from dataclasses import dataclass, field

ROUND = 1 << 32
FAR = 1 << 20
WINDOW = 64


@dataclass
class TunnelTwin:
    """One tunnel; numbers are counted on for ever."""

    packets: int = 0
    missing: int = 0
    reordered: int = 0
    duplicates: int = 0
    restarts: int = 0
    first: int = 0
    last: int = 0
    seen: set[int] = field(default_factory=set)
    proof: int | None = None

    def take(self, number: int) -> None:
        """One packet more."""
        self.packets += 1
        if self.packets == 1:
            return self.begin([number])
        nearest = min(
            (number + turn * ROUND for turn in range(self.last // ROUND - 1, self.last // ROUND + 2)),
            key=lambda candidate: (abs(candidate - self.last), candidate),
        )
        if self.last < nearest <= self.last + FAR:
            self.missing += nearest - self.last - 1
            self.last = nearest
            self.seen.add(nearest)
            self.proof = None
        elif self.last - WINDOW < nearest <= self.last:
            if nearest in self.seen and nearest >= self.first:
                self.duplicates += 1
            else:
                self.reordered += 1
                if nearest >= self.first:
                    self.missing -= 1
                    self.seen.add(nearest)
        elif number == self.proof:
            self.restarts += 1
            self.begin([number - 1, number])
        else:
            self.proof = (number + 1) % ROUND

    def begin(self, numbers: list[int]) -> None:
        self.seen = set(numbers)
        self.first, self.last = numbers[0], numbers[-1]
        self.proof = None
