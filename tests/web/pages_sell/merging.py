"""Forms as two people have them open at once: read from the page, changed, sent, and sent again as the page says."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.web.input.pages import Control, Page
from tests.world import new_key

_ROW = re.compile(r'<tr class="(theirs|mine|both)"><th scope="row">([^<]*)<span.*?</tr>', re.DOTALL)


def _sent(control: Control) -> str:
    """The first line break of a text area belongs to the page, not to the text."""
    is_area = control.kind == "textarea"
    return re.sub(r"\A\r?\n", "", control.value) if is_area else control.value


@dataclass
class Sheet:
    """The form of a record on somebody's screen."""

    client: FlaskClient
    path: str
    text: str

    @classmethod
    def open(cls, client: FlaskClient, path: str) -> Sheet:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return cls(client, path, answer.text)

    @property
    def values(self) -> MultiDict[str, str]:
        """What the browser would send of it untouched."""
        [form] = [one for one in Page(self.text).forms if any(control.name == "version" for control in one.controls)]
        return MultiDict([(control.name, _sent(control)) for control in form.controls if control.sent])

    def send(self, changed: Mapping[str, str | None] | None = None) -> int:
        """The status of sending it with other entries; None takes a tick away. The page is what came back."""
        sent = self.values
        for name, value in (changed or {}).items():
            if value is None:
                sent.poplist(name)
            else:
                sent[name] = value
        sent["idempotency_key"] = new_key()
        answer = self.client.post(self.path, data=sent)
        self.text = answer.text
        return int(answer.status_code)

    @property
    def rows(self) -> dict[str, tuple[str, str]]:
        """What the page says of each field that differs: of what kind, and its text."""
        found = {}
        for row in _ROW.finditer(self.text):
            text = html.unescape(" ".join(re.sub(r"<[^>]+>", " ", row[0]).split()))
            found[html.unescape(row[2])] = (row[1], text)
        return found

    @property
    def choices(self) -> list[str]:
        """The names of what is asked, in order."""
        return [html.unescape(name) for name in re.findall(r'name="(keep:[^"]*)" value="theirs"', self.text)]

    @property
    def base(self) -> Any:
        return json.loads(self.values["base"])
