"""The source has no way around the templates' escaping and the statements' parameters, but those reviewed and listed
here."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from jinja2.ext import i18n

from tests.architecture.hooks import ROOT, sources
from tests.security.conftest import SETTINGS
from web.app import create_app
from web.documents.render import _environment

TEMPLATES = ROOT / "templates"
ASSETS = ROOT / "web" / "assets"
# Reviewed: where something stands that the rules forbid, and why it may.
REVIEWED = {
    "templates/base.html: |tojson": "our own table of keys, in an attribute in single quotes, which the filter escapes",
    "core/listening.py: connection.execute(f'LISTEN {CHANNEL}')": "takes no parameter; a constant of ours",
    'core/search_entries.py: text(f"SELECT row.id, {owner}, {customer}, {fields} FROM {source})': (
        "names of our own tables"
    ),
    "core/search_entries.py: text(f\"SELECT id, search_text, {', '.join(fields)} FROM {table} W)": (
        "names of our own tables"
    ),
    "core/search_entries.py: text(f'UPDATE {table} SET search_text = :text WHERE id = :id')": "names of our own tables",
    "core/search_entries.py: text(f'DROP INDEX {name}')": "names that pg_indexes has of our own table",
    "web/talk/texts.py: imports Markup": "joins what it has escaped itself with links to colleagues",
    "web/talk/texts.py: Markup": "joins what it has escaped itself with links to colleagues",
    "web/talk/texts.py: Markup, text that is not escaped": "joins what it has escaped itself with links to colleagues",
    "web/versions.py: imports Markup": "one hidden field, whose value it escapes",
    "web/versions.py: Markup": "one hidden field, whose value it escapes",
    "web/versions.py: Markup, text that is not escaped": "one hidden field, whose value it escapes",
    "web/mails.py: autoescape=False": "mails are plain text (`templates/mails/*.txt`), where an escape would be read",
    'web/drill/grow.py: connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {t)': (
        "names of our own models and a whole number, in the drill's own database"
    ),
    "web/integrity/__init__.py: other.exec_driver_sql(f\"SET TRANSACTION SNAPSHOT '{snapshot}'\")": (
        "takes no parameter; the name comes from pg_export_snapshot()"
    ),
}
# Parts of pages, escaped by our own templates and fetched from our own address, as htmx puts them in.
REVIEWED_SCRIPTS = {f"{name}.js: .innerHTML" for name in ("keys", "lists", "notices", "palette")}
FORBIDDEN_NAMES = {
    "Markup": "text that is not escaped",
    "render_template_string": "a template made of data",
    "from_string": "a template made of data",
    "eval": "code made of data",
    "exec": "code made of data",
    "compile": "code made of data",
    "system": "a shell",
    "popen": "a shell",
    "pickle": "objects made of bytes",
    "marshal": "objects made of bytes",
    "shelve": "objects made of bytes",
    "unsafe_load": "objects made of bytes",
    "full_load": "objects made of bytes",
    "mktemp": "a name somebody else may take",
}
OF_MODULES = {"re.compile", "ast.compile", "db.system", "Connection.exec"}
SQL_CALLS = {"text", "exec_driver_sql", "execute", "literal_column", "SQL"}


@cache
def templates() -> dict[str, nodes.Template]:
    environment = Environment(extensions=[i18n], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    return {
        path.relative_to(ROOT).as_posix(): environment.parse(path.read_text(encoding="utf-8"))
        for path in sorted(TEMPLATES.rglob("*.html"))
    }


def test_templates_escape_everything() -> None:
    found = [fault for name, tree in templates().items() for fault in template_faults(name, tree)]
    assert len(templates()) > 50
    assert [fault for fault in found if fault not in REVIEWED] == []


def template_faults(name: str, tree: nodes.Template) -> Iterator[str]:
    for node in tree.find_all(nodes.Filter):
        if node.name in ("safe", "forceescape", "xmlattr", "tojson"):
            yield f"{name}: |{node.name}"
    for node in tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier)):
        yield f"{name}:{node.lineno}: autoescape"
    for node in tree.find_all((nodes.MarkSafe, nodes.MarkSafeIfAutoescape)):
        yield f"{name}:{node.lineno}: marked safe"
    for node in tree.find_all(nodes.Call):
        called = getattr(node.node, "name", getattr(node.node, "attr", ""))
        if called in ("Markup", "__html__"):
            yield f"{name}:{node.lineno}: {called}"


def test_templates_hold_no_script_style_or_bare_attribute() -> None:
    found = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
        name = path.relative_to(ROOT).as_posix()
        found += [f"{name}: {fault}" for fault in markup_faults(source)]
    assert found == []


def markup_faults(source: str) -> list[str]:
    source = re.sub(r"\{%.*?%\}", "", re.sub(r"\{\{.*?\}\}", "{{}}", source, flags=re.S), flags=re.S)
    faults = re.findall(r"\son\w+\s*=\s*[\"'{]|\sstyle\s*=\s*[\"'{]|javascript:|hx-on|hx-vars|srcdoc", source)
    faults += [tag for tag in re.findall(r"<script\b[^>]*>", source) if "src=" not in tag]
    faults += re.findall(r"<style\b", source)
    faults += re.findall(r"\s[\w-]+=\{\{[^}]*\}\}", source)  # a value without quotes ends at a space
    return faults


def test_papers_escape_everything() -> None:
    environment = _environment()
    assert environment.autoescape is True
    assert environment.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


def test_pages_escape_everything() -> None:
    escapes = create_app(SETTINGS).jinja_env.autoescape
    assert callable(escapes) and escapes("customers/show.html")


def test_code_makes_no_markup_code_or_statement_of_data() -> None:
    found = [
        fault
        for path, module in sources().items()
        for fault in code_faults(path.relative_to(ROOT).as_posix(), module)
        if fault not in REVIEWED
    ]
    assert found == []


def code_faults(name: str, module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if alias.name.split(".")[0] in FORBIDDEN_NAMES and alias.name != "compile":
                    yield f"{name}: imports {alias.name}"
        if getattr(node, "attr", getattr(node, "id", "")) in ("Markup", "render_template_string"):
            yield f"{name}: {ast.unparse(node)}"  # by whatever name it is called later
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        last = called.rpartition(".")[2]
        if last in FORBIDDEN_NAMES and called not in OF_MODULES and not (last == "compile" and "." in called):
            yield f"{name}: {called}, {FORBIDDEN_NAMES[last]}"
        if last in SQL_CALLS and node.args and _is_put_together(node.args[0]):
            yield f"{name}: {called}({ast.unparse(node.args[0])[:60]})"
        for keyword in node.keywords:
            value = getattr(keyword.value, "value", None)
            if (keyword.arg, value) in (("shell", True), ("autoescape", False), ("verify", False)):
                yield f"{name}: {keyword.arg}={value}"


def _is_put_together(node: ast.expr) -> bool:
    """A statement with values written into it: constants of our own are put together where they are registered."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add)
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(".format")
        and "sql.SQL" not in (ast.unparse(node.func))
    )


def test_scripts_make_no_markup_or_code_of_text() -> None:
    found = []
    for path in sorted(ASSETS.glob("*.js")):
        source = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        found += [f"{path.name}: {fault}" for fault in script_faults(source)]
    assert [fault for fault in found if fault not in REVIEWED_SCRIPTS] == []


def script_faults(source: str) -> list[str]:
    return re.findall(
        r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment"
        r"|set(?:Timeout|Interval)\(\s*[\"'`]|\.srcdoc|DOMParser",
        source,
    )


def test_pictures_that_are_served_hold_no_script() -> None:
    for path in sorted(ASSETS.rglob("*.svg")):
        source = path.read_text(encoding="utf-8").lower()
        assert not re.search(r"<script|\son\w+=|javascript:|<foreignobject|<!entity", source), path.name


PLANTED = {
    "a filter": lambda: list(template_faults("x", Environment(autoescape=True).parse("{{ name|safe }}"))),
    "a block": lambda: list(
        template_faults("x", Environment(autoescape=True).parse("{% autoescape false %}{{ x }}{% endautoescape %}"))
    ),
    "a handler": lambda: markup_faults('<a onclick="x()">'),
    "a style": lambda: markup_faults('<a style="color:red">'),
    "a script": lambda: markup_faults("<script>x()</script>"),
    "a bare value": lambda: markup_faults("<a title={{ name }}>"),
    "markup": lambda: list(code_faults("x", ast.parse("Markup(name)"))),
    "markup by another name": lambda: list(code_faults("x", ast.parse("made = markupsafe.Markup; made(name)"))),
    "a template of data": lambda: list(code_faults("x", ast.parse("render_template_string(name)"))),
    "a statement": lambda: list(code_faults("x", ast.parse("connection.execute(text(f'SELECT {name}'))"))),
    "a statement by percent": lambda: list(code_faults("x", ast.parse("text('SELECT %s' % name)"))),
    "code": lambda: list(code_faults("x", ast.parse("eval(name)"))),
    "a shell": lambda: list(code_faults("x", ast.parse("subprocess.run(name, shell=True)"))),
    "inner markup": lambda: script_faults("node.innerHTML = name"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_the_audit_sees_what_is_planted(case: str) -> None:
    assert PLANTED[case]()


def test_bandit_finds_nothing_new() -> None:
    """Beside ruff's rules (in `./manage check`): what bandit calls at least of medium weight and confidence."""
    tool = Path(sys.executable).with_name("bandit")
    done = subprocess.run(
        [tool, "-q", "-r", "core", "finance", "inventory", "crm", "web", "-ll", "-ii", "-f", "custom",
         "--msg-template", "{relpath} {test_id}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert set(done.stdout.split("\n")) - {""} == {
        "core/embedded.py B108",  # the temporary folder is named to be looked at, nothing is opened by that name
        "web/bench/measure.py B310",  # the benchmark asks its own server
        "web/cli/serve.py B104",  # compared, not bound
        "web/mails.py B701",  # plain text, see REVIEWED
        "web/supervisor.py B104",  # compared, not bound
    }
