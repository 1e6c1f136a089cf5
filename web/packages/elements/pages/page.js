// The start page: the telephone stands beside the lobby, and comes when it rings.
const button = document.querySelector("#calls");
const panel = document.querySelector("#telephone");
const telephone = panel.querySelector("antiphon-call");

function show(open) {
  panel.classList.toggle("open", open);
  panel.inert = !open;
  button.setAttribute("aria-expanded", String(open));
}

const inCall = () => !["idle", "signed-out", "connecting", "failed"].includes(telephone.state);

button.addEventListener("click", () => show(!panel.classList.contains("open")));
document.querySelector("#close").addEventListener("click", () => {
  show(false);
  button.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !inCall()) show(false);
});
// Somebody calls.
telephone.addEventListener("antiphon-call", () => show(true));
