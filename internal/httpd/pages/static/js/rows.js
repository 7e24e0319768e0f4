// Lists: j and k move the real focus from row to row, x selects, "/" goes to the
// filter. The sum and the number of selected rows come from the rows themselves.
import { say } from "./say.js";

const all = (s, r = document) => [...r.querySelectorAll(s)];

export function rows() {
  const lines = () => all("table[data-rows] tbody tr.can"); // a live page brings new ones
  const current = () => document.querySelector("table[data-rows] tr.is-cur");

  function make(line) {
    if (!line || line === current()) return;
    current()?.classList.remove("is-cur");
    line.classList.add("is-cur");
  }

  function go(step) {
    const list = lines();
    let next = list.indexOf(current()) + step;
    while (list[next]?.hidden) next += step;
    if (!list[next]) return;
    make(list[next]);
    (list[next].querySelector("[data-main]") || list[next].querySelector("a, button, input"))?.focus({ preventScroll: true });
    list[next].scrollIntoView({ block: "nearest" });
  }

  // A row that gets the focus by Tab or a click is the current one too.
  document.addEventListener("focusin", (ev) => make(ev.target.closest("table[data-rows] tr.can")));

  const select = selection();
  filter(lines);
  return { go, toggle: (range) => current() && select(current(), range) };
}

// selection keeps the bar of selected rows true and returns what x does. Amounts are
// added up within one currency only, and the bar names the firm.
function selection() {
  const boxes = () => all("input[data-row]"); // a live page brings new ones
  const bar = document.querySelector("[data-bulk]");
  let last = null;

  function draw() {
    const on = boxes().filter((b) => b.checked);
    for (const b of boxes()) b.closest("tr")?.classList.toggle("is-sel", b.checked);
    if (!bar) return;
    if (bar.dataset.bulk === "selection") bar.hidden = !on.length;
    const count = bar.querySelector("[data-bulk-n]");
    const sum = bar.querySelector("[data-bulk-sum]");
    const firms = bar.querySelector("[data-bulk-firms]");
    if (count) count.textContent = `${on.length} selected`;
    if (sum) sum.textContent = total(on, sum.dataset);
    if (firms) {
      const codes = [...new Set(on.map((b) => b.dataset.firm))];
      firms.textContent = codes.length > 1 ? `${codes.length} firms: each is handled apart` : `${on.length > 1 ? "All at" : "At"} ${codes[0] ?? ""}`;
    }
  }

  // x and Shift x, a click and a Shift-click: the latter take all rows between.
  document.addEventListener("click", (ev) => {
    const b = ev.target;
    if (!b.matches?.("input[data-row]")) return;
    const list = boxes();
    if (ev.shiftKey && list.includes(last)) {
      const [a, z] = [list.indexOf(last), list.indexOf(b)].sort((x, y) => x - y);
      for (const x of list.slice(a, z + 1)) x.checked = b.checked;
    }
    last = b;
    draw();
  });
  document.querySelector("[data-all]")?.addEventListener("click", (ev) => {
    for (const b of boxes()) if (!b.closest("tr").hidden) b.checked = ev.target.checked;
    draw();
  });
  bar?.querySelector("[data-clear]")?.addEventListener("click", (ev) => {
    ev.preventDefault();
    for (const b of all("input[data-row], input[data-all]")) b.checked = false;
    draw();
  });
  document.addEventListener("rows", draw); // rows were replaced
  if (bar || boxes().length) draw();
  return (line, range) => line.querySelector("input[data-row]")?.dispatchEvent(new MouseEvent("click", { shiftKey: Boolean(range), bubbles: true, cancelable: true }));
}

// total is the sum of the rows' amounts, "" where they are in several currencies.
function total(on, about) {
  const money = on.filter((b) => b.dataset.minor);
  const currency = about.currency ?? money[0]?.dataset.currency;
  if (!currency || money.some((b) => (b.dataset.currency ?? currency) !== currency)) return "";
  const minor = money.reduce((t, b) => t + Number(b.dataset.minor), 0);
  return amount(minor, currency, Number(about.digits ?? money[0].dataset.digits));
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
    for (const r of lines()) {
      r.hidden = !r.textContent.toLowerCase().includes(q);
      if (!r.hidden) n++;
    }
    say(`${n} shown`);
  });
}
