"""What finance must look at by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finance.queries.tasks import TASKS, TaskRow
from finance.tasks import LONGEST_NOTE, finish_task, reopen_task
from web.api.fields import Body, Flag, Id, Text
from web.api.operation import PAGING, Call, operation

CHANGED = {"id": int, "is_done": bool}


@operation(
    "GET", "/finance-tasks", "ledger.read", summary="What finance must look at, the newest first",
    query=Body(customer_id=Id(), is_done=Flag()) | PAGING,
    answer=[{
        "id": int, "kind": str, "customer_id": int | None, "customer_name": str | None, "origin": str | None,
        "amount": Decimal | None, "note": str | None, "created_at": str, "done_at": str | None,
    }],
)  # fmt: skip
def list_finance_tasks(call: Call) -> Any:
    return call.page(TASKS, _shape)


def _shape(row: TaskRow) -> dict[str, Any]:
    values = row._asdict()
    values["customer_name"], values["note"] = values.pop("customer"), values.pop("detail")
    return values


@operation(
    "POST", "/finance-tasks/{task_id}/done", "payments.write", summary="Take a task off the list",
    body=Body(note=Text(limit=LONGEST_NOTE)), answer=CHANGED, refusals=("task_done",),
)  # fmt: skip
def finish_finance_task(call: Call, task_id: int) -> Any:
    return call.run(finish_task, task_id, note=call.body.get("note"))


@operation(
    "POST", "/finance-tasks/{task_id}/reopen", "payments.write", summary="Put a task back on the list",
    body=Body(), answer=CHANGED, refusals=("task_open",),
)  # fmt: skip
def reopen_finance_task(call: Call, task_id: int) -> Any:
    return call.run(reopen_task, task_id)
