// Lists by keyboard and by many rows at once. Everything here is also a link, a box or a button of the page.

const list = document.querySelector("[data-list]");
const typing = (element) => element instanceof Element && element.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
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

// J and K move, X ticks, Enter opens (the link has the focus).
document.addEventListener("keydown", (event) => {
  if (!list || event.isComposing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target) || document.documentElement.dataset.shortcuts === "off") return;
  const all = rows();
  const at = all.indexOf(here?.isConnected ? here : document.activeElement?.closest("[data-row]"));
  const key = event.key.toLowerCase();
  if ((key === "j" || key === "k") && all.length) {
    event.preventDefault();
    go(all[key === "j" ? Math.min(at + 1, all.length - 1) : Math.max(at - 1, 0)]);
  } else if (key === "x" && at >= 0) {
    const box = all[at].querySelector("input[type=checkbox]");
    if (box) { event.preventDefault(); box.click(); }
  } else if (event.key === "Escape") {
    const form = document.querySelector("form:has(.bulk)");
    if (form?.querySelector("tbody input:checked")) { form.reset(); form.dispatchEvent(new Event("change", { bubbles: true })); }
  }
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
  cell.innerHTML = await answer.text();
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
