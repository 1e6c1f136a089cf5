/** How accounts show themselves, as the application sees it; knows no server. */

import { type Fields, text, texts } from "./api.js";

/** Where somebody lives or works. */
export interface PostalAddress {
  readonly street: string;
  readonly locality: string;
  readonly region: string;
  readonly code: string;
  readonly country: string;
}

/** What an account says of itself; empty: nothing. */
export interface Profile {
  readonly fullName: string;
  /** The name that is shown: that of the account. */
  readonly nickname: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly organization: string;
  readonly unit: string;
  readonly title: string;
  readonly role: string;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly urls: readonly string[];
  readonly note: string;
  /** `1985-04-12`, or `--04-12`. */
  readonly birthday: string;
  readonly address: PostalAddress;
  /** Names the picture (`Account.pictureUrl`); null: none. */
  readonly avatar: string | null;
}

/** What is to be changed. */
export type ProfileChange = Partial<Omit<Profile, "avatar">>;

const NAMES = {
  fullName: "full_name",
  givenName: "given_name",
  familyName: "family_name",
} as const;

/** A profile as the server tells it. */
export function toProfile(fields: Fields): Profile {
  const address = (fields.address ?? {}) as Fields;
  return {
    fullName: text(fields, "full_name"),
    nickname: text(fields, "nickname"),
    givenName: text(fields, "given_name"),
    familyName: text(fields, "family_name"),
    organization: text(fields, "organization"),
    unit: text(fields, "unit"),
    title: text(fields, "title"),
    role: text(fields, "role"),
    emails: texts(fields, "emails"),
    phones: texts(fields, "phones"),
    urls: texts(fields, "urls"),
    note: text(fields, "note"),
    birthday: text(fields, "birthday"),
    address: {
      street: text(address, "street"),
      locality: text(address, "locality"),
      region: text(address, "region"),
      code: text(address, "code"),
      country: text(address, "country"),
    },
    avatar: text(fields, "avatar") || null,
  };
}

/** A change as the server takes it. */
export function fromChange(change: ProfileChange): object {
  return Object.fromEntries(
    Object.entries(change).map(([name, value]) => [
      NAMES[name as keyof typeof NAMES] ?? name,
      value,
    ]),
  );
}
