/** The conversation with one person, by the session of the page; it knows no element. */

import type { AccountSession } from "../account/session.js";
import type { Place, Upload } from "./place.js";

/** Null while nobody is signed in, and until it is known what is unread. */
export function directPlace(account: AccountSession, address: string): Place | null {
  const { phone } = account;
  if (!phone || !account.signedIn || !account.loaded || !address) return null;
  return {
    conversation: phone.messages.with(address),
    moderates: false,
    get names() {
      return { own: [account.name], others: [account.faces.nameOf(address, localPart(address))] };
    },
    get upload(): Upload | null {
      if (account.isGuest) return null;
      return (file, options) => phone.files.upload(file, options);
    },
  };
}

/** What stands before the `@`. */
export function localPart(address: string): string {
  return address.split("@")[0] ?? address;
}

/** The whole address of what may be spelled shortly, as `bob`, at one's own server. */
export function wholeAddress(typed: string, own: string): string {
  const name = typed.trim();
  if (name === "" || name.includes("@")) return name.toLocaleLowerCase();
  return `${name}${own.slice(own.indexOf("@"))}`.toLocaleLowerCase();
}
