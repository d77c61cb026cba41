// The search box as a palette: lines while typing, arrows, Enter, Escape. Without this file its form goes to the search
// page. One question is under way at a time: what was typed meanwhile is asked when its answer is there.

const form = document.querySelector("form.search[data-box]");
const input = form?.querySelector("input[name=q]");
const list = form?.querySelector("[role=listbox]");
const out = form?.querySelector("[data-close]");
const said = form?.querySelector("[data-status]");

if (form && input && list) {
  const WAIT_MS = 80;
  const answers = new Map();
  let asked = null, shown = null, timer = 0, active = -1, isOpen = false;

  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", "aria-haspopup": "listbox" })) input.setAttribute(name, value);
  const options = () => [...list.querySelectorAll("[role=option]")];

  const choose = (index) => {
    const all = options();
    all[active]?.setAttribute("aria-selected", "false");
    active = all.length ? (index + all.length) % all.length : -1;
    const chosen = all[active];
    if (!chosen) { input.removeAttribute("aria-activedescendant"); return; }
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", chosen.id);
  };

  const show = (text, html) => {
    shown = text;
    list.innerHTML = html;
    const note = list.querySelector("[data-said]");
    if (said) said.textContent = note?.textContent ?? "";
    note?.remove();
    active = -1;
    input.removeAttribute("aria-activedescendant");
    if (text) choose(0);
  };

  const open = () => {
    if (isOpen) return;
    isOpen = true;
    form.classList.add("open");
    if (out) out.hidden = false;
    input.setAttribute("aria-expanded", "true");
    ask();
  };

  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(timer);
    form.classList.remove("open");
    if (out) out.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const ask = async () => {
    const text = input.value.trim();
    if (!isOpen || text === shown || asked !== null) return;
    if (answers.has(text)) { show(text, answers.get(text)); return; }
    asked = text;
    try {
      const answer = await fetch(`${form.dataset.box}?q=${encodeURIComponent(text)}`, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const html = await answer.text();
      if (text) answers.set(text, html);
      if (isOpen && (input.value.trim() === text || input.value.trim().startsWith(text))) show(text, html);
    } catch {
      shown = text;  // Enter still leads to the search page
      list.replaceChildren();
    } finally {
      asked = null;
    }
    if (input.value.trim() !== text) later();
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(ask, WAIT_MS); };

  const go = (option, elsewhere) => {
    if (elsewhere) { window.open(option.dataset.href, "_blank", "noopener"); return; }
    close();
    location.assign(option.dataset.href);
  };

  input.addEventListener("focus", open);
  input.addEventListener("click", open);
  input.addEventListener("input", (event) => { open(); if (!event.isComposing) later(); });
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) open();
      else choose(active + (event.key === "ArrowDown" ? 1 : -1) - (active < 0 && event.key === "ArrowUp" ? -1 : 0));
    } else if (event.key === "Enter" && isOpen && input.value.trim() === shown && options()[active]) {
      event.preventDefault();
      go(options()[active], event.ctrlKey || event.metaKey);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      if (input.value) { input.value = ""; later(); } else { close(); input.blur(); }
    } else if (event.key === "Tab") close();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target instanceof Element && event.target.closest("[role=option]");
    if (option) go(option, event.ctrlKey || event.metaKey);
  });
  out?.addEventListener("click", () => { close(); input.blur(); });
  document.addEventListener("pointerdown", (event) => { if (event.target instanceof Node && !form.contains(event.target)) close(); });

  // Ctrl+K from everywhere, also out of fields; "/" is with the other single keys.
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

// What is opened is remembered for its reader.
const opened = document.body.dataset.opened?.split(" ");
const token = document.querySelector("input[name=csrf_token]")?.value;
if (opened && token && form?.dataset.opened) {
  const body = new URLSearchParams({ csrf_token: token, kind: opened[0], id: opened[1] });
  fetch(form.dataset.opened, { method: "POST", body, keepalive: true }).catch(() => {});
}
