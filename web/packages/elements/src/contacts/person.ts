/** One line of a list: a person with picture, presence, the last word, and what may be done. */

import { html, nothing, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import * as icons from "../icons.js";
import type { Person } from "../logic/contacts.js";
import { clockOf, dayWords } from "../logic/time.js";
import { avatar } from "../room/avatar.js";
import { roveFocus } from "../room/focus.js";
import type { Text } from "../text.js";
import { presenceDot, presenceWords } from "./presence.js";
import type { ContactsView } from "./view.js";

export function personView(view: ContactsView, person: Person, talk: boolean): TemplateResult {
  const { text, account, ui } = view;
  const { address, name, presence, contact, conversation } = person;
  const unread = conversation?.unread ?? 0;
  const picture = account.faces.pictureOf(address);
  const current = view.selected === address;
  return html`<li
    class="person"
    part="contact"
    data-address=${address}
    data-name=${name}
    data-current=${ifDefined(current ? "" : undefined)}
    data-unread=${ifDefined(unread > 0 ? "" : undefined)}
    data-menu=${ifDefined(ui.menu === address ? "" : undefined)}
  >
    <button
      type="button"
      class="open"
      part="open-contact"
      aria-current=${ifDefined(current ? "true" : undefined)}
      @click=${() => view.select(address)}
    >
      <span class="presence-of"
        >${avatar(name, address, picture)}${contact?.sees ? presenceDot(presence, text) : nothing}</span>
      <span class="who">
        <strong part="contact-name">${name}</strong>
        <small part="contact-state">${talk ? lastWords(view, person) : stateWords(person, text)}</small>
      </span>
      ${
        talk || unread > 0
          ? html`<span class="aside">
              ${talk ? html`<time>${whenWords(person, text)}</time>` : nothing}
              ${
                unread > 0
                  ? html`<span class="count-of" part="unread" aria-label=${text.contacts.unread(unread)}
                      >${unread > 99 ? "99+" : unread}</span>`
                  : nothing
              }
            </span>`
          : nothing
      }
    </button>
    ${actionsView(view, person)}
  </li>`;
}

function stateWords({ contact, presence, address }: Person, text: Text): string {
  if (contact?.asked && !contact.sees) return text.contacts.waiting;
  return contact?.sees ? presenceWords(presence, text, address) : address;
}

function lastWords({ text }: ContactsView, { conversation }: Person): TemplateResult | string {
  const last = conversation?.last;
  if (conversation && conversation.typists.length > 0) {
    return html`<em part="contact-typing">${text.contacts.writes}</em>`;
  }
  if (!last) return "";
  const words = last.retracted
    ? text.contacts.deleted
    : last.text || last.attachments[0]?.name || text.contacts.file;
  return `${last.own ? text.contacts.you : ""}${words}`;
}

/** The time of today, the day of others. */
function whenWords({ conversation }: Person, text: Text): string {
  const sentAt = conversation?.last?.sentAt;
  if (sentAt === undefined) return "";
  const day = dayWords(sentAt, Date.now(), text);
  if (day === text.chat.today) return clockOf(sentAt);
  if (day === text.chat.yesterday) return day;
  return new Date(sentAt).toLocaleDateString([], { day: "numeric", month: "short" });
}

function actionsView(view: ContactsView, person: Person): TemplateResult {
  const { text, ui, withCalls } = view;
  const { address, name } = person;
  const open = ui.menu === address;
  const words = text.contacts;
  return html`<span class="actions">
      ${
        withCalls && !person.blocked
          ? html`<button
              type="button"
              class="round quiet"
              part="call"
              aria-label=${words.call(name)}
              title=${words.call(name)}
              @click=${() => view.dial(address, false)}
            >
              ${icons.phone}
            </button>`
          : nothing
      }
      <button
        type="button"
        class="round quiet"
        part="contact-menu"
        data-menu-button
        aria-label=${words.actions(name)}
        aria-haspopup="menu"
        aria-expanded=${open}
        @click=${() => view.set({ menu: open ? "" : address })}
      >
        ${icons.more}
      </button>
    </span>
    ${open ? menuView(view, person) : nothing}`;
}

function menuView(view: ContactsView, { address, name, contact, blocked }: Person): TemplateResult {
  const { text, account } = view;
  const words = text.contacts;
  const people = account.phone?.people;
  const run = (task: () => void) => () => {
    view.set({ menu: "" });
    task();
  };
  const show = (dialog: "edit" | "remove" | "block" | "add") =>
    run(() => view.set({ dialog, about: address, problem: null }));
  const ask = (task: () => Promise<unknown> | undefined) =>
    run(() => void view.ask(async () => await task()));
  return html`<div
    class="menu"
    part="menu"
    role="menu"
    aria-label=${words.actions(name)}
    @keydown=${(event: KeyboardEvent) => keyed(view, event)}
  >
    ${item(
      "message",
      icons.chat,
      words.writeShort,
      run(() => view.select(address)),
    )}
    ${
      view.withCalls && !blocked
        ? html`${item(
            "call",
            icons.phone,
            words.callShort,
            run(() => view.dial(address, false)),
          )}
          ${item(
            "video-call",
            icons.camera,
            words.videoShort,
            run(() => view.dial(address, true)),
          )}`
        : nothing
    }
    ${
      contact?.listed
        ? html`${item("edit", icons.pencil, words.edit, show("edit"))}
          ${
            contact.sees || contact.asked
              ? nothing
              : item(
                  "ask",
                  icons.refresh,
                  words.askAgain,
                  ask(() => people?.ask(address)),
                )
          }`
        : item("add", icons.addPerson, words.add, show("add"))
    }
    ${
      blocked
        ? item(
            "unblock",
            icons.block,
            words.unblock,
            ask(() => people?.unblock(address)),
          )
        : item("block", icons.block, words.block, show("block"), "danger")
    }
    ${contact?.listed ? item("remove", icons.trash, words.remove, show("remove"), "danger") : nothing}
  </div>`;
}

function keyed(view: ContactsView, event: KeyboardEvent): void {
  if (event.key === "Escape") {
    event.stopPropagation();
    view.set({ menu: "" });
  } else roveFocus(event, "button");
}

function item(action: string, icon: TemplateResult, label: string, run: () => void, kind = "") {
  return html`<button
    type="button"
    role="menuitem"
    class=${kind}
    part="menu-item"
    data-action=${action}
    @click=${run}
  >
    ${icon} <span>${label}</span>
  </button>`;
}
