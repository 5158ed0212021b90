"""`python3 -m tests` adds up what pytest printed."""

from __future__ import annotations

import pytest

from tests.__main__ import counts_of


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("===== 12 passed in 3.20s =====", {"passed": 12}),
        (
            "\x1b[31m= \x1b[31m\x1b[1m1 failed\x1b[0m, \x1b[32m30 passed\x1b[0m\x1b[31m in 612.00s (0:10:12)\x1b[0m =\x1b[0m",
            {"failed": 1, "passed": 30},
        ),
        ("== 2 skipped, 1 passed, 3 warnings, 2 errors in 0.1s ==", {"skipped": 2, "passed": 1, "error": 2}),
        ("===== test session starts =====", {}),
        ("12 passed", {}),
    ],
)
def test_counts_of(line: str, counts: dict[str, int]) -> None:
    assert counts_of(line) == counts
