/** The one session of a page for each server, which all elements share. */

import type { Backend } from "../room/backend.js";
import { keptFor } from "./kept.js";
import { AccountSession } from "./session.js";

const sessions = new WeakMap<Backend, Map<string, AccountSession>>();

/** The session at a server: always the same one while the page is there. */
export function sharedAccount(backend: Backend, server: string): AccountSession {
  const known = sessions.get(backend) ?? new Map<string, AccountSession>();
  sessions.set(backend, known);
  let session = known.get(server);
  if (!session) {
    session = new AccountSession(backend, server, keptFor(server));
    known.set(server, session);
  }
  return session;
}
