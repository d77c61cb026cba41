// Small comforts for every page. Nothing here is needed: each one repeats what a link or a form already does.

// Menus close on a click elsewhere and on Escape; one is open at a time; none hangs over the window's edge.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu") || !menu.open) return;
  for (const other of document.querySelectorAll("details.menu[open]")) if (other !== menu && !other.contains(menu)) other.open = false;
  const box = menu.querySelector(".pop")?.getBoundingClientRect();
  if (!box) return;
  if (box.left < 8) menu.classList.add("start");
  if (box.right > innerWidth - 8) menu.classList.remove("start");
  menu.classList.toggle("up", box.bottom > innerHeight - 8 && box.height < menu.getBoundingClientRect().top - 60);
}, true);

// A form goes off once: after the first submit its buttons are busy, until the page is shown again.
const busy = new Set();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || !("guard" in form.dataset)) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  if (button) {
    button.setAttribute("aria-busy", "true");
    busy.add(button);
  }
  busy.add(form);
});
addEventListener("pageshow", () => {
  for (const element of busy) {
    element.removeAttribute("aria-busy");
    delete element.dataset.sent;
  }
  busy.clear();
});

// A preview stands in front of its page: focus stays inside.
const dialog = document.querySelector("dialog[open][data-dialog]");
if (dialog) {
  dialog.close();
  dialog.showModal();
  document.querySelector(".scrim")?.remove();
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); location.assign(dialog.dataset.back); });
} else if (!document.querySelector("[autofocus]")) {
  document.querySelector("[data-focus], [aria-invalid=true]")?.focus();
}

// "Select all on this page", and the count in the bar over the selection.
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
  const form = box.closest("form");
  if (!form) return;
  const rows = [...form.querySelectorAll("tbody input[type=checkbox]")];
  if ("selectAll" in box.dataset) for (const row of rows) row.checked = box.checked;
  const label = form.querySelector("[data-selected]");
  if (label) label.textContent = label.dataset.selected?.replace("#", String(rows.filter((row) => row.checked).length)) || label.textContent;
});

// "All of it" over a group of boxes; it is no longer said once one of them is taken out.
document.addEventListener("change", (event) => {
  const box = event.target;
  const group = box instanceof HTMLInputElement && box.type === "checkbox" && box.closest("fieldset:has([data-whole])");
  if (!group) return;
  const whole = group.querySelector("[data-whole]");
  if (box !== whole) { if (!box.checked) whole.checked = false; return; }
  for (const one of group.querySelectorAll("input[type=checkbox]")) one.checked = whole.checked;
});

// Print buttons, and selects that apply at once.
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) { event.preventDefault(); print(); }
});
document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-apply]")) event.target.form?.requestSubmit();
});

// Where two have changed a field, the field shows at once whose entry is chosen; who writes in it keeps his own.
function put(field, texts) {
  const fields = field instanceof RadioNodeList ? [...field] : [field];
  for (const one of fields) {
    if (one.matches("[type=checkbox], [type=radio]")) one.checked = texts.includes(one.value);
    else if (one instanceof HTMLSelectElement && one.multiple) for (const option of one.options) option.selected = texts.includes(option.value);
    else one.value = texts[0] ?? "";
  }
}
document.addEventListener("change", (event) => {
  const choice = event.target;
  const field = choice instanceof HTMLInputElement && choice.dataset.merge && choice.form.elements[choice.dataset.merge];
  if (field) put(field, JSON.parse(choice.dataset.texts));
});
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form || event.target.dataset.merge || !event.target.name) return;
  const mine = form.querySelector(`[data-merge="${CSS.escape(event.target.name)}"][value=mine]`);
  if (mine) mine.checked = true;
});
