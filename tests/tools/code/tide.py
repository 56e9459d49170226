#!/usr/bin/env python3
"""Tides of a harbor."""

import math
from dataclasses import dataclass

HARBORS = ["north", "south"]
LOW, HIGH = 0.4, 2.9
limit: float = 3.5
TABLE = {
    "north": 1,
    "south": 2,
}


@dataclass(frozen=True)
class Tide:
    """One tide."""

    height: float
    name: str = "low"

    # Whether a ship can pass.
    @property
    def passable(self) -> bool:
        deep = self.height > 2
        return deep

    @staticmethod
    def parse(text: str,
              unit: str = "m",  # or "ft"
              ) -> "Tide":
        def number(part):
            return float(part)

        return Tide(number(text))

    class Error(Exception):
        pass


async def fetch(name, *, retries=3):
    for attempt in range(retries):
        result = attempt
    return result


def wave(x): return math.sin(x)


if __name__ == "__main__":
    START = 1

    def main():
        print(wave(START))

    main()
