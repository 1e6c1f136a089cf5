/** The list of past calls over HTTP; it knows no session. */

import { AntiphonError, toAntiphonError } from "../errors.js";
import { type AuthOptions, baseUrl, httpError } from "../session/auth.js";

/** A call that was made or missed, or goes on. Times in milliseconds since 1970. */
export interface LoggedCall {
  readonly id: string;
  readonly incoming: boolean;
  /** The others' address: an account, or a telephone number. */
  readonly peer: string;
  /** Their name where it is known, else the address. */
  readonly name: string;
  readonly video: boolean;
  readonly startedAt: number;
  /** Null: it was not answered. */
  readonly answeredAt: number | null;
  /** Null: it goes on. */
  readonly endedAt: number | null;
  /** Why it ended. */
  readonly reason: string | null;
}

/** Some calls, the latest first; whether there are earlier ones. */
export interface CallPage {
  readonly calls: readonly LoggedCall[];
  readonly more: boolean;
}

/** What the list is asked for. */
export interface CallLogOptions extends AuthOptions {
  token: string;
  /** Whose calls: one's own address, which tells those who call from those who are called. */
  address: string;
  /** Id of a call: those before it. */
  before?: string;
  /** At most so many. */
  limit?: number;
}

/** `GET /api/v1/calls`: one's own calls. Rejects with AntiphonError. */
export async function fetchCalls(options: CallLogOptions): Promise<CallPage> {
  const { server, token, address, before, limit } = options;
  const query = new URLSearchParams({ account: "me" });
  if (before !== undefined) query.set("before", before);
  if (limit !== undefined) query.set("limit", String(limit));
  const request = options.fetch ?? globalThis.fetch.bind(globalThis);
  let response: Response;
  try {
    response = await request(`${baseUrl(server)}/api/v1/calls?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  } catch (error) {
    throw toAntiphonError(error, "network");
  }
  if (!response.ok) throw await httpError(response);
  return page(await response.json().catch(() => null), address);
}

interface Fields {
  readonly [name: string]: unknown;
}

function page(body: unknown, address: string): CallPage {
  const { calls, more } = (body ?? {}) as Fields;
  if (!Array.isArray(calls)) throw malformed();
  return { calls: calls.map((one) => logged(one as Fields, address)), more: more === true };
}

function logged(fields: Fields, address: string): LoggedCall {
  const { id, caller, callee, started_at } = fields;
  if (typeof id !== "string" || typeof caller !== "string" || typeof callee !== "string") {
    throw malformed();
  }
  if (typeof started_at !== "number") throw malformed();
  const incoming = bare(caller) !== address;
  const peer = bare(incoming ? caller : callee);
  const name = incoming && typeof fields.caller_name === "string" ? fields.caller_name : "";
  return {
    id,
    incoming,
    peer,
    name: name || peer,
    video: fields.video === true,
    startedAt: started_at * 1000,
    answeredAt: time(fields.answered_at),
    endedAt: time(fields.ended_at),
    reason: typeof fields.reason === "string" ? fields.reason : null,
  };
}

/** The address without its device. */
function bare(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address : address.slice(0, slash);
}

function time(value: unknown): number | null {
  return typeof value === "number" ? value * 1000 : null;
}

function malformed(): AntiphonError {
  return new AntiphonError("protocol", "The server sent a malformed list of calls.");
}
