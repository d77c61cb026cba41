// Takes the token of a link from behind its #, where no log and no referrer sees it, into the form, and out of the address.

const field = document.querySelector("input[name=link]");

function take() {
  const token = location.hash.slice(1);
  if (token) {
    field.value = token;
    history.replaceState(null, "", location.pathname);
  }
  if (field.value && !field.matches("[aria-invalid]")) field.closest(".field").hidden = true;
}

if (field) {
  take();
  addEventListener("hashchange", take); // a newer link, opened where an older one was
}
