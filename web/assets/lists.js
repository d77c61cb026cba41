// Lists by keyboard and by many rows at once. Everything here is also a link, a box or a button of the page.

const list = document.querySelector("[data-list]");
let here = null;

function rows() {
  return [...document.querySelectorAll("[data-row]")];
}

function go(row) {
  here?.removeAttribute("data-here");
  here = row;
  row.setAttribute("data-here", "");
  row.querySelector("[data-open]")?.focus();
  row.scrollIntoView({ block: "nearest" });
}

// The keys of lists (web/help/keys.py): move, tick; Enter opens, since the link has the focus. What was done is not done twice.
function onKey(what, act) {
  document.addEventListener(`key:${what}`, (event) => { if (list && act(rows())) event.preventDefault(); });
}

function place(all) {
  return all.indexOf(here?.isConnected ? here : document.activeElement?.closest("[data-row]"));
}

onKey("next-row", (all) => all.length && (go(all[Math.min(place(all) + 1, all.length - 1)]), true));
onKey("previous-row", (all) => all.length && (go(all[Math.max(place(all) - 1, 0)]), true));
onKey("select-row", (all) => {
  const box = all[place(all)]?.querySelector("input[type=checkbox]");
  box?.click();
  return Boolean(box);
});
onKey("close", () => {
  const form = document.querySelector("form:has(.bulk)");
  if (!form?.querySelector("tbody input:checked")) return false;
  form.reset();
  form.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
});

// With Shift, all boxes between the last one and this one.
let last = null;
document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.name !== "id") return;
  const boxes = [...document.querySelectorAll("tbody input[name=id]")];
  if (event.shiftKey && last && last !== box) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  last = box;
});

// A field is edited where it stands.
document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element && event.target.closest("a[data-edit]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const cell = link.closest("td");
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) { location.assign(link.href); return; }
  const before = [...cell.childNodes];
  // The cell stands in the form of the selection, within which a form that is read is dropped.
  const read = document.createElement("template");
  read.innerHTML = await answer.text();
  cell.replaceChildren(read.content);
  const field = cell.querySelector("[name=value]");
  field?.focus();
  cell.addEventListener("keydown", function leave(pressed) {
    if (pressed.key !== "Escape") return;
    cell.removeEventListener("keydown", leave);
    pressed.stopPropagation();
    cell.replaceChildren(...before);
    link.focus();
  });
});

// Who comes back from a record stands on its row.
const came = location.hash && document.getElementById(location.hash.slice(1))?.closest("[data-row]");
if (came) go(came);

// Columns are moved by the script of whatever is arranged, which is fetched when they are first looked at.
const chooser = document.getElementById("columns");
const arranged = () => import(chooser.querySelector("[data-arrange]").dataset.arrange);
if (chooser?.open) arranged();
else chooser?.addEventListener("toggle", arranged, { once: true });
