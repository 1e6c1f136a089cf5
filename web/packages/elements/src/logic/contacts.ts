/** Lists of people and of conversations: order, groups, search; it knows no element and no server. */

import type { Contact, Conversation, Presence } from "@antiphon/client";

/** One line: somebody, with what is known of them. */
export interface Person {
  readonly address: string;
  readonly name: string;
  /** Null: not in the list. */
  readonly contact: Contact | null;
  readonly presence: Presence;
  readonly conversation: Conversation | null;
  readonly blocked: boolean;
}

export interface PersonGroup {
  /** Empty: those without one. */
  readonly name: string;
  readonly people: readonly Person[];
}

/** Those who are in the list, by group; who is in several stands in each. */
export function groupPeople(people: readonly Person[]): readonly PersonGroup[] {
  const groups = new Map<string, Person[]>();
  for (const person of [...people].sort(byPresence)) {
    const names = person.contact?.groups.length ? person.contact.groups : [""];
    for (const name of names) groups.set(name, [...(groups.get(name) ?? []), person]);
  }
  return [...groups]
    .map(([name, members]) => ({ name, people: members }))
    .sort((left, right) => compareGroups(left.name, right.name));
}

/** Those who are there first, then by name. */
export function byPresence(left: Person, right: Person): number {
  return (
    Number(isThere(right.presence)) - Number(isThere(left.presence)) ||
    left.name.localeCompare(right.name)
  );
}

/** Those with whom one spoke last come first. */
export function byRecency(left: Person, right: Person): number {
  return (right.conversation?.last?.sentAt ?? 0) - (left.conversation?.last?.sentAt ?? 0);
}

/** Whether somebody is meant by what is typed: part of the name, the address or a group. */
export function isMeant(person: Person, typed: string): boolean {
  const words = typed.trim().toLocaleLowerCase().split(/\s+/u);
  const text = [person.name, person.address, ...(person.contact?.groups ?? [])]
    .join(" ")
    .toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

/** Groups as they are typed, separated by commas. */
export function groupsOf(typed: string): readonly string[] {
  const names = typed.split(",").map((one) => one.trim());
  return [...new Set(names.filter((one) => one !== ""))];
}

/** Something that may be an address: `bob@example.org`. */
export function isAddress(typed: string): boolean {
  return /^[^\s@/]+@[^\s@/]+$/u.test(typed.trim());
}

function isThere(presence: Presence): boolean {
  return presence.show !== "offline";
}

/** Those without a group stand behind all groups. */
function compareGroups(left: string, right: string): number {
  return Number(left === "") - Number(right === "") || left.localeCompare(right);
}
