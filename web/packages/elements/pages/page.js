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
  const within = event.composedPath().some((node) => node instanceof HTMLDialogElement);
  if (event.key === "Escape" && !within && !inCall()) show(false);
});
// Somebody calls: those who look at another tab see it by the title.
const title = document.title;
telephone.addEventListener("antiphon-call", (event) => {
  show(true);
  document.title = `☎ ${event.detail.call.name}`;
});
telephone.addEventListener("antiphon-state", ({ detail }) => {
  if (detail.state !== "incoming") document.title = title;
});
