"""What a device answers to a challenge, made by hand: a browser would not send what is refused here."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

from core.passkeys import CHALLENGE_LASTS, RelyingParty, ask, register
from core.sign_in import prove_by_passkey, sign_in_by_passkey
from tests.conftest import DatabaseUrls
from tests.security.people import later
from tests.world import World

PARTY = RelyingParty("books.example", "https://books.example", "Books")
PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


@dataclass
class Device:
    """Somebody's device with one key, which does as it is told."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    count: int = 0

    def attest(self, options: dict[str, Any], **other: Any) -> dict[str, Any]:
        """The answer to a challenge that asks for a new key."""
        point = self.key.public_key().public_numbers()
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        kept = bytes(16) + len(self.id).to_bytes(2) + self.id + public
        data = self._data(**{"flags": PRESENT | VERIFIED, **other}, more=WITH_KEY) + kept
        said = {"attestationObject": encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})}
        return self._answer(said | {"clientDataJSON": _client("webauthn.create", options, **other)})

    def sign(self, options: dict[str, Any], **other: Any) -> dict[str, Any]:
        """The answer to a challenge that asks who it is."""
        data = self._data(**{"flags": PRESENT | VERIFIED, **other})
        client = _client("webauthn.get", options, **other)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"authenticatorData": data, "clientDataJSON": client, "signature": signature})

    def _data(self, *, flags: int, more: int = 0, site: str = PARTY.id, count: int | None = None, **_: Any) -> bytes:
        self.count = self.count + 1 if count is None else count
        return hashlib.sha256(site.encode()).digest() + bytes([flags | more]) + self.count.to_bytes(4)

    def _answer(self, said: dict[str, bytes]) -> dict[str, Any]:
        response = {name: bytes_to_base64url(content) for name, content in said.items()}
        name = bytes_to_base64url(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}


def _client(kind: str, options: dict[str, Any], *, origin: str = PARTY.origin, **_: Any) -> bytes:
    said = {"type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": False}
    return json.dumps(said).encode()


@dataclass
class Person:
    """Somebody, and what he asks and answers."""

    world: World
    login: str

    @property
    def id(self) -> int:
        return self.world.actor_of(self.login).user_id or 0

    def run(self, command: Any, *arguments: Any, **named: Any) -> Any:
        context = self.world.context(actor=self.world.actor_of(self.login))
        return self.world.run(command, *arguments, context=context, **named)

    def asked(self, purpose: str) -> dict[str, Any]:
        user_id = None if purpose == "sign_in" else self.id
        found: dict[str, Any] = self.run(ask, purpose, PARTY, user_id=user_id, handle=b"handle")
        return found

    def add(self, device: Device, **other: Any) -> Any:
        asked = self.asked("register")
        return self.run(register, "Laptop", asked["token"], device.attest(asked["options"], **other), PARTY)

    def prove(self, asked: dict[str, Any], device: Device) -> Any:
        answer = device.sign(asked["options"])
        return self.run(prove_by_passkey, asked["token"], answer, PARTY, session_id=None, token_hash="x" * 64)


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    yield world
    world.database.dispose()


@pytest.fixture
def person(world: World) -> Person:
    login = f"keeper{secrets.token_hex(4)}"
    world.user(login, "sales")
    return Person(world, login)


@pytest.fixture
def device(person: Person) -> Device:
    device = Device()
    assert "id" in person.add(device)
    return device


def let_in(world: World, asked: dict[str, Any], answer: dict[str, Any]) -> bool:
    found = world.run(sign_in_by_passkey, asked["token"], answer, PARTY, address="10.0.0.1", user_agent=None)
    assert ("token" in found) == (found.get("failed") != "passkey_refused")
    return "token" in found


def test_an_answer_that_holds_lets_in_once(world: World, person: Person, device: Device) -> None:
    asked = person.asked("sign_in")
    answer = device.sign(asked["options"])
    assert let_in(world, asked, answer)
    assert not let_in(world, asked, answer)
    assert not let_in(world, asked, device.sign(asked["options"])), "a challenge is used up, not only its answer"


def test_a_wrong_answer_uses_the_challenge_up(world: World, person: Person, device: Device) -> None:
    asked = person.asked("sign_in")
    assert not let_in(world, asked, Device(id=device.id).sign(asked["options"])), "another key"
    assert not let_in(world, asked, device.sign(asked["options"]))


def test_who_holds_the_device_must_be_recognised_by_it(world: World, person: Person, device: Device) -> None:
    """A device found in a train says that somebody pressed its button, and no more."""
    assert person.add(Device(), flags=PRESENT) == {"failed": "passkey_refused"}
    asked = person.asked("sign_in")
    assert not let_in(world, asked, device.sign(asked["options"], flags=PRESENT))


@pytest.mark.parametrize("other", [{"origin": "https://books.evil.example"}, {"site": "evil.example"}])
def test_an_answer_for_another_site_is_none(
    world: World, person: Person, device: Device, other: dict[str, str]
) -> None:
    assert person.add(Device(), **other) == {"failed": "passkey_refused"}
    asked = person.asked("sign_in")
    assert not let_in(world, asked, device.sign(asked["options"], **other))


def test_a_challenge_lasts_for_minutes(world: World, person: Person, device: Device) -> None:
    asked = person.asked("sign_in")
    with later(seconds=CHALLENGE_LASTS.total_seconds() + 1):
        assert not let_in(world, asked, device.sign(asked["options"]))


def test_a_challenge_is_for_its_purpose_and_its_person(world: World, person: Person, device: Device) -> None:
    for purpose in ("prove", "second"):
        asked = person.asked(purpose)
        assert not let_in(world, asked, device.sign(asked["options"]))
    asked = person.asked("second")
    assert person.prove(asked, device) == {"failed": "passkey_refused"}, "his own, but asked for something else"
    world.user(other := f"other{secrets.token_hex(4)}", "sales")
    stranger, key = Person(world, other), Device()
    assert "id" in stranger.add(key)
    assert stranger.prove(person.asked("prove"), key) == {"failed": "passkey_refused"}, "asked of somebody else"
    assert stranger.prove(stranger.asked("prove"), device) == {"failed": "passkey_refused"}, "with somebody else's key"
    assert person.prove(person.asked("prove"), device) == {"user_id": person.id}


def test_a_counter_that_has_not_gone_on_is_a_copy_s(world: World, person: Person, device: Device) -> None:
    for count, whole in ((7, True), (7, False), (6, False), (8, True)):
        asked = person.asked("sign_in")
        assert let_in(world, asked, device.sign(asked["options"], count=count)) == whole, count
