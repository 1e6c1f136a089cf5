/** What the browser remembers between visits: the own name and the rooms visited; nothing secret. */

import { parseRecent, type RecentRoom, remember } from "./logic/room-names.js";

const NAME = "antiphon.name";
const ROOMS = "antiphon.rooms";

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
