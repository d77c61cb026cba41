"""The served application is killed with signal 9 at random while clients go from order to cash over HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.database_server import DatabaseUrls
from web.drill.kill_app import prove_kills

SEED = int(os.environ.get("COUNTINGHOUSE_SEED", "20261122"))


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(fresh_database: DatabaseUrls, tmp_path: Path) -> None:
    print(f"seed {SEED}, set COUNTINGHOUSE_SEED to replay")
    urls = (fresh_database.app, fresh_database.system)
    report = prove_kills(urls, tmp_path, cycles=300, kills=10, seed=SEED, say=print)
    print(report)
    assert report["problems"] == [], (tmp_path / "served.log").read_text(encoding="utf-8")[-4000:]
    assert report["kills"] == {"web worker": 8, "background worker": 1, "web server": 1}
    assert report["unknown"] > 0, "no request was struck: nothing was proved"
