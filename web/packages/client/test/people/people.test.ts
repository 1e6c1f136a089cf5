import { describe, expect, it } from "vitest";
import type { Presence } from "../../src/generated/signalling.js";
import { contact } from "../fakes/server.js";
import { makeWorld, pass, settled } from "../fakes/world.js";

const BOB = "bob@example.org";
const EVE = "eve@example.org";

function presence(account: string, show: Presence["show"], note = ""): Presence {
  const device = { device: "web-1", show, note, since: 10, idle_since: null };
  const there = show !== "offline";
  return { account, show, note, since: there ? 10 : null, devices: there ? [device] : [] };
}

describe("people", () => {
  it("are known once they are watched, and followed", async () => {
    const { client, server } = makeWorld({ reachable: true });
    await settled(client.connect());
    const { people } = client;
    const seen: string[] = [];
    people.on("contacts", () => seen.push(`contacts ${people.contacts.size}`));
    people.on("presence", (one) => seen.push(`${one.account} ${one.show} ${one.note}`));
    people.on("asked", (address, text) => seen.push(`${address} asks: ${text}`));
    people.on("answered", (address, granted) => seen.push(`${address} ${granted}`));
    people.on("profile", ({ address, name }) => seen.push(`${address} is ${name}`));
    server.handlers.set("watch_contacts", () => ({
      type: "contacts",
      contacts: [contact(BOB)],
      blocked: ["spam.example"],
      presence: [presence(BOB, "away")],
    }));
    await settled(people.watch());
    expect(seen.splice(0)).toEqual(["contacts 1", `${BOB} away `]);
    expect([...people.blocked]).toEqual(["spam.example"]);
    expect(people.presence(BOB)).toMatchObject({ since: 10_000, devices: [{ idleSince: null }] });
    expect(people.presence(EVE).show).toBe("offline");

    server.push({ type: "contact_changed", contact: contact(EVE, { name: "E" }) });
    server.push({ type: "presence_changed", presence: presence(BOB, "busy", "on a call") });
    server.push({ type: "contact_asked", address: "joe@x", text: "Hi" });
    server.push({ type: "contact_answered", address: EVE, granted: true });
    server.push({ type: "profile_changed", account: EVE, name: "Eve", avatar: null });
    server.push({ type: "blocking_changed", blocked: ["joe@x"], unblocked: ["spam.example"] });
    server.push({ type: "contact_removed", address: BOB });
    await pass();
    expect(seen).toEqual([
      "contacts 2",
      `${BOB} busy on a call`,
      "contacts 3",
      "joe@x asks: Hi",
      `${EVE} true`,
      `${EVE} is Eve`,
      "contacts 3",
      `${BOB} offline `,
      "contacts 2",
    ]);
    expect(people.contacts.get("joe@x")).toMatchObject({
      asking: true,
      listed: false,
      request: "Hi",
    });
    expect([...people.blocked]).toEqual(["joe@x"]);
  });

  it("are asked for what one wishes", async () => {
    const { client, server } = makeWorld({ reachable: true });
    await settled(client.connect());
    const { people } = client;
    const made = await settled(people.set(BOB, { name: "Bobby", groups: ["Work"] }));
    expect(made).toMatchObject({ address: BOB, name: "Bobby", groups: ["Work"] });
    expect(people.contacts.get(BOB)).toBe(made);
    await settled(people.ask(BOB, "Hi"));
    await settled(people.answer(BOB, true));
    await settled(people.withdraw(BOB));
    await settled(people.remove(BOB));
    await settled(people.block(EVE, "spam.example"));
    await settled(people.unblock(EVE));
    await settled(people.unblock());
    const asked = server.received
      .filter((one) => "id" in one)
      .map(({ id: _, ...one }: { id?: number }) => one);
    expect(asked).toEqual([
      { type: "set_contact", address: BOB, name: "Bobby", groups: ["Work"] },
      { type: "ask_contact", address: BOB, text: "Hi" },
      { type: "answer_contact", address: BOB, granted: true },
      { type: "withdraw_contact", address: BOB },
      { type: "remove_contact", address: BOB },
      { type: "block", addresses: [EVE, "spam.example"] },
      { type: "unblock", addresses: [EVE] },
      { type: "unblock" },
    ]);
  });

  it("are watched again in a new session, which hears how one is", async () => {
    const { client, server } = makeWorld({ reachable: true });
    await settled(client.connect());
    await settled(client.people.watch());
    await settled(client.people.setPresence({ show: "away", note: "tea", idleSince: 5000 }));
    const gone: string[] = [];
    server.push({ type: "presence_changed", presence: presence(BOB, "available") });
    await pass();
    client.people.on("presence", (one) => gone.push(`${one.account} ${one.show}`));
    server.forget();
    await pass(3000);
    expect(server.requests("watch_contacts").length).toBe(2);
    expect(server.requests("set_presence").at(-1)).toMatchObject({
      show: "away",
      note: "tea",
      idle_since: 5,
    });
    // What the new session does not tell is not so any more.
    expect(gone).toEqual([`${BOB} offline`]);
  });
});
