// Lists: j and k move the real focus from row to row, x selects, "/" goes to the
// filter. The sum and the number of selected rows come from the rows themselves.
import { say } from "./say.js";

const all = (s, r = document) => [...r.querySelectorAll(s)];

export function rows() {
  const lines = all("table[data-rows] tbody tr.can");
  let at = lines.findIndex((r) => r.classList.contains("is-cur"));

  function go(step) {
    let next = at + step;
    while (lines[next]?.hidden) next += step;
    if (!lines[next]) return;
    lines[at]?.classList.remove("is-cur");
    at = next;
    lines[at].classList.add("is-cur");
    (lines[at].querySelector("[data-main]") || lines[at].querySelector("a, button, input"))?.focus({ preventScroll: true });
    lines[at].scrollIntoView({ block: "nearest" });
  }

  // A row that gets the focus by Tab or a click is the current one too.
  document.addEventListener("focusin", (ev) => {
    const k = lines.indexOf(ev.target.closest("tr.can"));
    if (k < 0 || k === at) return;
    lines[at]?.classList.remove("is-cur");
    at = k;
    lines[at].classList.add("is-cur");
  });

  const select = selection();
  filter(lines);
  return { go, toggle: () => at >= 0 && select(lines[at]) };
}

// selection keeps the bar of selected rows true and returns what x does.
function selection() {
  const boxes = all("input[data-row]");
  const bar = document.querySelector("[data-bulk]");
  let last = null;

  function draw() {
    const on = boxes.filter((b) => b.checked);
    for (const b of boxes) b.closest("tr")?.classList.toggle("is-sel", b.checked);
    if (!bar) return;
    const minor = on.reduce((t, b) => t + Number(b.dataset.minor || 0), 0);
    const count = bar.querySelector("[data-bulk-n]");
    const sum = bar.querySelector("[data-bulk-sum]");
    if (count) count.textContent = `${on.length} selected`;
    if (sum) sum.textContent = amount(minor, sum.dataset.currency, Number(sum.dataset.digits));
  }

  for (const b of boxes) {
    b.addEventListener("click", (ev) => {
      if (ev.shiftKey && last) {
        const [a, z] = [boxes.indexOf(last), boxes.indexOf(b)].sort((x, y) => x - y);
        for (const x of boxes.slice(a, z + 1)) x.checked = b.checked;
      }
      last = b;
      draw();
    });
  }
  document.querySelector("[data-all]")?.addEventListener("click", (ev) => {
    for (const b of boxes) if (!b.closest("tr").hidden) b.checked = ev.target.checked;
    draw();
  });
  if (boxes.length) draw();
  return (line) => line.querySelector("input[data-row]")?.click();
}

// amount writes minor units as package format does. Whole numbers only: no floats.
function amount(minor, currency, digits) {
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  const value = digits ? `${whole}.${text.slice(-digits)}` : whole;
  return (minor < 0 ? "\u2212" : "") + (currency === "USD" ? `$${value}` : `${currency}\u00a0${value}`);
}

// filter hides rows that do not hold the words; without script the field asks the server.
function filter(lines) {
  const box = document.querySelector("input[data-filter]");
  box?.addEventListener("input", () => {
    const q = box.value.toLowerCase();
    let n = 0;
    for (const r of lines) {
      r.hidden = !r.textContent.toLowerCase().includes(q);
      if (!r.hidden) n++;
    }
    say(`${n} shown`);
  });
}
