/** The lists: requests, conversations, contacts by group, and what a search finds. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { localPart, wholeAddress } from "../chat/pair.js";
import * as icons from "../icons.js";
import { byPresence, groupPeople, isAddress, isMeant, type Person } from "../logic/contacts.js";
import { dayWords } from "../logic/time.js";
import { avatar } from "../room/avatar.js";
import { personView } from "./person.js";
import type { ContactsView } from "./view.js";

export function listView(view: ContactsView): TemplateResult {
  const { ui } = view;
  if (ui.typed.trim() !== "") return foundView(view);
  return html`${requestsView(view)} ${ui.tab === "chats" ? chatsView(view) : peopleView(view)}`;
}

function requestsView(view: ContactsView): TemplateResult | typeof nothing {
  const { text, directory } = view;
  const { requests } = directory;
  if (requests.length === 0) return nothing;
  return html`<section class="requests" part="requests" aria-label=${text.contacts.requests}>
    ${repeat(
      requests,
      (one) => one.address,
      (one) => requestView(view, one),
    )}
  </section>`;
}

function requestView(view: ContactsView, person: Person): TemplateResult {
  const { text, account } = view;
  const { address, name, contact } = person;
  const words = text.contacts;
  const people = account.phone?.people;
  const accept = async () => {
    await people?.answer(address, true);
    // Whom one lets see oneself one wants to see as well.
    if (!contact?.sees && !contact?.asked) {
      await people?.set(address);
      await people?.ask(address);
    }
  };
  return html`<article class="request" part="request" data-address=${address}>
    ${avatar(name, address, account.faces.pictureOf(address))}
    <div class="who">
      <strong>${words.asks(name)}</strong>
      <small>${contact?.request || address}</small>
      <div class="row">
        <button
          type="button"
          class="button primary small"
          part="accept"
          @click=${() => void view.ask(accept)}
        >
          ${words.accept}
        </button>
        <button
          type="button"
          class="button small"
          part="decline"
          @click=${() => void view.ask(async () => people?.answer(address, false))}
        >
          ${words.decline}
        </button>
      </div>
    </div>
  </article>`;
}

function chatsView(view: ContactsView): TemplateResult {
  const { text, directory } = view;
  const { conversations } = directory;
  if (conversations.length === 0) {
    return emptyView(icons.chat, text.contacts.noChats, text.contacts.noChatsLead);
  }
  return html`<ul part="conversations" aria-label=${text.contacts.chats}>
      ${linesView(view, conversations, true)}
    </ul>
    ${
      directory.hasMore
        ? html`<button
            type="button"
            class="button small plain more-of"
            part="more-conversations"
            @click=${() => view.more()}
          >
            ${text.contacts.more}
          </button>`
        : nothing
    }`;
}

function peopleView(view: ContactsView): TemplateResult {
  const { text, directory } = view;
  const groups = groupPeople(directory.contacts);
  return html`${
    groups.length === 0
      ? emptyView(icons.people, text.contacts.noPeople, text.contacts.noPeopleLead)
      : nothing
  }
  ${repeat(
    groups,
    (group) => group.name,
    (group) => html`<section part="group">
      ${
        groups.length > 1 || group.name
          ? html`<h3>${group.name || text.contacts.others}</h3>`
          : nothing
      }
      <ul aria-label=${group.name || text.contacts.people}>
        ${linesView(view, group.people, false)}
      </ul>
    </section>`,
  )}
  ${blockedView(view)}`;
}

function blockedView(view: ContactsView): TemplateResult | typeof nothing {
  const { text, directory, account } = view;
  const { blocked } = directory;
  if (blocked.length === 0) return nothing;
  const unblock = (address: string) => () =>
    void view.ask(async () => account.phone?.people.unblock(address));
  return html`<details class="blocked" part="blocked">
    <summary>${text.contacts.blocked} (${blocked.length})</summary>
    <ul>
      ${blocked.map(
        (address) => html`<li>
          <span>${address}</span>
          <button type="button" class="button small" part="unblock" @click=${unblock(address)}>
            ${text.contacts.unblock}
          </button>
        </li>`,
      )}
    </ul>
  </details>`;
}

/** Whoever is meant, contact or not; a whole address can be written to at once. */
function foundView(view: ContactsView): TemplateResult {
  const { text, directory, ui, account } = view;
  const known = new Map(
    [...directory.contacts, ...directory.conversations].map((one) => [one.address, one]),
  );
  const found = [...known.values()].filter((one) => isMeant(one, ui.typed)).sort(byPresence);
  const address = wholeAddress(ui.typed, account.address);
  const fresh = isAddress(address) && !known.has(address) && address !== account.address;
  return html`<ul part="found" aria-label=${text.contacts.searchLabel}>
      ${linesView(view, found, false)}
    </ul>
    ${messagesView(view)}
    ${
      found.length === 0 && !fresh && view.messages.found.length === 0
        ? html`<p class="none" role="status">${text.contacts.none}</p>`
        : nothing
    }
    ${
      fresh
        ? html`<button
            type="button"
            class="button plain write-to"
            part="write-to"
            @click=${() => view.select(address)}
          >
            ${avatar(localPart(address), address)} ${text.contacts.write(address)}
          </button>`
        : nothing
    }`;
}

/** Messages that say it. */
function messagesView(view: ContactsView): TemplateResult | typeof nothing {
  const { text, directory, messages, account } = view;
  if (messages.found.length === 0) return nothing;
  return html`<section part="found-messages">
    <h3>${text.contacts.messages}</h3>
    <ul>
      ${messages.found.map(({ peer, message }) => {
        const { name } = directory.person(peer);
        return html`<li class="person">
          <button
            type="button"
            class="open"
            part="found-message"
            @click=${() => view.select(peer, message.id)}
          >
            ${avatar(name, peer, account.faces.pictureOf(peer))}
            <span class="who">
              <strong>${name}</strong>
              <small>${message.own ? text.contacts.you : ""}${message.text}</small>
            </span>
            <span class="aside"><time>${dayWords(message.sentAt, Date.now(), text)}</time></span>
          </button>
        </li>`;
      })}
    </ul>
  </section>`;
}

function linesView(view: ContactsView, people: readonly Person[], talk: boolean) {
  return repeat(
    people,
    (one) => one.address,
    (one) => personView(view, one, talk),
  );
}

function emptyView(icon: TemplateResult, title: string, lead: string): TemplateResult {
  return html`<div class="empty">
    ${icon}<strong>${title}</strong><span>${lead}</span>
  </div>`;
}
