/** Contacts and presence as the application sees them; knows no server. */

import type {
  Contact as ContactRecord,
  Presence as PresenceRecord,
  Show,
} from "../generated/signalling.js";

/** Somebody in the account's list, or who asked to be. */
export interface Contact {
  readonly address: string;
  /** As the user calls them; empty: nothing of its own. */
  readonly name: string;
  readonly groups: readonly string[];
  /** The account sees their presence. */
  readonly sees: boolean;
  /** They see the account's. */
  readonly seen: boolean;
  /** The account asked to see them, and waits. */
  readonly asked: boolean;
  /** They asked to see the account, and wait for `answer`. */
  readonly asking: boolean;
  /** In the list. Who only asks is not. */
  readonly listed: boolean;
  /** What they wrote when they asked. */
  readonly request: string;
}

/** What one device says of its user. Times: milliseconds since 1970. */
export interface PresenceDevice {
  /** The part of the device's address behind `/`. */
  readonly device: string;
  readonly show: Show;
  readonly note: string;
  readonly since: number;
  /** When its user was last seen to do something; null: not known. */
  readonly idleSince: number | null;
}

/** Whether somebody is there: what counts most of what the devices say. */
export interface Presence {
  readonly account: string;
  readonly show: Show;
  readonly note: string;
  readonly since: number | null;
  readonly devices: readonly PresenceDevice[];
}

/** A contact as applications see it. */
export function toContact(record: ContactRecord): Contact {
  return { ...record, groups: [...record.groups], request: record.request ?? "" };
}

/** A presence as applications see it. */
export function toPresence(record: PresenceRecord): Presence {
  return {
    account: record.account,
    show: record.show,
    note: record.note,
    since: record.since === null ? null : record.since * 1000,
    devices: record.devices.map((one) => ({
      device: one.device,
      show: one.show,
      note: one.note,
      since: one.since * 1000,
      idleSince: one.idle_since === null ? null : one.idle_since * 1000,
    })),
  };
}

/** Of somebody of whom nothing is known. */
export function absent(account: string): Presence {
  return { account, show: "offline", note: "", since: null, devices: [] };
}
