"""What a first view weighs over the wire, and how soon it is seen: Chromium against the server as it is served."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.config import CHECKOUT
from web.bench.surface.visitor import PageFailed
from web.cli.system import chromium_path

RUNS = 5
_SEEN = """
() => new Promise(resolve => {
    let seen = 0;
    new PerformanceObserver(list => { for (const entry of list.getEntries()) seen = entry.startTime; })
        .observe({type: 'largest-contentful-paint', buffered: true});
    const paint = () => performance.getEntriesByType('paint').map(entry => entry.startTime);
    const done = () => setTimeout(() => resolve(Math.max(seen, ...paint())), 150);
    document.readyState === 'complete' ? done() : addEventListener('load', done);
})
"""
"""Milliseconds from the beginning of the navigation until the largest thing on the page was painted."""


@contextmanager
def served(app_url: str, home: Path) -> Iterator[int]:
    """The product's web server on a free port, as `./manage serve` runs it, without limits of calls."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": app_url,
        "COUNTINGHOUSE_HOME": str(home),
        "COUNTINGHOUSE_ENV": "development",
        "COUNTINGHOUSE_RATE_LIMITS": "off",
        "LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", "4", "--log-level", "warning", "--no-ws", "web.wsgi:app"]
    process = subprocess.Popen(command, env=environment, cwd=CHECKOUT)
    try:
        _wait_until_up(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise PageFailed(f"the server ended with {process.returncode} before it answered")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/healthz")
            connection.getresponse().close()
            return
        except OSError:
            time.sleep(0.1)
    raise PageFailed("the server does not answer")


def weigh(port: int, token: str, paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Of each page: kilobytes over the wire with an empty cache, number of requests, and milliseconds until it is seen
    with a warm one (median of some runs)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        try:
            return {name: _weigh_page(browser, port, token, path) for name, path in paths.items()}
        finally:
            browser.close()


def _weigh_page(browser: Any, port: int, token: str, path: str) -> dict[str, float]:
    address = f"http://127.0.0.1:{port}"
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    try:
        context.add_cookies([{"name": "sign-in", "value": token, "url": address}])
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        sizes: list[float] = []
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        answer = page.goto(f"{address}{path}", wait_until="networkidle")
        if answer is None or answer.status != 200:
            raise PageFailed(f"{path}: {answer.status if answer else 'no answer'}")
        first, requests = sum(sizes), len(sizes)
        seen = []
        for _ in range(RUNS):
            page.goto(f"{address}{path}", wait_until="load")
            seen.append(float(page.evaluate(_SEEN)))
        return {
            "kilobytes": round(first / 1000, 1),
            "requests": requests,
            "visible_ms": round(statistics.median(seen)),
        }
    finally:
        context.close()
