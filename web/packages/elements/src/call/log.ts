/** The list of past calls, with buttons to call back. */

import type { LoggedCall } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { durationOf, shownAddress } from "../logic/calls.js";
import { clockOf, dayWords } from "../logic/time.js";
import { avatar } from "../room/avatar.js";
import type { PhoneView } from "./view.js";

export function logView(view: PhoneView): TemplateResult {
  const { log } = view.session;
  const words = view.text.call.log;
  const empty = log.calls.length === 0;
  const names = namesIn(log.calls);
  return html`<section class="log" part="log" aria-label=${words.title} aria-busy=${log.loading}>
    <h2>${words.title}</h2>
    ${log.failed ? html`<p class="lead" role="status">${words.failed}</p>` : nothing}
    ${empty && !log.failed && !log.loading ? emptyView(view) : nothing}
    <ul>
      ${repeat(
        log.calls,
        (call) => call.id,
        (call) => entryView(view, call, names),
      )}
    </ul>
    ${
      log.more
        ? html`<button
            type="button"
            class="button plain small"
            part="earlier-calls"
            ?disabled=${log.loading}
            @click=${() => log.earlier()}
          >
            ${words.more}
          </button>`
        : nothing
    }
  </section>`;
}

function emptyView(view: PhoneView): TemplateResult {
  const words = view.text.call.log;
  return html`<div class="empty">
    <span class="sign">${icons.phone}</span>
    <strong>${words.empty}</strong>
    <p class="lead">${words.emptyLead}</p>
  </div>`;
}

/** Who called says a name; it is theirs when they are called, too. */
export function namesIn(calls: readonly LoggedCall[]): ReadonlyMap<string, string> {
  const named = calls.filter((call) => call.name !== call.peer);
  return new Map(named.toReversed().map((call) => [call.peer, call.name]));
}

function entryView(
  view: PhoneView,
  call: LoggedCall,
  names: ReadonlyMap<string, string>,
): TemplateResult {
  const { session, text, withVideo } = view;
  const words = text.call.log;
  const known = view.nameOf(call.peer, names.get(call.peer) ?? call.name);
  const name = shownAddress(known, session.address);
  const missed = call.incoming && call.answeredAt === null && call.reason !== "declined";
  const offline = session.line.state !== "ready";
  const again = (video: boolean) => () => view.callAgain(call.peer, video, known);
  return html`<li class="past" part="past-call" data-missed=${missed} data-peer=${call.peer}>
    ${avatar(name, call.peer, view.pictureOf(call.peer))}
    <div class="who">
      <strong>${name}</strong>
      <span class="how">
        ${call.incoming ? icons.callIn : icons.callOut}
        ${whatBecame(view, call, missed)} · ${when(view, call.startedAt)}
      </span>
    </div>
    ${
      call.video && withVideo
        ? html`<button
            type="button"
            class="round small"
            part="call-back-video"
            aria-label=${words.videoCall(name)}
            title=${words.videoCall(name)}
            ?disabled=${offline}
            @click=${again(true)}
          >
            ${icons.camera}
          </button>`
        : nothing
    }
    <button
      type="button"
      class="round small"
      part="call-back"
      aria-label=${words.call(name)}
      title=${words.call(name)}
      ?disabled=${offline}
      @click=${again(false)}
    >
      ${icons.phone}
    </button>
  </li>`;
}

function whatBecame(view: PhoneView, call: LoggedCall, missed: boolean): string {
  const words = view.text.call.log;
  if (missed) return words.missed;
  const direction = call.incoming ? words.incoming : words.outgoing;
  if (call.answeredAt !== null) {
    return call.endedAt === null
      ? direction
      : `${direction}, ${durationOf(call.endedAt - call.answeredAt)}`;
  }
  return call.reason === "declined" ? words.declined : words.unanswered;
}

function when(view: PhoneView, time: number): string {
  const day = dayWords(time, Date.now(), view.text);
  return day === view.text.chat.today ? clockOf(time) : `${day}, ${clockOf(time)}`;
}
