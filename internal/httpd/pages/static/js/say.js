// The one polite live region of a page.
let timer;

export function say(text) {
  const box = document.querySelector(".toast");
  if (!box) return;
  clearTimeout(timer);
  box.textContent = text;
  timer = setTimeout(() => box.replaceChildren(), 6000);
}
