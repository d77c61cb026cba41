// Calling upon people: "@" in a text offers who may see the record. Without this script a name is typed as it is.

const wait = 120;

function caret(field) {
  const before = field.value.slice(0, field.selectionStart);
  const found = /(?:^|[^A-Za-z0-9_.@])@([^\s@]{0,40})$/.exec(before);
  return found && { word: found[1], start: before.length - found[1].length };
}

class Picker {
  constructor(field) {
    this.field = field;
    this.list = document.createElement("ul");
    this.list.id = `${field.id}-people`;
    this.list.className = "people";
    this.list.role = "listbox";
    this.list.hidden = true;
    field.after(this.list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.addEventListener("input", () => this.look());
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.list.addEventListener("mousedown", (event) => {
      const item = event.target.closest("li");
      if (item) { event.preventDefault(); this.take(item); }
    });
  }

  look() {
    clearTimeout(this.timer);
    const at = this.field.matches("[data-mentions-when]") && !document.querySelector(this.field.dataset.mentionsWhen) ? null : caret(this.field);
    if (!at) return this.close();
    this.timer = setTimeout(() => this.ask(at), wait);
  }

  async ask(at) {
    this.request?.abort();
    this.request = new AbortController();
    try {
      const answer = await fetch(`${this.field.dataset.mentions}?q=${encodeURIComponent(at.word)}`, { signal: this.request.signal });
      if (!answer.ok) return this.close();
      this.show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show(people) {
    this.list.replaceChildren(...people.map((person, number) => {
      const item = document.createElement("li");
      item.role = "option";
      item.id = `${this.list.id}-${number}`;
      item.dataset.login = person.login;
      const name = document.createElement("span"), login = document.createElement("span");
      name.textContent = person.name;
      login.textContent = `@${person.login}`;
      login.className = "sub";
      item.append(name, login);
      return item;
    }));
    this.list.hidden = people.length === 0;
    this.mark(0);
  }

  mark(number) {
    const items = [...this.list.children];
    this.at = items.length ? (number + items.length) % items.length : 0;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === this.at)));
    if (items.length && !this.list.hidden) this.field.setAttribute("aria-activedescendant", items[this.at].id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (this.list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.mark(this.at + (event.key === "ArrowDown" ? 1 : -1));
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") this.take(this.list.children[this.at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(item) {
    const at = caret(this.field);
    if (at && item) this.field.setRangeText(`${item.dataset.login} `, at.start, this.field.selectionStart, "end");
    this.close();
    this.field.focus();
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.list.hidden = true;
    this.mark(0);
  }
}

for (const field of document.querySelectorAll("textarea[data-mentions]")) new Picker(field);
