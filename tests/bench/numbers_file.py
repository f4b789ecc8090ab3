"""Reads a file of numbers, which is TOML; Python has a parser of its own from 3.11 on only."""

from __future__ import annotations

import re
from pathlib import Path


def read_numbers(file: Path) -> dict[str, float]:
    """Returns the lines `name = number`; the rest of the file is comments."""
    lines = re.findall(r"^(\w+) = ([\d_.]+)", file.read_text(), re.MULTILINE)
    return {name: float(number.replace("_", "")) for name, number in lines}
