"""Ansible's ranges in host names and addresses: `ctl[1:3]`, `[01:10]`, `[a:c]`, `[1:9:2]`."""

from __future__ import annotations

import itertools
import math
import re
import string
from collections.abc import Sequence

MOST = 100_000
"""One pattern makes at most this many names: a slip of the finger must not fill the memory."""

_RANGE = re.compile(r"\[([0-9]*|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")


def expand(pattern: str) -> list[str]:
    """All names that a pattern stands for, the rightmost range running fastest.

    A text without brackets is itself. ValueError, with a sentence, for a range that Ansible would refuse too.
    """
    if "[" not in pattern and "]" not in pattern:
        return [pattern]
    fixed_and_groups = _RANGE.split(pattern)
    fixed = fixed_and_groups[::4]
    leftover = next((text for text in fixed if "[" in text or "]" in text), None)
    if leftover is not None:
        raise ValueError(f"{pattern!r} holds a bracket that is no range such as [1:3], [01:10], [a:c] or [1:9:2]")
    choices = [_choices(*fixed_and_groups[at : at + 3]) for at in range(1, len(fixed_and_groups), 4)]
    if math.prod(map(len, choices)) > MOST:
        raise ValueError(f"{pattern!r} stands for more than {MOST:,} names")
    return [
        fixed[0] + "".join(value + text for value, text in zip(values, fixed[1:], strict=True))
        for values in itertools.product(*choices)
    ]


def _choices(begin: str, end: str, step: str | None) -> Sequence[str]:
    """The values of one range, both ends included."""
    shown = f"[{begin}:{end}{':' + step if step else ''}]"
    stride = int(step or 1)
    if stride == 0:
        raise ValueError(f"the range {shown} has step 0")
    if begin.isalpha() or end.isalpha():
        if not (begin.isalpha() and end.isalpha()):
            raise ValueError(f"the range {shown} mixes letters and digits")
        first, last = string.ascii_letters.index(begin), string.ascii_letters.index(end)
        values: Sequence[str] = string.ascii_letters[first : last + 1 : stride]
    else:
        begin = begin or "0"
        width = len(begin) if begin.startswith("0") and len(begin) > 1 else 0
        if width and width != len(end):
            raise ValueError(f"the range {shown} has ends of different width")
        numbers = range(int(begin), int(end) + 1, stride)
        if len(numbers) > MOST:
            raise ValueError(f"the range {shown} stands for more than {MOST:,} names")
        values = [f"{number:0{width}d}" for number in numbers]
    if not values:
        raise ValueError(f"the range {shown} ends before it begins")
    return values
