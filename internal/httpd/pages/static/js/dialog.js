// Dialogs: a link with data-dialog leads to a page with a form. Here that page's
// content opens in place; the form in it posts as it would there.
export function dialogs() {
  let box;

  async function open(address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const body = page.querySelector("[data-dialog-body]");
    if (!answer.ok || !body) return location.assign(address);
    box?.remove();
    box = document.createElement("dialog");
    const close = document.createElement("form");
    close.method = "dialog";
    close.className = "dlg-head";
    const title = document.createElement("h2");
    title.textContent = page.querySelector("h1")?.textContent || "";
    title.id = "dlg-title";
    const button = document.createElement("button");
    button.className = "btn quiet";
    button.textContent = "Close";
    close.append(title, button);
    body.classList.add("dlg-body");
    box.setAttribute("aria-labelledby", title.id);
    box.append(close, document.adoptNode(body));
    document.body.append(box);
    box.addEventListener("click", (ev) => ev.target === box && box.close());
    box.showModal(); // focus goes back to the opener when it closes
    body.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }

  document.addEventListener("click", (ev) => {
    const link = ev.target.closest("a[data-dialog]");
    if (!link || ev.ctrlKey || ev.metaKey || ev.shiftKey || ev.button) return;
    ev.preventDefault();
    open(link.href);
  });
  return open;
}
