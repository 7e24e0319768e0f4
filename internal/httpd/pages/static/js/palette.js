// Search or go to: Ctrl K opens the page /go in place. What is typed is asked for
// there; arrows walk the list, Enter opens the first or the one in focus.
export function palette() {
  const link = document.querySelector("a[data-palette]");
  if (!link) return;
  let box, field, list, told, timer;
  let asked = 0;

  function make() {
    box = document.createElement("dialog");
    box.className = "narrow palette";
    box.setAttribute("aria-label", "Search or go to");
    const inner = document.createElement("div");
    field = document.createElement("input");
    field.type = "search";
    field.maxLength = 80;
    field.autocomplete = "off";
    field.placeholder = "Matter, client, invoice or page";
    field.setAttribute("aria-label", field.placeholder);
    list = document.createElement("ul");
    list.className = "golist";
    told = document.createElement("p"); // the page's own live region is inert behind a dialog
    told.className = "vh";
    told.setAttribute("role", "status");
    inner.append(field, list, told);
    box.append(inner);
    document.body.append(box);
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 180);
    });
    box.addEventListener("click", (ev) => ev.target === box && box.close());
    box.addEventListener("keydown", walk);
  }

  async function ask() {
    const mine = ++asked;
    const words = encodeURIComponent(field.value.trim());
    const address = link.href + (link.search ? "&" : "?") + `at=palette&q=${words}`;
    const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
    if (mine !== asked) return; // something newer was typed
    const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page && page.querySelector("[data-results]");
    if (!found) return location.assign(link.href);
    list.replaceChildren(...document.adoptNode(found).children);
    told.textContent = `${list.querySelectorAll("a").length} found`;
  }

  function walk(ev) {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (ev.key === "Enter" && at < 0 && links.length) {
      ev.preventDefault();
      clearTimeout(timer);
      links[0].click();
    }
    if (ev.key !== "ArrowDown" && ev.key !== "ArrowUp") return;
    ev.preventDefault();
    const next = at + (ev.key === "ArrowDown" ? 1 : -1);
    (links[next] ?? field).focus();
  }

  function open(ev) {
    ev?.preventDefault();
    if (document.querySelector("dialog[open]")) return;
    if (!box) make();
    field.value = "";
    list.replaceChildren();
    box.showModal();
    field.focus();
    ask();
  }

  link.addEventListener("click", (ev) => {
    if (!ev.ctrlKey && !ev.metaKey && !ev.shiftKey && !ev.button) open(ev);
  });
  document.addEventListener("keydown", (ev) => {
    if ((ev.ctrlKey || ev.metaKey) && !ev.shiftKey && !ev.altKey && ev.key.toLowerCase() === "k") open(ev);
  });
}
