/** Gets tokens over HTTP; knows no session. */

import { AntiphonError, toAntiphonError } from "../errors.js";

/** A token and whom it names. `expiresAt`: milliseconds since 1970. */
export interface Credentials {
  readonly token: string;
  readonly expiresAt: number;
  readonly address: string;
}

/** What an authentication needs besides its own fields. */
export interface AuthOptions {
  /** Base URL of the node; the page's own origin if absent. */
  server?: string;
  fetch?: typeof fetch;
}

/** `POST /api/v1/auth/guest`. Rejects with AntiphonError. */
export function authGuest(
  options: AuthOptions & {
    name: string;
    /** The room to be entered: some welcome guests although their server does not. */
    room?: string;
  },
): Promise<Credentials> {
  const { name, room } = options;
  return authenticate(options, "guest", room === undefined ? { name } : { name, room });
}

/** `POST /api/v1/auth/login`. Rejects with AntiphonError. */
export function authLogin(
  options: AuthOptions & { address: string; password: string },
): Promise<Credentials> {
  const { address, password } = options;
  return authenticate(options, "login", { address, password });
}

/**
 * `POST /api/v1/auth/renew`: another token for one of `authGuest` or `authLogin` that is still good.
 * Rejects with AntiphonError: `unauthorized`, `forbidden` (it was got otherwise).
 */
export async function authRenew(options: AuthOptions & { token: string }): Promise<Credentials> {
  const bearer = { authorization: `Bearer ${options.token}` };
  const response = await posted(options, "/auth/renew", {}, bearer);
  return credentials(await response.json().catch(() => null));
}

/** `POST /api/v1/accounts`, where anybody may make an account. Rejects with AntiphonError. */
export async function registerAccount(
  options: AuthOptions & {
    address: string;
    password: string;
    name?: string;
    /** The token of an invitation, where not anybody may. */
    invitation?: string;
  },
): Promise<void> {
  const { address, password, name = "", invitation } = options;
  const invited = invitation === undefined ? {} : { invitation };
  await posted(options, "/accounts", { address, password, name, ...invited });
}

/** What an invitation is for. `expiresAt`: milliseconds since 1970. */
export interface InvitationTerms {
  /** What the account may do: `user`, `moderator`, `admin`. */
  readonly role: string;
  /** Where to go then. */
  readonly room: string | null;
  readonly expiresAt: number;
}

/** `POST /api/v1/invitations/check`. Rejects with AntiphonError: `not_found`, `gone`. */
export async function checkInvitation(
  options: AuthOptions & { token: string },
): Promise<InvitationTerms> {
  const response = await posted(options, "/invitations/check", { token: options.token });
  const { role, room, expires_at } = await response.json().catch(() => ({}));
  if (typeof role !== "string" || typeof expires_at !== "number") {
    throw new AntiphonError("protocol", "The server sent a malformed invitation.");
  }
  return { role, room: typeof room === "string" ? room : null, expiresAt: expires_at * 1000 };
}

/** `POST /api/v1/auth/reset`: another password, with the token of a reset. */
export async function resetPassword(
  options: AuthOptions & { token: string; password: string },
): Promise<void> {
  const { token, password } = options;
  await posted(options, "/auth/reset", { token, password });
}

async function posted(
  options: AuthOptions,
  path: string,
  body: object,
  headers: { readonly [name: string]: string } = {},
): Promise<Response> {
  const request = options.fetch ?? globalThis.fetch.bind(globalThis);
  const url = `${baseUrl(options.server)}/api/v1${path}`;
  const response = await post(request, url, body, headers);
  if (!response.ok) throw await httpError(response);
  return response;
}

/** What a node lets strangers do. */
export interface Offers {
  /** Anybody may come as a guest. */
  readonly guests: boolean;
  /** Anybody may make an account. */
  readonly registration: boolean;
}

/** `GET /.well-known/antiphon.json`. Rejects with AntiphonError. */
export async function fetchOffers(options: AuthOptions = {}): Promise<Offers> {
  const request = options.fetch ?? globalThis.fetch.bind(globalThis);
  try {
    const response = await request(`${baseUrl(options.server)}/.well-known/antiphon.json`);
    if (!response.ok) throw await httpError(response);
    const { guests, registration } = (await response.json()) as { [name: string]: unknown };
    return { guests: guests === true, registration: registration === true };
  } catch (error) {
    throw toAntiphonError(error, "network");
  }
}

/** The base URL without a slash at its end. */
export function baseUrl(server: string | undefined): string {
  const base = server ?? globalThis.location?.origin;
  if (!base) throw new AntiphonError("bad_request", "Outside a page, `server` must be given.");
  return base.replace(/\/+$/, "");
}

/** The error that an HTTP response tells of (RFC 9457 problem details where it has them). */
export async function httpError(response: Response): Promise<AntiphonError> {
  const problem: unknown = await response.json().catch(() => null);
  const fields = typeof problem === "object" && problem !== null ? problem : {};
  const word = (name: string): string | undefined => {
    const value = (fields as { [name: string]: unknown })[name];
    return typeof value === "string" ? value : undefined;
  };
  const text = word("detail") ?? word("title") ?? `The server answered ${response.status}.`;
  return new AntiphonError(word("reason") ?? reasonOf(response.status), text);
}

const REASONS: { readonly [status: number]: string } = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  410: "gone",
  413: "too_large",
  415: "unsupported",
  422: "bad_request",
  429: "too_many",
  503: "busy",
};

function reasonOf(status: number): string {
  return REASONS[status] ?? (status >= 500 ? "internal" : "bad_request");
}

async function authenticate(
  options: AuthOptions,
  way: "guest" | "login",
  body: object,
): Promise<Credentials> {
  const response = await posted(options, `/auth/${way}`, body);
  return credentials(await response.json().catch(() => null));
}

async function post(
  request: typeof fetch,
  url: string,
  body: object,
  headers: { readonly [name: string]: string },
): Promise<Response> {
  try {
    return await request(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  } catch (error) {
    throw toAntiphonError(error, "network");
  }
}

/** `expires_at` is a time in seconds since 1970 or in ISO 8601. */
function credentials(body: unknown): Credentials {
  const { token, expires_at, address } = (body ?? {}) as { [name: string]: unknown };
  const expiresAt =
    typeof expires_at === "number" ? expires_at * 1000 : Date.parse(`${expires_at}`);
  if (typeof token !== "string" || typeof address !== "string" || Number.isNaN(expiresAt)) {
    throw new AntiphonError("protocol", "The server sent a malformed token.");
  }
  return { token, expiresAt, address };
}
