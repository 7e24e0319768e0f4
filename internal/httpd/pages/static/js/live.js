// Live parts: clocks tick once a minute from the server's seconds; a stream
// replaces the part of the page that it names. Without it a page refreshes itself.
const pad = (n) => String(n).padStart(2, "0");

function duration(s) {
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  if (h >= 24) return `${Math.floor(h / 24)} d ${h % 24} h`;
  return h ? `${h} h ${pad(m)} m` : `${m} m`;
}

export function clocks() {
  const marks = [...document.querySelectorAll("[data-sla]")].filter((e) => e.dataset.sla);
  if (!marks.length) return;
  const start = Date.now();
  setInterval(() => {
    const gone = Math.floor((Date.now() - start) / 1000);
    for (const e of marks) {
      const left = Number(e.dataset.sla) - gone;
      e.querySelector(".sla-t").textContent = left < 0 ? "Over" : `${duration(left)} left`;
      if (left < 0 && e.classList.contains("sla")) e.className = "sla over";
    }
  }, 60_000);
}

const part = (name, from = document) => from.querySelector(`[data-part=${name}]`);
const parse = (text) => new DOMParser().parseFromString(text, "text/html");

// follow opens a stream and keeps the words about it true. A stream that the server
// will not give, because as many are open as may be, is replaced by reading the page
// anew each half minute. "done": it has ended; "gone": the session or the access has.
function follow(address, put, end = location.href) {
  const state = document.querySelector("[data-live-state]") ?? {};
  const stream = new EventSource(address);
  let down, timer;
  stream.addEventListener("part", (ev) => put(parse(ev.data)));
  for (const last of ["done", "gone"]) {
    stream.addEventListener(last, () => {
      stream.close();
      location.assign(end);
    });
  }
  stream.addEventListener("error", () => {
    down ??= new Date();
    state.textContent = `No connection since ${pad(down.getHours())}:${pad(down.getMinutes())}`;
    if (stream.readyState > 1) timer ??= setInterval(() => fetch(location.href).then((a) => a.text()).then((text) => put(parse(text))), 30_000);
  });
  stream.addEventListener("open", () => {
    down = null;
    state.textContent = "Live";
  });
}

function swap(had, got) {
  if (had && got && !had.contains(document.activeElement)) had.replaceChildren(...got.childNodes);
}

export function live() {
  const at = document.querySelector("[data-live]");
  if (!at) return;
  if (at.dataset.live.startsWith("/queue")) follow(at.dataset.live, queue());
  else follow(at.dataset.live, (page) => swap(at, page.querySelector("[data-live]") ?? page.body.firstElementChild), at.dataset.done);
}

// queue replaces counters, and rows one by one. A changed row is marked for four
// seconds. While the pointer, the focus or a selection is in the list, rows neither
// change, come, go nor move: a line says that changes wait.
function queue() {
  const body = part("rows");
  const note = part("changes");
  let next = [];
  const had = (r) => [...body.rows].find((x) => x.dataset.key === r.dataset.key && x.dataset.v === r.dataset.v);

  function take() {
    body.replaceChildren(...next.map((r) => {
      const old = had(r);
      if (old) return old;
      r.classList.add("is-new");
      setTimeout(() => r.classList.remove("is-new"), 4000);
      return r;
    }));
    note.hidden = true;
    document.dispatchEvent(new Event("rows"));
  }
  note.addEventListener("click", take);

  return (page) => {
    for (const name of ["offer", "tabs", "meta"]) swap(part(name), part(name, page));
    if (!body) return;
    next = [...(part("rows", page)?.rows ?? [])];
    if (next.length === body.rows.length && next.every((r, i) => had(r) === body.rows[i])) return;
    if (body.matches(":hover, :focus-within") || body.querySelector(":checked")) note.hidden = false;
    else take();
  };
}

// typing tells who looks at the same item that somebody writes.
export function typing() {
  const box = document.querySelector("[data-typing]");
  let last = 0;
  box?.addEventListener("input", () => {
    if (Date.now() < last + 2000) return;
    last = Date.now();
    fetch(box.dataset.typing, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"doing":"typing"}' });
  });
}
