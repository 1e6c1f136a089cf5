// The start page: a lobby for everybody, and for those who are signed in whom they know, what they
// wrote, and the telephone beside it. What is shown stands in the address: #/chat/bob@example.org.
const find = (selector) => document.querySelector(selector);
const app = find("#app");
const middle = find("#middle");
const contacts = find("antiphon-contacts");
const chat = find("antiphon-chat");
const lobby = find("antiphon-lobby");
const own = find("#own");
const account = find("#side antiphon-login");
const door = find("#door");
const calls = find("#calls");
const panel = find("#telephone");
const telephone = panel.querySelector("antiphon-call");
const inside = find("#inside");
let room = null;

// what is shown in the middle

/** `chat`, `room`, `profile`, `rooms`, or nothing: the list, where there is place for one only. */
function place() {
  const [, kind = "", name = ""] = location.hash.split("/");
  try {
    return { kind, name: decodeURIComponent(name) };
  } catch {
    return { kind: "", name: "" };
  }
}

const goTo = (kind, name = "") => {
  location.hash = name ? `/${kind}/${encodeURIComponent(name)}` : `/${kind}`;
};
const goBack = () => {
  location.hash = "/";
};

function show() {
  const signedIn = isIn();
  document.body.classList.toggle("signed-in", signedIn);
  const { kind, name } = signedIn ? place() : { kind: "", name: "" };
  const writes = kind === "chat" && name !== "";
  if (writes && chat.to !== name) chat.to = name;
  contacts.selected = writes ? name : "";
  if (kind === "room" && room?.room !== name) enterRoom(name);
  chat.hidden = !writes;
  own.hidden = kind !== "profile";
  if (room) room.hidden = kind !== "room";
  lobby.hidden = writes || kind === "profile" || kind === "room";
  app.dataset.pane = signedIn && (kind === "" || !kind) ? "list" : "middle";
  inside.hidden = !room || kind === "room";
  if (room) inside.textContent = `In room ${room.room} · back to it`;
  if (writes && matchMedia("(pointer: fine)").matches) chat.updateComplete.then(() => chat.focus());
}

const isIn = () => ["ready", "reconnecting"].includes(account.state);

addEventListener("hashchange", show);
contacts.addEventListener("antiphon-select", ({ detail }) => {
  const { address, message } = detail;
  chat.to = address;
  goTo("chat", address);
  if (message) chat.show(message);
});
chat.addEventListener("antiphon-back", goBack);
account.addEventListener("antiphon-profile", () => goTo("profile"));
find("#rooms").addEventListener("click", () => goTo("rooms"));
find("#back").addEventListener("click", goBack);
find("#back-own").addEventListener("click", goBack);
inside.addEventListener("click", () => goTo("room", room.room));

// rooms: those who are signed in stay on this page

function enterRoom(name) {
  room?.remove();
  room = document.createElement("antiphon-room");
  room.room = name;
  room.addEventListener("antiphon-left", () => {
    // The element says how it ended before it goes.
    room.remove();
    room = null;
    goTo("rooms");
    show();
  });
  middle.append(room);
}

lobby.addEventListener("antiphon-open", (event) => {
  if (!isIn()) return;
  event.preventDefault();
  goTo("room", event.detail.room);
});

// signing in

const openDoor = () => door.open || door.showModal();
find("#enter").addEventListener("click", openDoor);
find("#close-door").addEventListener("click", () => door.close());
door.addEventListener("mousedown", (event) => {
  if (event.target === door) door.close();
});
// An invitation, or another password: the element has read it from the address by now.
if (["invitation", "reset"].includes(door.querySelector("antiphon-login").mode)) openDoor();
door.addEventListener("antiphon-signed-in", ({ detail }) => {
  door.close();
  if (detail.room) goTo("room", detail.room);
});
account.addEventListener("antiphon-state", ({ detail }) => {
  if (detail.state === "signed-out") {
    room?.remove();
    room = null;
    showPhone(false);
  }
  show();
});

// the telephone comes from the side, and comes when it rings

function showPhone(open) {
  panel.classList.toggle("open", open);
  panel.inert = !open;
  calls.setAttribute("aria-expanded", String(open));
}

const inCall = () => !["idle", "signed-out", "connecting", "failed"].includes(telephone.state);

function dial({ detail }) {
  showPhone(true);
  telephone.call(detail.address, { video: detail.video });
}

contacts.addEventListener("antiphon-dial", dial);
chat.addEventListener("antiphon-dial", dial);
calls.addEventListener("click", () => showPhone(!panel.classList.contains("open")));
find("#close").addEventListener("click", () => {
  showPhone(false);
  calls.focus();
});
document.addEventListener("keydown", (event) => {
  const within = event.composedPath().some((node) => node instanceof HTMLDialogElement);
  if (event.key === "Escape" && !within && !inCall()) showPhone(false);
});

// Somebody calls: those who look at another tab see it by the title.
let title = "";
telephone.addEventListener("antiphon-call", (event) => {
  showPhone(true);
  title ||= document.title;
  document.title = `☎ ${event.detail.call.name}`;
});
telephone.addEventListener("antiphon-state", ({ detail }) => {
  if (detail.state === "incoming" || !title) return;
  document.title = title;
  title = "";
});

// A notification of the service worker was chosen.
navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data?.type === "antiphon-notification" && data.data?.peer) goTo("chat", data.data.peer);
});

show();
