/** What the address of a room page says; it knows URLs and no element. */

export interface RoomAddress {
  readonly room: string;
  readonly name: string;
  /** Enter at once. */
  readonly join: boolean;
  /** Start with the microphone on, with the camera on. */
  readonly audio: boolean;
  readonly video: boolean;
  readonly layout: "grid" | "speaker" | null;
  readonly token: string;
}

/** Reads `/r/{room}?name=Ann&join&audio=0&video=0&layout=speaker#token=…`. */
export function readRoomAddress(url: URL): RoomAddress {
  const query = url.searchParams;
  const layout = query.get("layout");
  return {
    room: decode(/\/r\/([^/]+)/u.exec(url.pathname)?.[1] ?? ""),
    name: (query.get("name") ?? "").slice(0, 64),
    join: isOn(query.get("join"), false),
    audio: isOn(query.get("audio"), true),
    video: isOn(query.get("video"), true),
    layout: layout === "grid" || layout === "speaker" ? layout : null,
    // After the `#`: a token must not reach a server's log.
    token: new URLSearchParams(url.hash.slice(1)).get("token") ?? "",
  };
}

/** The link that one sends to invite somebody: no name, no token, no `join`. */
export function inviteLink(server: string, room: string): string {
  return new URL(`r/${encodeURIComponent(room)}`, withSlash(server)).href;
}

/** The base address of the server: what was given, or the page's own origin. */
export function serverAddress(given: string | null, page: URL): string {
  if (!given) return page.origin;
  return new URL(given, page).href.replace(/\/+$/u, "");
}

/** A boolean attribute or parameter: `x`, `x=1`, `x=true` are on; `x=0`, `x=off` are not. */
export function isOn(value: string | null, missing: boolean): boolean {
  if (value === null) return missing;
  return !["0", "false", "off", "no"].includes(value.trim().toLowerCase());
}

function withSlash(server: string): string {
  return server.endsWith("/") ? server : `${server}/`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: take it as it is written.
    return text;
  }
}
