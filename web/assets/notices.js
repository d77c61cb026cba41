// The bell: its panel is read when it opens; its number follows what is told, by a stream where the server has room for
// one, else by asking now and then. Without this script the number comes with every page, and the list with a click.

const bell = document.querySelector("[data-bell]");
const ASK_EVERY = 60_000;
const TRY_STREAM_AGAIN = 300_000;

if (bell) {
  const number = bell.querySelector("[data-bell-count]");
  const panel = bell.querySelector("[data-bell-panel]");
  let asking;
  let source;

  const say = (unread) => {
    const more = number.dataset.unread !== undefined && Number(number.dataset.unread) < unread;
    number.dataset.unread = String(unread);
    number.textContent = unread >= 100 ? "99+" : String(unread);
    number.hidden = unread === 0;
    if (more && bell.open) read();
  };

  const read = async () => {
    const answer = await fetch(panel.dataset.bellPanel, { headers: { "HX-Request": "true" } });
    if (answer.ok && !answer.redirected) panel.innerHTML = await answer.text();
  };

  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(bell.dataset.bell);
      if (answer.ok && !answer.redirected) say((await answer.json()).unread);
    } catch { /* the connection is away: the next look finds it */ }
  };

  // Each stream is short, and the browser asks for the next one itself; where there is no room the server says 204, and
  // the page asks by itself until it tries a stream again.
  const listen = () => {
    clearInterval(asking);
    asking = undefined;
    source = new EventSource(bell.dataset.stream);
    source.addEventListener("unread", (event) => say(Number(event.data)));
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      asking ??= setInterval(ask, ASK_EVERY);
      setTimeout(() => { if (!document.hidden && source.readyState === EventSource.CLOSED) listen(); }, TRY_STREAM_AGAIN);
    });
  };

  // A page that nobody looks at holds no stream.
  const look = () => {
    if (document.hidden) { source?.close(); clearInterval(asking); asking = undefined; }
    else { ask(); listen(); }
  };

  bell.addEventListener("toggle", () => { if (bell.open) read(); });
  document.addEventListener("visibilitychange", look);
  if (!document.hidden) setTimeout(listen, 1000);
}
