/** An account without a server: contacts, conversations, requests; people who answer now and then. */

import type { Backend } from "@antiphon/elements";
import { FakeServer } from "../../elements/test/fake-server.js";

const WORK = ["Work"];

/** An account with a life. */
export function livelyServer(): FakeServer {
  const server = new FakeServer();
  server.me = { address: "ada@example.org", name: "Ada Byron" };
  server.knows("bashir@example.org", { groups: WORK }, "available", "Back from the mountains");
  server.knows("chiara@example.org", { groups: WORK }, "busy", "In a meeting");
  server.knows("dmitri@example.org", { groups: ["Choir"] }, "away");
  server.knows("elodie@example.org", { name: "Élodie", groups: ["Choir"] }, "offline");
  server.knows("farid@example.org", { sees: false, asked: true });
  server.asks("grace@example.org", "We met at the concert.");
  server.blocked.add("noise@example.net");
  named(server, "ada@example.org", "Ada Byron");
  named(server, "bashir@example.org", "Bashir Haddad");
  named(server, "chiara@example.org", "Chiara Conti");
  named(server, "dmitri@example.org", "Dmitri Volkov");
  named(server, "grace@example.org", "Grace Okafor");
  talk(server);
  return server;
}

function named(server: FakeServer, address: string, nickname: string): void {
  server.profiles.set(address, { nickname });
}

function talk(server: FakeServer): void {
  const [bashir, ada] = ["bashir@example.org", server.me.address];
  const old = Date.now() - 26 * 3_600_000;
  server.now = old;
  for (let index = 0; index < 70; index += 1) {
    const own = index % 3 === 0;
    const name = own ? "Ada Byron" : "Bashir Haddad";
    server.keeps(bashir, own ? ada : bashir, name, `Earlier words, number ${index + 1}.`);
  }
  server.now = Date.now() - 1_500_000;
  const question = server.keeps(
    bashir,
    bashir,
    "Bashir Haddad",
    "Good morning! Did you get the score? It is at https://example.org/scores/antiphon.",
  );
  server.keeps(bashir, ada, "Ada Byron", "Yes, and I have sung it twice already.", {
    reply_to: question.id,
    origin_id: "a1",
    reactions: [{ sender: bashir, name: "Bashir Haddad", reactions: ["🎉", "❤️"] }],
  });
  server.keeps(bashir, ada, "Ada Byron", "The second voice is lovely", {
    origin_id: "a2",
    edited_at: Date.now() / 1000,
  });
  server.keeps(bashir, bashir, "Bashir Haddad", "", {
    attachments: [
      { url: `${location.origin}/score.pdf`, name: "Score.pdf", size: 482_113 },
      picture(),
    ],
  });
  server.keeps(bashir, bashir, "Bashir Haddad", "🎼🎉");
  server.keeps(bashir, ada, "Ada Byron", "", { retracted: { by: ada, at: Date.now() / 1000 } });
  server.keeps(bashir, bashir, "Bashir Haddad", "@Ada Byron, shall we try it tonight?");
  server.displayed.set(bashir, "000076");
  server.keeps("chiara@example.org", "chiara@example.org", "Chiara Conti", "See you tomorrow.");
  server.displayed.set("chiara@example.org", "999999");
  server.now = old;
  server.keeps("dmitri@example.org", ada, "Ada Byron", "Thank you for the recording!");
}

function picture() {
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 200;
  const context = canvas.getContext("2d");
  const sky = context?.createLinearGradient(0, 0, 0, 200);
  sky?.addColorStop(0, "#7fb5d6");
  sky?.addColorStop(1, "#f0d9b5");
  if (context && sky) {
    context.fillStyle = sky;
    context.fillRect(0, 0, 320, 200);
    context.fillStyle = "#4a6b57";
    context.beginPath();
    context.moveTo(0, 200);
    context.lineTo(110, 70);
    context.lineTo(190, 150);
    context.lineTo(250, 90);
    context.lineTo(320, 200);
    context.fill();
  }
  const url = `${location.origin}/mountains.png`;
  const bytes = atob(canvas.toDataURL().split(",")[1] ?? "");
  const file = new Blob([Uint8Array.from(bytes, (one) => one.charCodeAt(0))]);
  const thumbnail = URL.createObjectURL(file);
  return { url, name: "mountains.png", media_type: "image/png", size: 90_000, thumbnail, ...SIZE };
}

const SIZE = { width: 640, height: 400 };

/** The connection of an account whose server this is. */
export function phoneOf(server: FakeServer): ReturnType<Backend["phone"]> {
  const nothing = () => () => {};
  return {
    state: "connected",
    address: server.me.address,
    name: server.me.name,
    on: nothing,
    connect: async () => {},
    close() {},
    call: nobody,
    invite: nobody,
    transfer: nobody,
    messages: server.messages,
    people: server.people,
    account: server.account as never,
    files: server.files as never,
    push: { supported: false } as never,
  };
}

async function nobody(): Promise<never> {
  throw new Error("There is nobody to call in the playground.");
}

/** Somebody writes now. */
export function writesNow(server: FakeServer): void {
  server.types("bashir@example.org", "Bashir Haddad");
}
