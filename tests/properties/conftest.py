"""How many examples: few by default, more where COUNTINGHOUSE_PROPERTY_RUNS says so; a failure prints its seed."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SCALE = int(os.environ.get("COUNTINGHOUSE_PROPERTY_RUNS", "300"))

settings.register_profile(
    "countinghouse",
    max_examples=max(50, SCALE // 4),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
settings.load_profile("countinghouse")
