// The entry script: starts each helper on the page it is for. Everything works
// without it; it only shortens the way.
import { keys } from "./keys.js";
import { rows } from "./rows.js";
import { dialogs } from "./dialog.js";
import { clocks, live, typing } from "./live.js";
import { palette } from "./palette.js";
import { passkeys } from "./passkey.js";

const list = rows();
const open = dialogs();
keys(list, open);
clocks();
live();
typing();
palette();
passkeys();

// On phones the menu is a strip: bring the current page into view.
const nav = document.querySelector(".nav");
const current = nav?.querySelector("[aria-current]");
if (current && nav.scrollWidth > nav.clientWidth) nav.scrollLeft = current.offsetLeft - 24;

// A refused form: the list of what to fix takes the focus.
document.querySelector("[data-focus]")?.focus();

for (const b of document.querySelectorAll("[data-print]")) {
  b.hidden = false;
  b.addEventListener("click", () => print());
}
