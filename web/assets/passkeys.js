// Passkeys: asks the server what to sign, lets the browser sign it, sends the answer back. Buttons that need this show
// only where the browser can do it; without it the page's form works as ever.

const isAddress = /^(\d+\.){3}\d+$|^\[/.test(location.hostname); // a passkey belongs to a name, not to a number
const can = isSecureContext && !isAddress && "PublicKeyCredential" in window && "credentials" in navigator;

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
};
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const withIds = (list) => (list ?? []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function ask(url, token, body) {
  const answer = await fetch(url, {
    method: "POST", credentials: "same-origin", body: JSON.stringify(body ?? {}),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
  });
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  return isJson ? answer.json() : { error: "" };
}

async function make(options) {
  const publicKey = {
    ...options, challenge: toBytes(options.challenge), user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: withIds(options.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  const { attestationObject, clientDataJSON } = made.response;
  return {
    id: made.id, rawId: toText(made.rawId), type: made.type,
    response: { attestationObject: toText(attestationObject), clientDataJSON: toText(clientDataJSON) },
  };
}

async function sign(options) {
  const publicKey = { ...options, challenge: toBytes(options.challenge), allowCredentials: withIds(options.allowCredentials) };
  const signed = await navigator.credentials.get({ publicKey });
  const { authenticatorData, clientDataJSON, signature, userHandle } = signed.response;
  return {
    id: signed.id, rawId: toText(signed.rawId), type: signed.type,
    response: {
      authenticatorData: toText(authenticatorData), clientDataJSON: toText(clientDataJSON),
      signature: toText(signature), userHandle: userHandle && toText(userHandle),
    },
  };
}

async function run(box) {
  const { options, finish, token, kind, failed } = box.dataset;
  const values = Object.fromEntries([...document.querySelectorAll("[data-with-passkey]")].map((each) => [each.name, each.value]));
  try {
    const asked = await ask(options, token);
    if (asked.next) return location.assign(asked.next);
    if (!asked.challenge) return asked.error || failed;
    const credential = await (kind === "make" ? make(asked) : sign(asked));
    const answer = await ask(finish, token, { ...values, credential });
    if (answer.next) return location.assign(answer.next);
    return answer.error || failed;
  } catch (error) {
    if (error.name === "InvalidStateError") return box.dataset.known || failed;
    return failed; // the person has put it away, or waited too long
  }
}

for (const box of document.querySelectorAll("[data-passkey]")) {
  box.hidden = !can;
  const other = document.querySelector("[data-no-passkey]");
  if (other) other.hidden = can;
  const button = box.querySelector("button");
  const said = box.querySelector("[data-said]");
  const begin = async () => {
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    said.hidden = true;
    const text = await run(box);
    button.removeAttribute("aria-busy");
    if (typeof text === "string") {
      said.lastElementChild.textContent = text;
      said.hidden = false;
    }
  };
  button.addEventListener("click", begin);
}
