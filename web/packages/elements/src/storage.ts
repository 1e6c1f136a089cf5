/**
 * What the browser remembers between visits: the own name and the rooms visited; nothing secret. A
 * token is kept where a page asks for it, until its tab is closed.
 */

import { parseRecent, type RecentRoom, remember } from "./logic/room-names.js";

const NAME = "antiphon.name";
const ROOMS = "antiphon.rooms";
const SIGN_IN = "antiphon.sign-in";
const EMOJI = "antiphon.emoji";
const NOTIFICATIONS = "antiphon.notifications";
const MOST_EMOJI = 16;

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

/** Emoji chosen lately, the latest first. */
export function recentEmoji(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(read(EMOJI) ?? "[]");
    return Array.isArray(kept)
      ? kept.filter((one) => typeof one === "string").slice(0, MOST_EMOJI)
      : [];
  } catch {
    // Not what we wrote.
    return [];
  }
}

export function rememberEmoji(emoji: string): void {
  const others = recentEmoji().filter((one) => one !== emoji);
  write(EMOJI, JSON.stringify([emoji, ...others].slice(0, MOST_EMOJI)));
}

/** Whether the user wants notifications in this browser. */
export function notificationsOn(): boolean {
  return read(NOTIFICATIONS) === "on";
}

export function wishNotifications(on: boolean): void {
  write(NOTIFICATIONS, on ? "on" : "off");
}

/** The token of this tab or device for a server; empty when there is none that is still good. */
export function storedSignIn(server: string): string {
  return tokenIn(stored("tab"), server) || tokenIn(stored("device"), server);
}

/** Keeps a token until the tab is closed, or on the device. */
export function storeSignIn(
  server: string,
  token: string,
  expiresAt: number,
  onDevice: boolean,
): void {
  try {
    const place = onDevice ? localStorage : sessionStorage;
    place.setItem(SIGN_IN, JSON.stringify({ server, token, expiresAt }));
  } catch (error) {
    console.info("antiphon: this browser remembers nothing here", error);
  }
}

export function forgetSignIn(server: string): void {
  try {
    for (const place of [sessionStorage, localStorage]) {
      if (signIn(place.getItem(SIGN_IN)).server === server) place.removeItem(SIGN_IN);
    }
  } catch (error) {
    console.info("antiphon: this browser remembers nothing here", error);
  }
}

/** Where a server's token is kept. */
export function placeOfSignIn(server: string): "page" | "tab" | "device" {
  if (tokenIn(stored("tab"), server)) return "tab";
  return tokenIn(stored("device"), server) ? "device" : "page";
}

function stored(where: "tab" | "device"): string | null {
  try {
    return (where === "tab" ? sessionStorage : localStorage).getItem(SIGN_IN);
  } catch {
    // Forbidden here.
    return null;
  }
}

function tokenIn(text: string | null, server: string): string {
  const { token, expiresAt, server: of } = signIn(text);
  const fresh = typeof expiresAt === "number" && expiresAt > Date.now();
  return fresh && of === server && typeof token === "string" ? token : "";
}

function signIn(text: string | null): { readonly [name: string]: unknown } {
  try {
    return (JSON.parse(text ?? "null") as { [name: string]: unknown } | null) ?? {};
  } catch {
    // Not what we wrote.
    return {};
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
