/**
 * What the browser remembers between visits: the own name and the rooms visited; nothing secret. A
 * token is kept where a page asks for it, until its tab is closed.
 */

import { parseRecent, type RecentRoom, remember } from "./logic/room-names.js";

const NAME = "antiphon.name";
const ROOMS = "antiphon.rooms";
const SIGN_IN = "antiphon.sign-in";

export function storedName(): string {
  return read(NAME) ?? "";
}

export function storeName(name: string): void {
  write(NAME, name);
}

export function recentRooms(): readonly RecentRoom[] {
  return parseRecent(read(ROOMS));
}

export function rememberRoom(name: string): void {
  write(ROOMS, JSON.stringify(remember(recentRooms(), name, Date.now())));
}

export function forgetRoom(name: string): void {
  write(ROOMS, JSON.stringify(recentRooms().filter((room) => room.name !== name)));
}

/** The token of this tab; empty when there is none, or when it has expired. */
export function storedSignIn(): string {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(SIGN_IN) ?? "null");
    const { token, expiresAt } = (kept ?? {}) as { token?: unknown; expiresAt?: unknown };
    const fresh = typeof expiresAt === "number" && expiresAt > Date.now();
    return fresh && typeof token === "string" ? token : "";
  } catch {
    // Forbidden here, or not what we wrote.
    return "";
  }
}

export function storeSignIn(token: string, expiresAt: number): void {
  try {
    sessionStorage.setItem(SIGN_IN, JSON.stringify({ token, expiresAt }));
  } catch (error) {
    console.info("antiphon: this browser remembers nothing here", error);
  }
}

export function forgetSignIn(): void {
  try {
    sessionStorage.removeItem(SIGN_IN);
  } catch (error) {
    console.info("antiphon: this browser remembers nothing here", error);
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage is forbidden here (private window, embedded page): nothing is remembered.
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch (error) {
    console.info("antiphon: this browser remembers nothing here", error);
  }
}
