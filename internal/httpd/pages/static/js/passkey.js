// Passkeys: a form inside data-passkey is sent once the browser's passkey has answered
// what is asked there. Without a browser that knows them it stays hidden.
import { say } from "./say.js";

async function answer(asked) {
  const o = JSON.parse(asked).publicKey;
  const key = PublicKeyCredential;
  const made = o.user
    ? await navigator.credentials.create({ publicKey: key.parseCreationOptionsFromJSON(o) })
    : await navigator.credentials.get({ publicKey: key.parseRequestOptionsFromJSON(o) });
  return JSON.stringify(made);
}

export function passkeys() {
  // A passkey belongs to a name; addresses that are numbers have none.
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON || /^[\d.]+$|^\[/.test(location.hostname)) return;
  document.querySelector("[data-no-passkey]")?.remove();
  for (const box of document.querySelectorAll("[data-passkey]")) {
    box.hidden = false;
    let busy = false;
    box.querySelector("form").addEventListener("submit", async (ev) => {
      ev.preventDefault();
      if (busy) return;
      busy = true;
      try {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = box.dataset.name;
        field.value = await answer(box.dataset.passkey);
        ev.target.append(field);
        ev.target.submit();
      } catch {
        busy = false;
        say("No passkey answered. Try again, or take another way.");
      }
    });
  }
}
