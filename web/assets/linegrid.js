// The order grid like a spreadsheet: Enter goes to the next cell and from the last to the next line, Alt+Down copies from above, a pasted block
// fills the cells, the last used row grows a new one; price, stock and what is wrong come while typing. Without this file the same rows are
// plain fields.

const columns = ["product", "quantity", "price", "discount_percent"];

class LineGrid {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.status = table.parentElement.querySelector("[data-linegrid-status]");
    this.waiting = new Map();
    this.blank = this.rows().at(-1)?.cloneNode(true);
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("paste", (event) => this.paste(event));
    table.addEventListener("input", (event) => this.input(event));
    this.grow();
  }

  rows() { return [...this.body.querySelectorAll("tr[data-line]")]; }

  cell(row, column) { return row?.querySelector(`[name$="-${column}"]`); }

  where(element) {
    const row = element.closest("tr[data-line]");
    const column = columns.find((name) => element.name?.endsWith(`-${name}`));
    return row && column ? { row, column, index: this.rows().indexOf(row) } : null;
  }

  key(event) {
    const place = this.where(event.target);
    if (!place || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.grow();
      const present = columns.filter((column) => this.cell(place.row, column));
      const next = event.shiftKey ? null : present[present.indexOf(place.column) + 1];
      if (next) this.focus(place.row, next);
      else this.focus(this.rows()[place.index + 1], "product");
    } else if (event.key === "ArrowDown" && event.altKey) {
      event.preventDefault();
      const above = this.cell(this.rows()[place.index - 1], place.column);
      if (above) this.write(event.target, above.value);
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !event.altKey && !event.target.list) {
      event.preventDefault();
      this.focus(this.rows()[place.index + (event.key === "ArrowUp" ? -1 : 1)], place.column);
    }
  }

  focus(row, column) {
    const cell = this.cell(row, column);
    cell?.focus();
    cell?.select?.();
  }

  paste(event) {
    const place = this.where(event.target);
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!place || !/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    const first = columns.indexOf(place.column);
    const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
    lines.forEach((line, down) => {
      while (this.rows().length <= place.index + down) this.add();
      const row = this.rows()[place.index + down];
      line.split("\t").slice(0, columns.length - first).forEach((value, right) => {
        const cell = this.cell(row, columns[first + right]);
        if (cell) this.write(cell, value.trim());
      });
    });
    this.grow();
  }

  write(cell, value) {
    cell.value = value;
    cell.dispatchEvent(new Event("input", { bubbles: true }));
  }

  input(event) {
    const place = this.where(event.target);
    if (!place) return;
    if (place.column === "price") event.target.dataset.typed = "yes";
    this.grow();
    if (place.column === "product") this.suggest(event.target);
    this.later(place.row, () => this.lookUp(place.row));
  }

  later(key, action) {
    clearTimeout(this.waiting.get(key));
    this.waiting.set(key, setTimeout(action, 220));
  }

  // One empty row always stands at the end.
  grow() {
    const last = this.rows().at(-1);
    if (last && columns.some((column) => this.cell(last, column)?.value && column === "product")) this.add();
  }

  add() {
    const index = Number(this.table.dataset.nextIndex);
    const prefix = this.table.dataset.prefix;
    const row = this.blank.cloneNode(true);
    row.classList.remove("flag");
    for (const element of row.querySelectorAll("[name]")) {
      const column = element.name.slice(element.name.lastIndexOf("-") + 1);
      element.name = element.id = `${prefix}-${index}-${column}`;
      if (element.tagName !== "SELECT") element.value = "";
      element.removeAttribute("aria-invalid");
      element.removeAttribute("aria-describedby");
      element.setAttribute("aria-label", (element.getAttribute("aria-label") ?? "").replace(/\d+/, String(this.rows().length + 1)));
    }
    for (const error of row.querySelectorAll(".cell-err")) error.remove();
    row.querySelector(".no").textContent = String(this.rows().length + 1);
    row.querySelector("[data-amount]").textContent = "";
    row.querySelector("[data-stock]").replaceChildren();
    this.body.append(row);
    this.table.dataset.nextIndex = String(index + 1);
  }

  suggest(cell) {
    const address = this.table.dataset.suggestUrl;
    if (!address || cell.value.trim().length < 1) return;
    this.later(cell, async () => {
      const answer = await fetch(`${address}?${new URLSearchParams({ q: cell.value.trim() })}`, { headers: { Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok || !cell.list) return;
      const options = (await answer.json()).map(({ value, label }) => Object.assign(document.createElement("option"), { value, label }));
      cell.list.replaceChildren(...options);
    });
  }

  async lookUp(row) {
    const address = this.table.dataset.stockUrl;
    const product = this.cell(row, "product").value.trim();
    const typed = columns.some((column) => this.cell(row, column)?.value.trim());
    if (!address || !typed) { this.showFaults(row, {}); return this.show(row, null); }
    const query = new URLSearchParams({ product, quantity: this.cell(row, "quantity").value, price: this.cell(row, "price").value });
    const warehouse = this.table.closest("form")?.elements.namedItem("warehouse_id")?.value;
    if (warehouse) query.set("warehouse_id", warehouse);
    const discount = this.cell(row, "discount_percent")?.value;
    if (discount) query.set("discount_percent", discount);
    const answer = await fetch(`${address}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (this.cell(row, "product").value.trim() !== product) return;
    const found = await answer?.json().catch(() => null);
    this.showFaults(row, found?.faults ?? {});
    this.show(row, found?.id ? found : null);
  }

  // What is wrong stands beside the cell; what was typed stays as it is.
  showFaults(row, faults) {
    if (row.nextElementSibling?.matches(".err-row")) row.nextElementSibling.remove();
    const said = [];
    for (const column of columns) {
      const cell = this.cell(row, column);
      if (!cell) continue;
      const place = cell.closest("td");
      place.querySelector(".cell-err")?.remove();
      if (!faults[column]) {
        cell.removeAttribute("aria-invalid");
        cell.removeAttribute("aria-describedby");
        continue;
      }
      const mark = Object.assign(document.createElement("span"), { className: "cell-err", id: `${cell.id}-error`, textContent: faults[column] });
      cell.setAttribute("aria-invalid", "true");
      cell.setAttribute("aria-describedby", mark.id);
      place.append(mark);
      said.push(faults[column]);
    }
    if (said.length && this.status) this.status.textContent = said.join(" ");
  }

  show(row, found) {
    this.showShort(row, found?.short);
    const stock = row.querySelector("[data-stock]");
    const amount = row.querySelector("[data-amount]");
    stock.querySelector(".avail")?.remove();
    row.classList.toggle("flag", found?.tone === "bad");
    if (!found) { amount.textContent = ""; return; }
    const price = this.cell(row, "price");
    if (found.price && !price.dataset.typed && (!price.value || (price.dataset.of && price.dataset.of !== String(found.id)))) price.value = found.price;
    price.dataset.of = String(found.id);
    amount.textContent = found.amount ?? "";
    if (!found.text) return;
    const mark = document.createElement("span");
    mark.className = `avail t-${found.tone}`;
    const icon = document.querySelector("svg.i use")?.cloneNode();
    if (icon) {
      icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, `#i-${found.icon}`));
      const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      picture.setAttribute("class", "i");
      picture.setAttribute("aria-hidden", "true");
      picture.append(icon);
      mark.append(picture);
    }
    mark.append(found.text);
    stock.prepend(mark);
    if (this.status) this.status.textContent = `${found.name ?? ""} ${found.text}`;
  }

  // A short line opens a row below with its numbers and the ways out, as the server draws it.
  showShort(row, short) {
    if (row.nextElementSibling?.matches(".short-row")) row.nextElementSibling.remove();
    if (!short) return;
    const below = document.createElement("tr");
    below.className = "short-row";
    below.setAttribute("role", "row");
    const index = this.cell(row, "product").name.match(/-(\d+)-/)?.[1] ?? "";
    const make = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text ?? "", className: className ?? "" });
    const sentence = make("p");
    sentence.append(make("b", short.text, "tone t-bad"), ` ${short.detail ?? ""}`);
    const numbers = make("dl", "", "nums");
    for (const [label, value, tone] of short.numbers) {
      const pair = make("div");
      pair.append(make("dt", label), make("dd", value, tone ? `tone t-${tone}` : ""));
      numbers.append(pair);
    }
    const ways = make("div", "", "row tight");
    for (const [, label, name, value] of short.ways) {
      ways.append(Object.assign(make("button", label, "btn sm"), { name, value: `${value}${index}` }));
    }
    const box = make("div", "", "short");
    box.append(sentence, numbers, ways);
    const first = make("td", "", "no");
    const wide = make("td", "", "f");
    wide.colSpan = this.table.tHead.rows[0].cells.length - 1;
    for (const cell of [first, wide]) cell.setAttribute("role", "cell");
    wide.append(box);
    below.append(first, wide);
    row.after(below);
  }
}

for (const table of document.querySelectorAll("table[data-linegrid]")) new LineGrid(table);
