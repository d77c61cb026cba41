"""Fixtures every test may use. Databases are real: one server per run, one migrated template, clones of it."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from core.listening import Bell
from core.masks import IN_THE_CLEAR, showing
from core.scope import EVERYTHING, viewing
from tests.architecture.scope_guard import guarding
from tests.database_server import DatabaseUrls, Server, new_run_home, remove_home
from web.notices import stream

RUN_HOME = "COUNTINGHOUSE_TEST_HOME"
_numbers = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """The first process of the run makes the folder; the processes it starts find it in their environment."""
    if not hasattr(config, "workerinput"):
        os.environ[RUN_HOME] = str(new_run_home())
    os.environ["COUNTINGHOUSE_ENV"] = "test"
    os.environ["COUNTINGHOUSE_HOME"] = os.environ[RUN_HOME]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and RUN_HOME in os.environ:
        remove_home(Path(os.environ.pop(RUN_HOME)))


class CompiledTemplates(BytecodeCache):
    """Templates compiled once in a process, for the many applications its tests make."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _templates_are_compiled_once() -> Iterator[None]:
    made, compiled = Flask.create_jinja_environment, CompiledTemplates()

    def create(app: Flask) -> Any:
        environment = made(app)
        environment.bytecode_cache = compiled
        return environment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "create_jinja_environment", create)
        yield


@pytest.fixture(scope="session", autouse=True)
def _tests_see_everything() -> Iterator[None]:
    """What a test itself looks at; commands and requests set the viewer of their actor, and are watched."""
    with viewing(EVERYTHING), showing(IN_THE_CLEAR), guarding():
        yield


@pytest.fixture(autouse=True)
def _streams_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for every page asks for the stream of news too, and does not close it: each test has places of its
    own, and waits for no news."""
    monkeypatch.setattr(stream, "bell", Bell(stream.MOST_STREAMS))
    monkeypatch.setattr(stream, "LASTS_SECONDS", 1.0)


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    """The server of this run, shared by all its processes; the last one stops it."""
    server = Server(Path(os.environ[RUN_HOME]))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def database_urls(database_server: Server) -> Iterator[DatabaseUrls]:
    """The addresses of this process's own migrated database."""
    name = f"{database_server.template}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    yield database_server.clone(name)
    database_server.drop(name)


@pytest.fixture
def fresh_database(database_server: Server) -> Iterator[DatabaseUrls]:
    """A migrated database for one test alone, dropped afterwards."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{database_server.template}_{worker}_{next(_numbers)}"
    yield database_server.clone(name)
    database_server.drop(name)


@pytest.fixture
def empty_database(database_server: Server) -> Iterator[DatabaseUrls]:
    """A database without tables, for tests of migrations and grants, dropped afterwards."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{database_server.template}_{worker}_{next(_numbers)}"
    yield database_server.create_empty(name)
    database_server.drop(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-matrix", action="store_true", help="write tests/security/matrix.txt anew")
    parser.addoption(
        "--every-combination", action="store_true", help="test_axe.py, test_bad_input.py: everything with everything"
    )


@pytest.fixture(scope="module")
def module_database(database_server: Server) -> Iterator[DatabaseUrls]:
    """A migrated database for one module's tests, dropped afterwards."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{database_server.template}_{worker}_{next(_numbers)}"
    yield database_server.clone(name)
    database_server.drop(name)
