"""What a test reads of a page: its links, its forms with what stands in them, and the sentences beside faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

ERROR_CLASSES = frozenset({"err", "cell-err", "error-page"})
VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "use", "path", "source", "wbr", "col"})


@dataclass
class Control:
    """A field of a form as a browser would send it; `kind` is its type, `sent` whether it is sent untouched."""

    name: str
    value: str
    kind: str
    sent: bool = True


@dataclass
class PageForm:
    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    @property
    def values(self) -> dict[str, str]:
        return {control.name: control.value for control in self.controls if control.sent}

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """The same for the same form of another record."""
        return pattern(self.action), tuple(sorted({pattern(control.name) for control in self.controls}))


def pattern(text: str) -> str:
    """An address or a name without its numbers and its query."""
    return re.sub(r"\d+", "N", text.split("?")[0])


class Page(HTMLParser):
    """A page, read."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.forms: list[PageForm] = []
        self.errors: list[str] = []
        self._form: PageForm | None = None
        self._select: Control | None = None
        self._text: Control | None = None
        self._open: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            faulty = values.get("role") == "alert" or bool(ERROR_CLASSES & set(values.get("class", "").split()))
            self._open.append(faulty)
            if faulty:
                self.errors.append("")
        if tag == "a" and values.get("href", "").startswith("/"):
            self.links.add(values["href"])
        elif tag == "form":
            self._form = PageForm(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in values:
            self._control(self._form, tag, values)

    def _control(self, form: PageForm, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "option" and self._select is not None:
            if "selected" in values or not self._select.sent:
                self._select.value, self._select.sent = values.get("value", ""), True
        elif name and tag in ("input", "button", "select", "textarea"):
            kind = values.get("type", "text") if tag == "input" else tag
            sent = tag not in ("button", "select") and (kind not in ("checkbox", "radio") or "checked" in values)
            control = Control(name, values.get("value", ""), kind, sent)
            form.controls.append(control)
            self._select = control if tag == "select" else self._select
            self._text = control if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.value += data
        if any(self._open):
            self.errors[-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None

    @property
    def sentences(self) -> list[str]:
        """What stands beside faults."""
        return [text for text in self.errors if text]
