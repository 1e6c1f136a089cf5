// stanza in Node, over a WebSocket or BOSH: any of its methods can be called, its events are told.

import { createClient } from "stanza";
import { serve, tell } from "./lines.mjs";

const EVENTS = [
    "session:started", "session:bound", "disconnected", "auth:failed", "stream:management:resumed",
    "chat", "groupchat", "chat:state", "receipt", "marker:displayed", "carbon:received", "carbon:sent",
    "message:error", "available", "unavailable", "subscribe", "subscribed", "roster:update",
    "muc:join", "muc:available", "muc:unavailable", "muc:leave", "muc:topic", "muc:other", "muc:failed", "pubsub:event", "avatar", "block", "unblock",
];

let client;

await serve(async ({ call, args }) => {
    if (call === "start") {
        client = createClient(args[0]);
        for (const name of EVENTS) client.on(name, (value) => tell(name, { value: value ?? null }));
        client.connect();
        return null;
    }
    return client[call](...args);
});
