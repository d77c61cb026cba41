// Cards of the home page and columns of a list are put in order by hand: dragged, or moved by their buttons and by Alt
// and the arrow keys.
// Expected markup: [data-arrange] > li with a checkbox, and buttons named "move" that would ask the server for the same.

const status = document.querySelector("[data-moved]");

function say(item) {
  const items = [...item.parentElement.children];
  const name = item.querySelector("label span")?.firstChild?.textContent.trim() ?? "";
  status.textContent = status.dataset.moved.replace("##", String(items.indexOf(item) + 1)).replace("#", name);
}

function move(item, step, focus) {
  const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(item); else other.after(item);
  focus.focus();
  say(item);
}

for (const list of document.querySelectorAll("[data-arrange]")) {
  let dragged = null;
  for (const item of list.children) item.draggable = true;
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=move]");
    if (!button) return;
    event.preventDefault();
    move(button.closest("li"), button.value.startsWith("up:") ? -1 : 1, button);
  });
  list.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const item = event.target.closest("li");
    if (!item) return;
    event.preventDefault();
    move(item, event.key === "ArrowUp" ? -1 : 1, event.target);
  });
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("li");
    if (!dragged) return;
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest?.("li");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged); else over.after(dragged);
  });
  list.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
  list.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    say(dragged);
    dragged = null;
  });
}
