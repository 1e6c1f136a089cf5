/** Requests that wait for their replies, over reconnections too; knows no socket. */

import { AntiphonError } from "../errors.js";
import type {
  Accepted,
  Answered,
  Called,
  Changed,
  ClientRequest,
  ContactIs,
  Contacts,
  Conversations,
  Joined,
  Messages,
  Published,
  Result,
  ServerReply,
} from "../generated/signalling.js";

interface Replies {
  join: Joined;
  offer: Answered;
  publish: Published;
  say: Accepted;
  history: Messages;
  call: Called;
  invite: Called;
  transfer: Called;
  accept: Called;
  send: Accepted;
  correct: Changed;
  retract: Changed;
  react: Changed;
  conversations: Conversations;
  watch_contacts: Contacts;
  set_contact: ContactIs;
}

/** A request before it has its number. */
export type RequestBody<Type extends ClientRequest["type"]> = Omit<
  Extract<ClientRequest, { type: Type }>,
  "id"
>;

/** The reply to a request of a type when it is not refused. */
export type ReplyTo<Type extends ClientRequest["type"]> = Type extends keyof Replies
  ? Replies[Type]
  : Result;

/** Sends a request; the promise settles with its reply. Rejects with AntiphonError. */
export type Request = <Type extends ClientRequest["type"]>(
  body: RequestBody<Type> & { type: Type },
) => Promise<ReplyTo<Type>>;

const REPLY_TYPES: { readonly [type: string]: ServerReply["type"] } = {
  join: "joined",
  offer: "answered",
  publish: "published",
  say: "accepted",
  history: "messages",
  call: "called",
  invite: "called",
  transfer: "called",
  accept: "called",
  send: "accepted",
  correct: "changed",
  retract: "changed",
  react: "changed",
  conversations: "conversations",
  watch_contacts: "contacts",
  set_contact: "contact",
};

interface Pending {
  readonly message: ClientRequest;
  readonly resolve: (reply: never) => void;
  readonly reject: (error: AntiphonError) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The table of pending requests. The timeout runs only while there is a connection. */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** `send` says whether the message went out; what did not is sent by `resend`. */
  constructor(
    readonly send: (message: ClientRequest) => boolean,
    readonly timeoutMs = 30_000,
  ) {}

  /** Numbers and sends a request. */
  readonly request: Request = (body) =>
    new Promise((resolve, reject) => {
      const message = { ...body, id: this.#nextId } as unknown as ClientRequest;
      this.#nextId += 1;
      const pending: Pending = { message, resolve, reject, timer: undefined };
      this.#pending.set(message.id, pending);
      this.#send(pending);
    });

  /** Hands a reply to the one who waits for it; one that nobody waits for any more is ignored. */
  settle(reply: ServerReply): void {
    const pending = this.#take(reply.id);
    if (pending === undefined) return;
    if (reply.type === "refused") {
      pending.reject(new AntiphonError(reply.reason, reply.text));
    } else if (reply.type !== (REPLY_TYPES[pending.message.type] ?? "result")) {
      const text = `The server replied ${reply.type} to ${pending.message.type}.`;
      pending.reject(new AntiphonError("protocol", text));
    } else {
      pending.resolve(reply as never);
    }
  }

  /** The session was resumed: everything that still waits is sent again, in order. */
  resend(): void {
    for (const pending of this.#pending.values()) this.#send(pending);
  }

  /** The connection is gone: no request can time out until there is one again. */
  pause(): void {
    for (const pending of this.#pending.values()) clearTimeout(pending.timer);
  }

  /** Nothing that waits now will be answered. */
  fail(error: AntiphonError): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }

  #send(pending: Pending): void {
    clearTimeout(pending.timer);
    if (!this.send(pending.message)) return;
    pending.timer = setTimeout(() => {
      this.#take(pending.message.id);
      const text = `The server did not reply to ${pending.message.type}.`;
      pending.reject(new AntiphonError("timeout", text));
    }, this.timeoutMs);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }
}
