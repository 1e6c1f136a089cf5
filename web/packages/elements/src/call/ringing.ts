/** The screens of a call that is not answered yet: somebody calls, or is being called. */

import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { shownAddress } from "../logic/calls.js";
import { hueOf } from "../logic/people.js";
import { avatar } from "../room/avatar.js";
import type { Talk } from "./talk.js";
import type { PhoneView } from "./view.js";

/** Somebody calls. */
export function incomingView(view: PhoneView, talk: Talk): TemplateResult {
  const { state, incoming } = view.text.call;
  const { session, withVideo } = view;
  const seen = talk.call.video && withVideo;
  return html`<section
    class="ringing"
    part="incoming"
    role="alertdialog"
    aria-labelledby="who"
    style="--hue: ${hueOf(talk.call.peer)}"
  >
    ${whoView(view, talk.name, talk.call.peer, seen ? state.incomingVideo : state.incoming)}
    <div class="answers">
      ${choice("decline", "danger", icons.leave, incoming.decline, () => void session.decline())}
      ${
        seen
          ? choice("answer-video", "answer", icons.camera, incoming.answerVideo, () => {
              void session.answer(true);
            })
          : nothing
      }
      ${choice("answer", "answer", icons.phone, incoming.answer, () => void session.answer(false))}
    </div>
  </section>`;
}

/** Somebody is being called. */
export function callingView(view: PhoneView): TemplateResult {
  const { session } = view;
  const { talk, dialling } = session;
  const { state, talk: words } = view.text.call;
  const peer = talk?.call.peer ?? dialling?.to ?? "";
  const name = talk?.name ?? view.ui.title ?? peer;
  const rings = talk?.call.state === "ringing";
  return html`<section
    class="ringing"
    part="calling"
    aria-labelledby="who"
    style="--hue: ${hueOf(peer)}"
  >
    ${whoView(view, name || peer, peer, rings ? state.ringing : state.dialling)}
    <div class="answers">
      ${choice("hang-up", "danger", icons.leave, words.hangUp, () => void session.hangUp())}
    </div>
  </section>`;
}

/** Somebody else calls during a call. */
export function waitingView(view: PhoneView, talk: Talk): TemplateResult {
  const { incoming } = view.text.call;
  const { session } = view;
  const name = shownAddress(view.nameOf(talk.call.peer, talk.name), session.address);
  return html`<aside class="waiting" part="waiting" role="alertdialog" aria-label=${incoming.waiting(name)}>
    ${avatar(name, talk.call.peer, view.pictureOf(talk.call.peer))}
    <strong>${incoming.waiting(name)}</strong>
    <div class="row">
      <button
        type="button"
        class="button danger small"
        part="decline-waiting"
        @click=${() => void session.decline()}
      >
        ${incoming.decline}
      </button>
      <button
        type="button"
        class="button primary small"
        part="answer-waiting"
        @click=${() => void session.answer(false)}
      >
        ${incoming.endAndAnswer}
      </button>
    </div>
  </aside>`;
}

function whoView(view: PhoneView, name: string, peer: string, state: string): TemplateResult {
  const own = view.session.address;
  const shown = shownAddress(view.nameOf(peer, name), own);
  const address = shownAddress(peer, own);
  return html`<div class="caller">
    <span class="waves">${avatar(shown, peer, view.pictureOf(peer))}</span>
    <h1 id="who" part="peer">${shown}</h1>
    ${
      address.toLocaleLowerCase() === shown.toLocaleLowerCase()
        ? nothing
        : html`<p class="lead">${address}</p>`
    }
    <p class="state" part="call-state">${state}</p>
  </div>`;
}

function choice(
  part: string,
  kind: string,
  icon: TemplateResult,
  label: string,
  run: () => void,
): TemplateResult {
  return html`<div class="choice">
    <button type="button" class="round ${kind}" part=${part} aria-label=${label} @click=${run}>
      ${icon}</button
    ><span aria-hidden="true">${label}</span>
  </div>`;
}
