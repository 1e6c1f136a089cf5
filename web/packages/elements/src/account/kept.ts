/** Where a sign-in outlives the page: in the tab, or on the device; it knows no server. */

import { forgetSignIn, placeOfSignIn, storedSignIn, storeSignIn } from "../storage.js";

/** How long a sign-in is kept, besides the end of its token. */
export type Keep = "page" | "tab" | "device";

export interface KeptSignIn {
  /** The token; empty: there is none that is still good. */
  read(): string;
  write(sign: { token: string; expiresAt: number }, keep: Keep): void;
  forget(): void;
  /** Where it is kept now. */
  where(): Keep;
}

/** In this browser, for one server. */
export function keptFor(server: string): KeptSignIn {
  return {
    read: () => storedSignIn(server),
    write(sign, keep) {
      if (keep !== "page") storeSignIn(server, sign.token, sign.expiresAt, keep === "device");
    },
    forget: () => forgetSignIn(server),
    where: () => placeOfSignIn(server),
  };
}
