// Single keys. They can be switched off (WCAG 2.1.4), never fire while someone
// types, and never do what cannot be undone: they press a button that is there.
export function keys(list, open) {
  const off = document.documentElement.dataset.keys === "off";
  const typing = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
  const places = { q: document.querySelector('.nav a[href="/queue"]')?.href, d: document.querySelector("[data-go-d]")?.href };
  // press prefers what stands where the reader is: the finding or line with the focus.
  // Elsewhere a line's Undo is not pressed, the message's on top is.
  const press = (name) => {
    const mark = `[data-press="${name}"]:not([disabled])`;
    const near = document.activeElement?.closest(".fixbox, tr.can, .pl");
    const here = near?.querySelector(mark) || document.querySelector(`tr.is-cur ${mark}`);
    (here || document.querySelector(name === "z" ? `${mark}:not(tr *, .pl *)` : mark))?.click();
  };
  let chord = ""; // the first key of two: g goes somewhere, v changes the view

  document.addEventListener("keydown", (ev) => {
    if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey)) {
      // While typing it sends what is being typed, never another form.
      const form = ev.target.closest(typing)?.form;
      if (form) form.requestSubmit();
      else press("finish");
      return;
    }
    if (off || ev.ctrlKey || ev.metaKey || ev.altKey || ev.isComposing) return;
    if (ev.target.closest(typing) || document.querySelector("dialog[open]")) return;
    if (chord) {
      const first = chord;
      chord = "";
      if (first === "v") document.querySelectorAll("nav.tabs a")[Number(ev.key) - 1]?.click();
      else if (ev.key === "n") press("next");
      else if (places[ev.key]) location.assign(places[ev.key]);
      return;
    }
    switch (ev.key) {
      case "g":
      case "v":
        chord = ev.key;
        setTimeout(() => (chord = ""), 900);
        break;
      case "?":
        open("/keys");
        break;
      case "/": {
        const box = document.querySelector("input[data-filter]");
        if (box) {
          ev.preventDefault();
          box.focus();
        }
        break;
      }
      case "j":
        list.go(1);
        break;
      case "k":
        list.go(-1);
        break;
      case "x":
        list.toggle();
        break;
      case "X":
        list.toggle(true); // and all rows since the last one
        break;
      case "m": {
        const box = document.querySelector("[data-message]");
        if (box) {
          ev.preventDefault();
          box.focus();
        } else press("m");
        break;
      }
      case "n":
      case "p":
        finding(ev.key === "n" ? 1 : -1);
        break;
      default:
        if (/^[1-3auzweh]$/.test(ev.key)) press(ev.key);
    }
  });

  // n and p walk the findings; the fixes of the one in view answer to 1, 2, 3.
  let at = -1;
  function finding(step) {
    const boxes = [...document.querySelectorAll(".fixbox")];
    if (!boxes.length) return;
    at = (at + step + boxes.length) % boxes.length;
    boxes[at].scrollIntoView({ block: "center" });
    boxes[at].querySelector("button, a, summary")?.focus({ preventScroll: true });
  }
}
