/** The application's entry: a connection to a server, the room it is in, and its calls. */

import { Account } from "./account/account.js";
import { Api } from "./account/api.js";
import type { Call } from "./calls/call.js";
import { Calls, isCallEvent } from "./calls/calls.js";
import { Emitter } from "./emitter.js";
import { AntiphonError, hasReason, toAntiphonError } from "./errors.js";
import { Files } from "./files/files.js";
import type {
  IceServer,
  Joined,
  Receive,
  RoomInvited,
  ServerEvent,
  Welcome,
} from "./generated/signalling.js";
import type { ConversationLink } from "./messages/conversation.js";
import type { Message } from "./messages/message.js";
import { asDirect, Messages } from "./messages/messages.js";
import { isPeopleEvent, People } from "./people/people.js";
import { Push } from "./push/push.js";
import type { RoomEvent } from "./room/dispatch.js";
import { Room } from "./room/room.js";
import type { JoinOptions } from "./room/types.js";
import { authGuest, authLogin, baseUrl } from "./session/auth.js";
import { Backoff } from "./session/backoff.js";
import { Connection, type ConnectionState } from "./session/connection.js";

/** `idle` before `connect`; `closed` after `close`, or when the session was taken over. */
export type ClientState = ConnectionState;

/** Event name → what its listeners get. */
export interface ClientEvents {
  state: [state: ClientState];
  /** The connection was lost or an attempt failed; the client goes on trying. */
  error: [error: AntiphonError];
  /** Somebody calls (`reachable` only): `call.accept()` or `call.decline()`. */
  call: [call: Call];
  /** A direct message came (`reachable` only); `client.messages` has all of them. */
  message: [message: Message];
  /** Somebody asks the user to come into a room (`reachable` only): `join(invitation.room)`. */
  invitation: [invitation: Invitation];
}

/** Somebody asks the user to come into a room. */
export interface Invitation {
  /** The room's name. */
  readonly room: string;
  /** Address of who asks. */
  readonly sender: string;
  readonly name: string;
  readonly text: string;
}

/** What a client needs. The classes are for tests and for environments without globals. */
export interface ClientOptions {
  /** Base URL of the node; the page's own origin if absent. */
  server?: string;
  /** A token, or a function that gets a fresh one for each connection. */
  token: string | (() => Promise<string>);
  /** The page can ring: calls and messages to the account come to it. No if absent. */
  reachable?: boolean;
  WebSocket?: typeof WebSocket;
  RTCPeerConnection?: typeof RTCPeerConnection;
  fetch?: typeof fetch;
}

/** How to call. */
export interface CallOptions extends JoinOptions {
  /** With pictures: the others are told. */
  video?: boolean;
}

/** A connection to a server, with at most one room at a time. */
export class Client extends Emitter<ClientEvents> {
  /** Gets a token for a guest. */
  static readonly authGuest = authGuest;
  /** Gets a token for an account. */
  static readonly authLogin = authLogin;

  readonly #options: ClientOptions;
  readonly #server: string;
  #connection: Connection;
  #starting: Promise<void> | null = null;
  #welcome: Welcome | null = null;
  #room: Room | null = null;
  #join: { name: string; options: JoinOptions } | null = null;
  /** Events of a room whose reply to `join` is on its way through the event loop. */
  #early: RoomEvent[] | null = null;
  #rejoining = false;
  readonly #calls = new Calls({
    request: (body) => this.#connection.request(body),
    enter: async (room, options) => {
      await this.#room?.leave();
      return this.join(room, options);
    },
    invited: (call) => this.emit("call", call),
    report: (error) => this.#report(error),
  });

  /** The direct conversations of the account. */
  readonly messages: Messages;

  /** The account's contacts and who of them is there (`reachable` only). */
  readonly people = new People((body) => this.#connection.request(body));

  /** The own account: password, profile, picture. */
  readonly account: Account;
  /** Uploads for messages. */
  readonly files: Files;
  /** Web Push to this browser. */
  readonly push: Push;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
    this.#server = baseUrl(options.server);
    const api = new Api({
      server: this.#server,
      token: () => this.#token(),
      fetch: options.fetch,
    });
    this.account = new Account(api);
    const link = {
      request: (body) => this.#connection.request(body),
      me: () => ({ address: this.address, name: this.name }),
      report: (error) => this.#report(error),
    } satisfies ConversationLink;
    this.messages = new Messages(link, api);
    this.files = new Files(api);
    this.push = new Push(api);
    this.#connection = this.#connect();
    this.messages.on("message", (message) => {
      if (!message.own) this.emit("message", message);
    });
  }

  get state(): ClientState {
    return this.#connection.state;
  }

  /** The caller's address; empty before the first connection. */
  get address(): string {
    return this.#welcome?.address ?? "";
  }

  /** The caller's name; empty before the first connection. */
  get name(): string {
    return this.#welcome?.name ?? "";
  }

  /** The room that the client is in. */
  get room(): Room | null {
    return this.#room;
  }

  /** The device that this client is: calls to the account ring here. Empty: it is not reachable. */
  get device(): string {
    return this.#welcome?.device ?? "";
  }

  /** The calls that are not over, by id. */
  get calls(): ReadonlyMap<string, Call> {
    return this.#calls.open;
  }

  /**
   * Connects. Rejects with AntiphonError when the first attempt fails (then it may be called
   * again); what is lost later comes back by itself.
   */
  connect(): Promise<void> {
    if (this.state === "closed") this.#connection = this.#connect();
    if (this.state === "idle") {
      this.#starting = this.#connection.start().finally(() => {
        this.#starting = null;
      });
    }
    return this.#starting ?? Promise.resolve();
  }

  /** Enters a room. Rejects with AntiphonError when it is refused. */
  async join(name: string, options: JoinOptions = {}): Promise<Room> {
    if (this.#join !== null) {
      throw new AntiphonError("conflict", "The client is in a room already: leave it first.");
    }
    this.#check("join");
    this.#join = { name, options };
    try {
      const joined = await this.#askToJoin(name, options, options.receive);
      return this.#enter(joined, options);
    } catch (error) {
      this.#join = null;
      throw error;
    }
  }

  /**
   * Rings an account (`bob`, `bob@example.org`) or a telephone number, and waits in the room of the
   * call, leaving the one that the client is in. Rejects with AntiphonError: `not_found`,
   * `unavailable`, `forbidden`, …; what comes later is told by the call.
   */
  async call(to: string, options: CallOptions = {}): Promise<Call> {
    this.#check("call");
    const { video, ...join } = options;
    const call = await this.#calls.place("call", to, video === undefined ? {} : { video });
    await this.#calls.enter(call, join);
    return call;
  }

  /** Rings somebody into the room that the client is in. Rejects with AntiphonError. */
  async invite(to: string, options: { video?: boolean } = {}): Promise<Call> {
    this.#check("call");
    return this.#calls.place("invite", to, options);
  }

  /**
   * Rings somebody into the room, and leaves it when they have come (the room ends with reason
   * `transferred`); when they do not come, the client is still there. Rejects with AntiphonError.
   */
  async transfer(to: string, options: { video?: boolean } = {}): Promise<Call> {
    this.#check("call");
    return this.#calls.place("transfer", to, options);
  }

  /** Sends a direct message to somebody (`bob`, `bob@example.org`); resolves when it is stored. */
  async send(to: string, text: string): Promise<Message> {
    this.#check("write");
    return this.messages.send(to, text);
  }

  /** Leaves the room and closes the connection. */
  close(): void {
    // The socket sends what it was given before it closes.
    this.#room?.leave().catch((error: unknown) => this.#report(error));
    this.#connection.close();
  }

  #connect(): Connection {
    const WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined) {
      throw new AntiphonError("unavailable", "There is no WebSocket here.");
    }
    const connection: Connection = new Connection({
      url: `${this.#server.replace(/^http/, "ws")}/ws`,
      token: () => this.#token(),
      reachable: this.#options.reachable ?? false,
      WebSocket,
      events: {
        state: (state) => {
          if (state === "closed") this.#closed();
          this.emit("state", state);
        },
        welcome: (welcome) => this.#welcomed(welcome),
        event: (event) => this.#handle(event),
        error: (error) => this.#lost(error),
      },
    });
    return connection;
  }

  async #token(): Promise<string> {
    const { token } = this.#options;
    return typeof token === "string" ? token : token();
  }

  #enter(joined: Joined, options: JoinOptions): Room {
    const { RTCPeerConnection = globalThis.RTCPeerConnection } = this.#options;
    const connection = this.#connection;
    const room: Room = new Room(
      {
        request: (body) => connection.request(body),
        RTCPeerConnection,
        iceServers: (): readonly IceServer[] => this.#welcome?.ice_servers ?? [],
        address: () => this.address,
        ended: () => this.#left(room),
      },
      joined.room,
      options.receive ?? "all",
    );
    this.#room = room;
    this.#flush(room);
    for (const { track, ...how } of options.publish ?? []) {
      room.publish(track, how).catch((error: unknown) => {
        room.emit("error", toAntiphonError(error, "failed"));
      });
    }
    return room;
  }

  /** A join that was lost with its session is asked for again in the next one. */
  async #askToJoin(name: string, options: JoinOptions, receive?: Receive): Promise<Joined> {
    for (;;) {
      this.#early = [];
      try {
        return await this.#connection.request({
          type: "join",
          room: name,
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(options.password === undefined ? {} : { password: options.password }),
          ...(receive === undefined ? {} : { receive }),
        });
      } catch (error) {
        this.#early = null;
        if (!hasReason(error, "lost")) throw error;
      }
    }
  }

  #welcomed(welcome: Welcome): void {
    const first = this.#welcome === null;
    this.#welcome = welcome;
    if (!welcome.resumed) this.#calls.lost();
    if (!welcome.resumed && !first) this.#renewed();
    const room = this.#room;
    if (room === null) return;
    if (welcome.resumed && room.present) room.resumed();
    else void this.#rejoin(room);
  }

  /** What the session before was told, this one has to ask for. */
  #renewed(): void {
    for (const asked of [this.people.renewed(), this.messages.renewed()]) {
      asked.catch((error: unknown) => this.#report(error));
    }
  }

  /** One at a time: losses meanwhile are its own affair. */
  async #rejoin(room: Room): Promise<void> {
    room.lose();
    if (this.#rejoining) return;
    this.#rejoining = true;
    const backoff = new Backoff(1000, 15_000);
    while (this.#room === room && !(await this.#rejoined(room))) {
      await new Promise((resolve) => setTimeout(resolve, backoff.next()));
    }
    this.#rejoining = false;
  }

  /** Asks once; false: later again. */
  async #rejoined(room: Room): Promise<boolean> {
    const { name, options } = this.#join as { name: string; options: JoinOptions };
    try {
      const joined = await this.#askToJoin(name, options, room.receive);
      if (this.#room === room) {
        room.rejoin(joined.room);
        this.#flush(room);
      } else {
        // It was left while the server took us in again.
        await this.#connection.request({ type: "leave" });
      }
      return true;
    } catch (error) {
      if (hasReason(error, "busy", "too_many", "timeout", "draining", "internal")) {
        this.#report(error);
        return false;
      }
      const { reason, message } = toAntiphonError(error, "failed");
      room.end(reason, message);
      return true;
    }
  }

  #handle(event: ServerEvent): void {
    const direct = asDirect(event);
    if (isCallEvent(event)) this.#calls.handle(event);
    else if (isPeopleEvent(event)) this.people.handle(event);
    else if (direct !== null) this.messages.handle(direct);
    else if (event.type === "room_invited") this.#invited(event);
    else this.#inRoom(event as RoomEvent);
  }

  #inRoom(event: RoomEvent): void {
    if (this.#early !== null) this.#early.push(event);
    else this.#room?.handle(event);
  }

  #invited({ room, sender, name, text }: RoomInvited): void {
    this.emit("invitation", { room, sender, name, text });
  }

  #flush(room: Room): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) room.handle(event);
  }

  #left(room: Room): void {
    if (this.#room !== room) return;
    this.#room = null;
    this.#join = null;
  }

  #lost(error: AntiphonError): void {
    if (error.reason === "replaced") this.#room?.end(error.reason, error.message);
    this.emit("error", error);
  }

  #closed(): void {
    this.#calls.lost();
    this.#room?.end("closed", "The client was closed.");
  }

  #check(what: string): void {
    if (this.state === "idle" || this.state === "closed") {
      throw new AntiphonError("not-connected", `Connect before you ${what}.`);
    }
  }

  #report(error: unknown): void {
    this.emit("error", toAntiphonError(error, "failed"));
  }
}
