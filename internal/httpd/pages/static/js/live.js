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

export function live() {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const state = document.querySelector("[data-live-state]");
  let down = null;
  const stream = new EventSource(part.dataset.live);
  stream.addEventListener("part", (ev) => {
    const next = new DOMParser().parseFromString(ev.data, "text/html").body.firstElementChild;
    if (next && !part.contains(document.activeElement)) part.replaceChildren(...next.childNodes);
  });
  // "done": it has ended; "gone": the session or the access has. Either way the page says so.
  for (const last of ["done", "gone"]) {
    stream.addEventListener(last, () => {
      stream.close();
      location.assign(part.dataset.done || location.href);
    });
  }
  stream.addEventListener("error", () => {
    down ??= new Date();
    if (state) state.textContent = `No connection since ${pad(down.getHours())}:${pad(down.getMinutes())}`;
  });
  stream.addEventListener("open", () => {
    down = null;
    if (state) state.textContent = "Live";
  });
}
