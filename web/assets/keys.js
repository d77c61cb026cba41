// What each key does stands in the page (web/help/keys.py): here it is done. Nothing here is needed: each key repeats a link or a button.

const fields = "input:not([type=checkbox],[type=radio],[type=button],[type=submit]), select, textarea, [contenteditable]";
const root = document.documentElement;
const table = JSON.parse(document.querySelector("meta[name=keys]")?.content ?? "{}");
const SECOND_KEY_MS = 1500;
let before = "";
let forget;

function name(event) {
  const held = [(event.ctrlKey || event.metaKey) && "ctrl", event.altKey && "alt"].filter(Boolean);
  return [...held, event.key.toLowerCase()].join("+");
}

function primaryForm(from) {
  const inside = from instanceof Element ? from.closest("form[method=post]:not(.pop):not(.inline)") : null;
  return inside ?? document.querySelector("dialog[open] form[data-primary], form[data-primary]");
}

function buttonOf(form, kind) {
  return (form.id && document.querySelector(`button${kind}[form="${CSS.escape(form.id)}"]`)) || [...form.querySelectorAll(`button${kind}`)].find((button) => button.offsetParent);
}

async function showKeys() {
  const open = document.getElementById("keys");
  if (open) { open.close(); return; }
  const address = `/help/keys?${new URLSearchParams({ next: location.pathname + location.search })}`;
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) { location.assign("/help/keys"); return; }
  const holder = document.createElement("div");
  holder.innerHTML = await answer.text();
  const dialog = holder.querySelector("dialog");
  // What this page has not is left out.
  for (const row of dialog.querySelectorAll("[data-press]")) row.hidden = !document.querySelector(row.dataset.press);
  for (const part of dialog.querySelectorAll("[data-where]")) part.hidden = !document.querySelector(part.dataset.where) || !part.querySelector("dl > div:not([hidden])");
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

// Beside a record stand the ones before and after it, of the list it was opened from or on the same page: the keys are those of a list.
const neighbours = {
  "next-row": "[data-place] a[rel=next], .lines li:has(> [aria-current]) + li > a",
  "previous-row": "[data-place] a[rel=prev], .lines li:has(+ li > [aria-current]) > a",
};

// Tells answer whether there was anything to do; lists and boards hear the rest.
const tells = {
  keys: () => { showKeys(); return true; },
  submit: (event) => {
    const form = primaryForm(event.target);
    form?.requestSubmit(buttonOf(form, ".pri") ?? undefined);
    return Boolean(form);
  },
  save: (event) => {
    const form = primaryForm(event.target);
    form?.requestSubmit(buttonOf(form, "[data-draft]") ?? buttonOf(form, ".pri") ?? undefined);
    return Boolean(form);
  },
  close: () => {
    const menu = document.querySelector("details.menu[open]");
    const dialog = document.querySelector("dialog[open][data-back]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else if (dialog) location.assign(dialog.dataset.back);
    else return !document.dispatchEvent(new CustomEvent("key:close", { cancelable: true }));
    return false;
  },
};

const actions = {
  press: (selector) => {
    const found = selector.split(",").map((one) => document.querySelector(one)).find(Boolean);
    found?.click();
    return Boolean(found);
  },
  focus: (selector) => {
    const field = document.querySelector(selector);
    field?.focus();
    field?.select?.();
    return Boolean(field);
  },
  go: (address) => { location.assign(address); return true; },
  tell: (what, event) => (tells[what] ? tells[what](event) : (neighbours[what] && actions.press(neighbours[what])) || !document.dispatchEvent(new CustomEvent(`key:${what}`, { cancelable: true }))),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  const pressed = name(event);
  const single = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  const typing = event.target instanceof Element && event.target.closest(fields);
  if (single && (typing || root.dataset.shortcuts === "off")) return;
  if (single && document.querySelector("dialog:modal") && pressed !== "?") return;
  if (pressed === "enter" && event.target !== document.body) return;
  const both = before && `${before} ${pressed}`;
  clearTimeout(forget);
  before = "";
  if (single && !both && Object.keys(table).some((key) => key.startsWith(`${pressed} `))) {
    before = pressed;
    forget = setTimeout(() => { before = ""; }, SECOND_KEY_MS);
    return;
  }
  const found = table[both || pressed];
  // What repeats a link or a button never acts from within a field, where the key is the field's own.
  if (found && !(typing && found[0] === "press") && actions[found[0]](found[1], event)) event.preventDefault();
});
