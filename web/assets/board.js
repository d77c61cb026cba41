// The board by hand: a card dragged into another lane, or moved with [ and ], posts the same form its menu holds.
// Expected markup: .board > .lane[data-stage] > .deal (with a form[data-move] that has a select name="stage").

const board = document.querySelector(".board");

function move(card, stage) {
  const form = card.querySelector("form[data-move]");
  const select = form?.elements.namedItem("stage");
  if (!select || ![...select.options].some((option) => option.value === stage)) return;
  select.value = stage;
  form.requestSubmit();
}

function lanes() { return [...board.querySelectorAll(".lane[data-stage]")]; }

if (board) {
  let dragged = null;
  for (const card of board.querySelectorAll(".deal:has(form[data-move])")) {
    card.draggable = true;
    for (const inner of card.querySelectorAll("a, img")) inner.draggable = false;
  }
  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".deal");
    if (!dragged) return;
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  board.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    for (const lane of lanes()) lane.classList.remove("over");
  });
  board.addEventListener("dragover", (event) => {
    const lane = event.target.closest?.(".lane[data-stage]");
    if (!dragged || !lane) return;
    event.preventDefault();
    for (const other of lanes()) other.classList.toggle("over", other === lane && !lane.contains(dragged));
  });
  board.addEventListener("drop", (event) => {
    const lane = event.target.closest?.(".lane[data-stage]");
    if (!dragged || !lane) return;
    event.preventDefault();
    if (!lane.contains(dragged)) move(dragged, lane.dataset.stage);
  });
  document.addEventListener("keydown", (event) => {
    const card = document.activeElement?.closest?.(".deal");
    if (!card || document.documentElement.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.activeElement.matches("input, select, textarea")) return;
    const all = lanes();
    const here = all.findIndex((lane) => lane.contains(card));
    if (event.key === "[" && here > 0) move(card, all[here - 1].dataset.stage);
    else if (event.key === "]" && here < all.length - 1) move(card, all[here + 1].dataset.stage);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const cards = [...board.querySelectorAll(".deal")];
      const next = cards[cards.indexOf(card) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) { event.preventDefault(); next.querySelector("a")?.focus(); }
    } else if (event.key.toLowerCase() === "e") card.querySelector("h3 a")?.click();
  });
}
