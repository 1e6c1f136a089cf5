/** Shows an element in a scenario told by the page's address; nothing here is shipped. */

import { AntiphonError, openCamera, openMicrophone } from "@antiphon/client";
import {
  type AntiphonElement,
  AntiphonRoom,
  type Backend,
  sharedAccount,
} from "@antiphon/elements";
import { livelyServer, phoneOf, writesNow } from "./fake-people.js";
import { FakeRoom } from "./fake-room.js";
import { paintPerson, paintScreen } from "./pictures.js";

const query = new URLSearchParams(location.search);
const asked = (name: string, missing: string) => query.get(name) ?? missing;
const refuse = (kind: string) => {
  const reason = query.get(kind);
  if (reason) throw new AntiphonError(reason, `refused: ${reason}`);
};

const server = livelyServer();
const credentials = { token: "none", expiresAt: Number.POSITIVE_INFINITY };
const listeners = new Set<(state: string) => void>();
const link = {
  state: "connected",
  on(_: string, listener: (state: string) => void) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  close() {},
};

function connection(state: string): void {
  link.state = state;
  for (const listener of listeners) listener(state);
}

const backend: Backend = {
  async guest() {
    refuse("guest");
    return credentials;
  },
  async login() {
    refuse("login");
    return credentials;
  },
  async renew() {
    return credentials;
  },
  async enter({ room, name, token }) {
    await token();
    await new Promise((resolve) => setTimeout(resolve, Number(asked("delay", "0"))));
    refuse("refuse");
    const fake = new FakeRoom(room, name, {
      people: Number(asked("people", "2")),
      sharing: query.has("sharing"),
      messages: Number(asked("messages", "6")),
      moderator: query.has("moderator"),
      quality: Number(asked("quality", "4")),
    });
    Object.assign(window, { fake, connection });
    return { link: link as never, room: fake.asRoom };
  },
  async openCamera() {
    refuse("camera");
    return query.has("real") ? openCamera() : paintPerson(8);
  },
  async openMicrophone() {
    refuse("microphone");
    return openMicrophone();
  },
  openScreen: async () => [paintScreen()],
  async listDevices() {
    const device = (kind: string, label: string) =>
      ({ kind, label, deviceId: label, groupId: "" }) as MediaDeviceInfo;
    return {
      cameras: [device("videoinput", "Studio Display Camera"), device("videoinput", "Desk View")],
      microphones: [device("audioinput", "Built-in Microphone")],
      speakers: [device("audiooutput", "Built-in Speakers")],
    };
  },
  offers: async () => ({ guests: true, registration: true }),
  register: async () => noServer(),
  phone: () => phoneOf(server),
  calls: async () => ({ calls: [], more: false }),
  invitation: async () => noServer(),
  resetPassword: async () => noServer(),
  publisher: () => noServer(),
  player: () => noServer(),
  watchDevices: () => () => {},
};

function noServer(): never {
  throw new AntiphonError("network", "There is no server in the playground.");
}

const theme = query.get("theme");

/** `?show=`: `room`, `chat`, `contacts`, `login`, `profile`, or `client`: contacts and chat. */
const shown: { readonly [name: string]: () => readonly AntiphonElement[] } = {
  room: () => [room()],
  chat: () => [chat()],
  contacts: () => [document.createElement("antiphon-contacts")],
  login: () => [document.createElement("antiphon-login")],
  profile: () => [document.createElement("antiphon-profile")],
  client: () => [document.createElement("antiphon-contacts"), chat()],
};

function room(): AntiphonElement {
  const element = document.createElement("antiphon-room");
  element.room = asked("room", "calm-river-482");
  element.name = asked("name", "Ada Byron");
  element.join = query.has("join");
  element.homeLink = "/";
  if (query.get("layout") === "speaker") element.layout = "speaker";
  return element;
}

function chat(): AntiphonElement {
  const element = document.createElement("antiphon-chat");
  element.to = asked("to", "bashir@example.org");
  return element;
}

for (const element of shown[asked("show", "room")]?.() ?? []) {
  element.backend = backend;
  if (theme === "light" || theme === "dark") element.setAttribute("theme", theme);
  document.body.append(element);
  Object.assign(window, { element });
}
if (asked("show", "room") !== "room" && !query.has("out")) {
  void sharedAccount(backend, location.origin).give("none");
}
if (query.has("typing")) setTimeout(() => writesNow(server), 500);
Object.assign(window, { server, AntiphonRoom });
