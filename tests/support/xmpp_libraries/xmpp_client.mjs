// @xmpp/client in Node, over TCP, TLS or a WebSocket: sends XML, tells every stanza that comes.

import { client as create } from "@xmpp/client";
import parse from "@xmpp/xml/lib/parse.js";
import WebSocket from "ws";
import { serve, tell } from "./lines.mjs";

globalThis.WebSocket ??= WebSocket; // Node has its own from version 22 on

let client;

await serve(async ({ call, args }) => {
    switch (call) {
        case "start":
            client = create(args[0]);
            client.on("stanza", (stanza) => tell("stanza", { value: stanza.toString() }));
            client.on("online", (address) => tell("online", { value: address.toString() }));
            client.on("error", (error) => tell("error", { value: String(error) }));
            return String(await client.start());
        case "send":
            return client.send(parse(args[0]));
        case "ask":
            return String(await client.iqCaller.request(parse(args[0])));
        case "stop":
            return client.stop();
        default:
            throw new Error(`no such command: ${call}`);
    }
});
