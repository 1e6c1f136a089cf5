/** A server of the room signalling in memory: sessions, numbered events, replies kept for a resume. */

import type {
  Call,
  Change,
  ClientMessage,
  ClientRequest,
  Contact,
  Correct,
  Hello,
  Member,
  React,
  Retract,
  Room,
  ServerEvent,
  ServerMessage,
  ServerReply,
  Track,
} from "../../src/generated/signalling.js";
import { type FakeWebSocket, fakeWebSocketClass } from "./websocket.js";

type Unnumbered<Event> = Event extends ServerEvent ? Omit<Event, "seq"> : never;
type Unaddressed<Reply> = Reply extends ServerReply ? Omit<Reply, "id"> : never;
/** An event before it has its number. */
export type EventBody = Unnumbered<ServerEvent>;
/** A reply before it has the number of its request. */
export type ReplyBody = Unaddressed<ServerReply>;
type Handler = (request: ClientRequest) => ReplyBody | null;

/** Requests that need no room. */
const ANYWHERE: readonly string[] = [
  ...["join", "call", "accept", "decline", "hang_up", "send", "conversations"],
  ...["watch_contacts", "set_contact", "remove_contact", "ask_contact", "answer_contact"],
  ...["withdraw_contact", "block", "unblock", "set_presence"],
];

/** One session, as long as the server keeps it. */
export class FakeSession {
  readonly events: ServerEvent[] = [];
  readonly replies = new Map<number, ServerReply>();
  /** Ids of requests in the order in which they were done, each once. */
  readonly done: number[] = [];
  socket: FakeWebSocket | null = null;
  joined = false;

  constructor(readonly id: string) {}
}

/** Answers like the real one unless a test says otherwise. */
export class FakeServer {
  readonly sockets: FakeWebSocket[] = [];
  readonly sessions = new Map<string, FakeSession>();
  readonly hellos: Hello[] = [];
  readonly received: ClientMessage[] = [];
  readonly WebSocket: typeof WebSocket;
  /** False: connections are refused. */
  reachable = true;
  /** False: pings and everything else go unanswered. */
  answering = true;
  /** Request type → what to do instead of the usual; null: no reply. */
  readonly handlers = new Map<ClientRequest["type"], Handler>();
  room: Room;
  tracks = 0;
  messages = 0;

  constructor(room: Partial<Room> = {}) {
    this.room = { ...emptyRoom(), ...room };
    this.WebSocket = fakeWebSocketClass(this);
  }

  /** The session in use. */
  get session(): FakeSession {
    const session = [...this.sessions.values()].at(-1);
    if (session === undefined) throw new Error("no session yet");
    return session;
  }

  get socket(): FakeWebSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket yet");
    return socket;
  }

  /** Requests of a type in the order of arrival, repeated ones too. */
  requests<Type extends ClientMessage["type"]>(
    type: Type,
  ): Extract<ClientMessage, { type: Type }>[] {
    return this.received.filter(
      (one): one is Extract<ClientMessage, { type: Type }> => one.type === type,
    );
  }

  /** Numbers an event, keeps it, and sends it if somebody is connected. */
  push(body: EventBody): ServerEvent {
    const { session } = this;
    const event = { ...body, seq: session.events.length + 1 } as ServerEvent;
    session.events.push(event);
    session.socket?.deliver(event);
    return event;
  }

  /** The connection breaks; the session stays. */
  drop(): void {
    this.session.socket?.breakDown();
    this.session.socket = null;
  }

  /** The server forgets all sessions, as after a restart. */
  forget(): void {
    this.drop();
    this.sessions.clear();
  }

  /** A frame arrived. */
  receive(socket: FakeWebSocket, text: string): void {
    const message = JSON.parse(text) as ClientMessage;
    this.received.push(message);
    if (!this.answering) return;
    if (message.type === "hello") this.#hello(socket, message);
    else if (message.type === "ping") socket.deliver({ type: "pong" });
    else if (message.type !== "ack") this.#request(socket, message);
  }

  #hello(socket: FakeWebSocket, hello: Hello): void {
    this.hellos.push(hello);
    if (hello.token === "expired") {
      socket.deliver({ type: "failed", reason: "unauthorized", text: "The token has expired." });
      socket.breakDown();
      return;
    }
    const known = this.sessions.get(hello.resume ?? "");
    const session = known ?? new FakeSession(`session-${this.sockets.length}`);
    this.sessions.set(session.id, session);
    session.socket = socket;
    socket.session = session;
    socket.deliver({
      type: "welcome",
      session: session.id,
      resumed: known !== undefined,
      address: "ann@guest.example",
      name: "Ann",
      ice_servers: [{ urls: ["stun:stun.example"] }],
      ping_interval: 10,
      resume_timeout: 60,
      version: "0",
    });
    for (const event of session.events.slice(hello.after ?? 0)) socket.deliver(event);
  }

  #request(socket: FakeWebSocket, request: ClientRequest): void {
    const { session } = socket;
    if (session === null) throw new Error("a request before hello");
    const repeated = session.replies.get(request.id);
    if (repeated !== undefined) {
      socket.deliver(repeated);
      return;
    }
    session.done.push(request.id);
    const body = this.#do(session, request);
    if (body === null) return;
    const reply = { ...body, id: request.id } as ServerMessage as ServerReply;
    session.replies.set(request.id, reply);
    socket.deliver(reply);
  }

  #do(session: FakeSession, request: ClientRequest): ReplyBody | null {
    const inRoom = !ANYWHERE.includes(request.type) && !("to" in request);
    if (inRoom && !session.joined) {
      return { type: "refused", reason: "conflict", text: "You are in no room." };
    }
    const handler = this.handlers.get(request.type);
    const body = handler === undefined ? this.#reply(request) : handler(request);
    if (request.type === "join") session.joined = body?.type === "joined";
    if (request.type === "leave") session.joined = false;
    return body;
  }

  #reply(request: ClientRequest): ReplyBody {
    switch (request.type) {
      case "join":
        return { type: "joined", room: { ...structuredClone(this.room), name: request.room } };
      case "offer":
        return { type: "answered", sdp: `answer to ${request.sdp}`, tracks: {} };
      case "publish":
        this.tracks += 1;
        return {
          type: "published",
          track: {
            ...track(`own-${this.tracks}`, this.room.me),
            source: request.source,
            muted: request.muted ?? false,
          },
        };
      case "say":
        return { type: "accepted", message: this.store(request.text, request.origin_id) };
      case "call":
      case "invite":
      case "transfer":
        return { type: "called", call: call("out", { callee: request.to }) };
      case "accept":
        return { type: "called", call: call(request.call, { state: "answered" }) };
      case "send": {
        const message = this.store(request.text, request.origin_id);
        return { type: "accepted", message: { ...message, room: request.to } };
      }
      case "history":
        return { type: "messages", messages: [], more: false };
      case "correct":
      case "retract":
      case "react":
        return { type: "changed", change: change(request) };
      case "conversations":
        return { type: "conversations", conversations: [], next: null };
      case "watch_contacts":
        return { type: "contacts", contacts: [], blocked: [], presence: [] };
      case "set_contact": {
        const { address, name = "", groups = [] } = request;
        return { type: "contact", contact: contact(address, { name, groups }) };
      }
      default:
        return { type: "result" };
    }
  }

  /** Stores a message, the same origin id once. */
  store(text: string, originId: string | null, sender = "ann@guest.example"): Room["messages"][0] {
    const known = this.room.messages.find((one) => originId && one.origin_id === originId);
    if (known !== undefined) return known;
    this.messages += 1;
    const id = `m${String(this.messages).padStart(6, "0")}`;
    const common = { room: this.room.name, sender, name: "Ann", sent_at: 1000 + this.messages };
    const message = { id, ...common, text, origin_id: originId };
    this.room.messages.push(message);
    return message;
  }
}

/** What a request does to a message, by Ann. */
function change(request: Correct | Retract | React): Change {
  const kind = KINDS[request.type];
  const sender = { sender: "ann@guest.example", name: "Ann", sent_at: 5000 };
  const { about, origin_id } = request;
  const common = { id: `c-${origin_id}`, kind, about, ...sender, origin_id };
  if (request.type === "correct") return { ...common, text: request.text };
  return request.type === "react" ? { ...common, reactions: request.reactions } : common;
}

const KINDS = { correct: "correction", retract: "retraction", react: "reaction" } as const;

/** A contact's record: one who is seen and sees. */
export function contact(address: string, fields: Partial<Contact> = {}): Contact {
  const common = { name: "", groups: [], sees: true, seen: true, asked: false, asking: false };
  return { address, ...common, listed: true, ...fields };
}

/** A call's record, from Bob to Ann unless said otherwise. */
export function call(id: string, fields: Partial<Call> = {}): Call {
  return {
    id,
    room: `call-${id}`,
    caller: "bob@example",
    caller_name: "Bob",
    callee: "ann@example",
    video: false,
    state: "calling",
    started_at: 2000,
    answered_at: null,
    ended_at: null,
    by: null,
    reason: null,
    ...fields,
  };
}

/** A member's record. */
export function member(id: string, fields: Partial<Member> = {}): Member {
  const common = { address: `${id}@example`, name: id, role: "speaker" as const, hand: false };
  return {
    id,
    ...common,
    present: true,
    joined_at: 1000,
    endpoint: null,
    stream: false,
    ...fields,
  };
}

/** A track's record. */
export function track(id: string, owner: string, fields: Partial<Track> = {}): Track {
  const common = { kind: "video" as const, source: "camera" as const, muted: false, codec: null };
  return { id, member: owner, ...common, ...fields };
}

function emptyRoom(): Room {
  const members = [member("me"), member("bob", { endpoint: 7 })];
  const common = { name: "standup", title: "Stand-up", me: "me", members };
  return { ...common, tracks: [], messages: [], speaker: null };
}
