/** What every part of the list of contacts is drawn from, and what it may ask for. */

import type { AccountSession } from "../account/session.js";
import type { Problem } from "../logic/problems.js";
import type { Text } from "../text.js";
import type { Directory } from "./directory.js";
import type { MessageSearch } from "./message-search.js";

/** What is open and typed in the element itself. */
export interface ContactsUi {
  readonly tab: "chats" | "people";
  readonly typed: string;
  /** Address of whose menu is open. */
  readonly menu: string;
  readonly dialog: "" | "add" | "edit" | "remove" | "block";
  /** Whom the dialog is about. */
  readonly about: string;
  readonly busy: boolean;
  /** Why the dialog's wish was not fulfilled. */
  readonly problem: Problem | null;
}

export interface ContactsView {
  readonly text: Text;
  readonly account: AccountSession;
  readonly directory: Directory;
  readonly messages: MessageSearch;
  readonly ui: ContactsUi;
  readonly selected: string;
  readonly withCalls: boolean;
  set(change: Partial<ContactsUi>): void;
  /** `message`: the id of one that is to be shown. */
  select(address: string, message?: string): void;
  dial(address: string, video: boolean): void;
  /** Asks the server; what goes wrong is told, in the dialog if one is open. True: it worked. */
  ask(task: () => Promise<unknown>): Promise<boolean>;
  /** Fetches earlier conversations. */
  more(): void;
}

export const INITIAL_UI: ContactsUi = {
  tab: "chats",
  typed: "",
  menu: "",
  dialog: "",
  about: "",
  busy: false,
  problem: null,
};
