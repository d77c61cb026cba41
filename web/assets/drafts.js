// What somebody has typed stays in his browser until it is saved: through a lost connection, a closed window, an ended session. It is kept per
// person and form, at most MOST of them for DAYS; never secrets. Forms work without this file.

const MOST = 20;
const LARGEST = 60_000;
const DAYS = 14;
const LATER_MS = 400;
const REACH_MS = 5000;
const person = document.documentElement.dataset.person;
const prefix = `draft:${person}:`;
const SENT = "draft-sent";
const secret = "[type=password], [type=hidden], [type=file], [autocomplete*=password], [autocomplete*=one-time-code], [data-secret]";

function attempt(action) {
  try { return action(); } catch { return null; } // the browser keeps nothing, or is full: then nothing is kept
}

function drafts() {
  return attempt(() => Object.keys(localStorage).filter((key) => key.startsWith("draft:"))) ?? [];
}

function read(key) {
  return attempt(() => JSON.parse(localStorage.getItem(key)));
}

function forget(key) {
  attempt(() => localStorage.removeItem(key));
}

function keep(key, fields) {
  const text = JSON.stringify({ at: Date.now(), fields });
  if (text.length > LARGEST) return;
  const others = drafts().filter((other) => other !== key).sort((a, b) => (read(a)?.at ?? 0) - (read(b)?.at ?? 0));
  for (const old of others.slice(0, Math.max(0, others.length - MOST + 1))) forget(old);
  attempt(() => localStorage.setItem(key, text));
}

function controls(form) {
  return [...form.elements].filter((field) => field.name && field.matches("input, select, textarea") && !field.matches(secret) && !field.matches("[type=submit], [type=button]"));
}

// Boxes and choices by name and value, all else by name: a list of [name, value, checked?].
function state(form) {
  return controls(form).map((field) => (field.matches("[type=checkbox], [type=radio]") ? [field.name, field.value, field.checked] : [field.name, field.value]));
}

function same(one, other) {
  const told = (fields) => JSON.stringify(fields.filter(([, value, checked]) => checked ?? value)); // empty rows at the end say nothing
  return told(one) === told(other);
}

function restore(form, fields) {
  for (const [name, value, checked] of fields) {
    const found = controls(form).filter((field) => field.name === name);
    const field = checked === undefined ? found[0] : found.find((one) => one.value === value);
    if (!field) continue;
    if (checked === undefined) field.value = value;
    else field.checked = checked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// A note stands above the form, and above the columns that it may be one of.
function withdraw(form, name) {
  const below = form.closest(".cols") ?? form;
  below.parentElement.querySelector(`[data-draft-note="${name}"]`)?.remove();
  return below;
}

function note(form, name) {
  const below = withdraw(form, name);
  const made = document.querySelector(`template[data-draft="${name}"]`).content.firstElementChild.cloneNode(true);
  made.dataset.draftNote = name;
  below.before(made);
  return made;
}

// Saved is what was sent and led elsewhere: the browser's own record of how this page came says so.
function arrival() {
  const way = performance.getEntriesByType("navigation")[0];
  const key = attempt(() => sessionStorage.getItem(SENT));
  attempt(() => sessionStorage.removeItem(SENT));
  if (!key || !way) return { key: null, typed: false };
  const fine = !way.responseStatus || way.responseStatus < 400;
  if (person && fine && way.redirectCount > 0) forget(key);
  return { key, typed: way.type === "navigate" && way.redirectCount === 0 };
}

// A form is known by where it goes, and by the records it is about; an input may be called "action".
function placeOf(form) {
  const about = [...form.querySelectorAll("input[type=hidden][name$=_id]")].map((field) => `${field.name}=${field.value}`);
  return [new URL(form.getAttribute("action") || location.href, location.href).pathname, ...about].join(":");
}

class Kept {
  constructor(form, key) {
    this.form = form;
    this.key = key;
    this.first = state(form);
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
    addEventListener("pagehide", () => this.now());
  }

  // The server shows again what was sent: then it is in the fields already.
  offer(isShownAgain) {
    const draft = read(this.key);
    if (!draft) return;
    if (draft.at < Date.now() - DAYS * 86_400_000 || same(draft.fields, this.first)) { if (!isShownAgain) forget(this.key); return; }
    if (isShownAgain) return;
    const bar = note(this.form, "found");
    const at = new Date(draft.at);
    const day = at.toDateString() === new Date().toDateString() ? {} : { month: "short", day: "numeric" };
    const when = at.toLocaleString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...day });
    for (const place of bar.querySelectorAll("[data-when]")) place.textContent = place.textContent.replace("#", when);
    bar.addEventListener("click", (event) => {
      const wish = event.target.closest("[data-draft-do]")?.dataset.draftDo;
      if (!wish) return;
      bar.remove();
      if (wish === "restore") { restore(this.form, draft.fields); controls(this.form)[0]?.focus(); } else forget(this.key);
    });
  }

  later() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.now(), LATER_MS);
  }

  now() {
    if (this.waiting === undefined) return;
    clearTimeout(this.waiting);
    this.waiting = undefined;
    const fields = state(this.form);
    if (same(fields, this.first)) forget(this.key);
    else keep(this.key, fields);
  }

  get isTyped() { return !same(state(this.form), this.first); }
}

const kept = new Map();
const came = arrival();
if (person) {
  for (const key of drafts()) if ((read(key)?.at ?? 0) < Date.now() - DAYS * 86_400_000) forget(key);
  for (const form of document.querySelectorAll("main form[method=post][data-guard], dialog[open] form[method=post][data-guard]")) {
    if (form.matches("[data-no-draft], .inline") || form.querySelector("[type=password], [data-secret]") || !controls(form).length) continue;
    const key = prefix + placeOf(form);
    if ([...kept.values()].some((other) => other.key === key)) continue;
    kept.set(form, new Kept(form, key));
    kept.get(form).offer(came.key === key && came.typed);
  }
}

// Before what was typed goes off, a look whether anybody is there: else it stays, and says so.
async function isReached() {
  if (!navigator.onLine) return false;
  const stop = AbortSignal.timeout(REACH_MS);
  const icon = document.querySelector("link[rel=icon]").href;
  return fetch(icon, { method: "HEAD", cache: "no-store", signal: stop }).then(() => true, () => false);
}

let asking = null;
let goes = null;
addEventListener("submit", async (event) => {
  const form = event.target;
  if ("signOut" in form.dataset) { for (const key of drafts()) if (key.startsWith(prefix)) forget(key); return; }
  const mine = kept.get(form);
  if (!mine || event.defaultPrevented) return;
  if (goes === form) {
    goes = null;
    attempt(() => sessionStorage.setItem(SENT, mine.key));
    return;
  }
  const isWorth = mine.isTyped;
  if (!isWorth) { attempt(() => sessionStorage.setItem(SENT, mine.key)); return; }
  event.preventDefault();
  if (asking === form) return;
  const button = event.submitter;
  asking = form;
  mine.waiting ??= 0;
  mine.now();
  button?.setAttribute("aria-busy", "true");
  const reached = await isReached();
  button?.removeAttribute("aria-busy");
  asking = null;
  withdraw(form, "lost");
  if (reached) {
    goes = form;
    form.requestSubmit(button ?? undefined);
    goes = null;
    return;
  }
  const bar = note(form, "lost");
  bar.querySelector("button").addEventListener("click", () => { bar.remove(); form.requestSubmit(button ?? undefined); });
  bar.scrollIntoView({ block: "center" });
}, true);
