/** Looks of the telephone between calls and while it rings: header, desk, list, sign-in. */

import { css } from "lit";

export const callStyles = css`
  :host {
    position: relative;
    width: 100%;
    height: 100%;
    min-height: 560px;
    overflow: hidden;
    border-radius: var(--antiphon-call-radius, 0);
    container: antiphon-call / inline-size;
  }
  main {
    position: relative;
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    height: 100%;
    min-height: inherit;
  }
  .who {
    flex: 1;
    min-width: 0;
    line-height: 1.35;
  }
  .who strong,
  .who > span {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .who > span {
    color: var(--antiphon-muted);
    font-size: 13px;
  }
  .own {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 14px 20px;
    border-bottom: 1px solid var(--antiphon-line);
    background: var(--antiphon-surface);
  }
  .own .round {
    width: 40px;
    height: 40px;
    color: var(--antiphon-muted);
  }
  .presence {
    position: relative;
  }
  .presence::after {
    content: "";
    position: absolute;
    inset: auto -1px -1px auto;
    width: 12px;
    height: 12px;
    border: 2px solid var(--antiphon-surface);
    border-radius: 50%;
    background: var(--antiphon-muted);
  }
  .presence[data-ready="true"]::after {
    background: #2fb36d;
  }
  .desk {
    display: grid;
    grid-template-columns: minmax(320px, 1fr) minmax(300px, 0.9fr);
    min-height: 0;
  }
  .desk h2 {
    color: var(--antiphon-muted);
    font-size: 13px;
    font-weight: 600;
    letter-spacing: 0;
  }
  .dial {
    display: grid;
    align-content: safe center;
    gap: 16px;
    padding: 28px clamp(20px, 5cqw, 52px);
    overflow: auto;
  }
  .dial form {
    display: grid;
    gap: 16px;
  }
  .entry {
    display: flex;
    align-items: center;
    gap: 2px;
    padding: 6px;
    border: 1px solid var(--antiphon-line);
    border-radius: calc(var(--antiphon-radius) * 1.2);
    background: var(--antiphon-surface);
    transition: border-color 0.15s;
  }
  .entry:focus-within {
    border-color: var(--antiphon-accent);
  }
  .entry input {
    flex: 1;
    min-width: 0;
    height: 46px;
    padding: 0 12px;
    border: 0;
    background: none;
    font-size: 18px;
  }
  .entry input::-webkit-calendar-picker-indicator {
    display: none !important;
  }
  .entry input:focus-visible {
    outline: none;
  }
  .entry input::placeholder {
    color: var(--antiphon-muted);
  }
  .entry .round {
    width: 42px;
    height: 42px;
    color: var(--antiphon-muted);
  }
  .entry [aria-pressed="true"] {
    background: var(--antiphon-raised);
    color: var(--antiphon-text);
  }
  .go {
    display: flex;
    gap: 10px;
  }
  .go .button {
    flex: 1;
    min-height: 50px;
    font-size: 16px;
  }
  .last,
  .past {
    display: flex;
    align-items: center;
    gap: 12px;
  }
  .last {
    padding: 12px 14px;
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    box-shadow: 0 4px 20px rgb(0 0 0 / 0.07);
    animation: rise 0.2s;
  }
  .round.small {
    width: 38px;
    height: 38px;
  }
  .round.small > .icon {
    width: 19px;
    height: 19px;
  }
  .log {
    display: flex;
    flex-direction: column;
    gap: 6px;
    padding: 20px 16px;
    border-inline-start: 1px solid var(--antiphon-line);
    background: var(--antiphon-surface);
    overflow: auto;
  }
  .log > h2,
  .log > .lead {
    padding: 0 10px;
  }
  .past {
    padding: 8px 10px;
    border-radius: var(--antiphon-radius);
  }
  .past:hover,
  .past:focus-within {
    background: color-mix(in oklab, var(--antiphon-raised) 55%, transparent);
  }
  .past .round {
    background: none;
    color: var(--antiphon-accent);
  }
  .past .round:hover {
    background: var(--antiphon-raised);
  }
  .past .how {
    display: flex;
    align-items: center;
    gap: 5px;
  }
  .past .how .icon {
    width: 14px;
    height: 14px;
  }
  .past[data-missed="true"] strong,
  .past[data-missed="true"] .how .icon {
    color: var(--antiphon-danger);
  }
  .log .button {
    align-self: center;
    margin-top: 8px;
  }
  .empty,
  .middle {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 8px;
    flex: 1;
    padding: 24px;
    text-align: center;
  }
  .empty .lead {
    max-width: 30ch;
    font-size: 14px;
  }
  .middle {
    grid-row: 1 / -1;
  }
  .middle > .spinner {
    width: 32px;
    height: 32px;
    color: var(--antiphon-accent);
  }
  .sign {
    display: grid;
    place-items: center;
    width: 56px;
    height: 56px;
    margin-bottom: 6px;
    border-radius: 50%;
    background: color-mix(in oklab, var(--antiphon-accent) 14%, var(--antiphon-surface));
    color: var(--antiphon-accent);
  }
  .sign .icon {
    width: 26px;
    height: 26px;
  }
  .sign-in {
    display: grid;
    grid-row: 1 / -1;
    align-content: safe center;
    justify-self: center;
    gap: 16px;
    width: min(400px, 100%);
    padding: 32px 24px;
    overflow: auto;
  }
  .sign-in h1 {
    font-size: 26px;
    font-weight: 700;
    letter-spacing: -0.02em;
    line-height: 1.15;
  }
  .sign-in > .sign {
    margin: 0;
  }
  .sign-in > .lead {
    margin-top: -8px;
  }
  .sign-in .button.primary {
    min-height: 50px;
    margin-top: 4px;
  }
  .ringing {
    display: grid;
    align-content: safe center;
    justify-items: center;
    gap: clamp(28px, 8cqw, 60px);
    grid-row: 1 / -1;
    padding: 32px 24px;
    background: radial-gradient(
      90% 70% at 50% 30%,
      light-dark(oklch(0.93 0.035 var(--hue)), oklch(0.31 0.04 var(--hue))),
      transparent
    );
    text-align: center;
    animation: appear 0.25s;
  }
  main:has(.ringing) > .own,
  main:has(.talking) > .own {
    display: none;
  }
  main:has(.ringing),
  main:has(.talking) {
    grid-template-rows: minmax(0, 1fr);
  }
  .caller {
    display: grid;
    justify-items: center;
    gap: 4px;
    max-width: 100%;
  }
  .caller h1 {
    max-width: 100%;
    overflow: hidden;
    font-size: clamp(26px, 6cqw, 34px);
    font-weight: 700;
    letter-spacing: -0.02em;
    line-height: 1.2;
    text-overflow: ellipsis;
    overflow-wrap: anywhere;
  }
  .caller .state {
    margin-top: 8px;
    color: var(--antiphon-muted);
    font-size: 16px;
  }
  .waves {
    position: relative;
    display: block;
    margin: 26px;
  }
  .waves .avatar {
    position: relative;
    width: 128px;
    height: 128px;
    font-size: 46px;
  }
  .waves::before,
  .waves::after {
    content: "";
    position: absolute;
    inset: 0;
    border: 2px solid light-dark(oklch(0.75 0.1 var(--hue)), oklch(0.6 0.1 var(--hue)));
    border-radius: 50%;
    animation: wave 2.4s ease-out infinite;
  }
  .waves::after {
    animation-delay: 1.2s;
  }
  @keyframes wave {
    from {
      opacity: 0.7;
    }
    to {
      opacity: 0;
      transform: scale(1.5);
    }
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
  .answers {
    display: flex;
    justify-content: center;
    gap: clamp(28px, 10cqw, 64px);
  }
  .choice,
  .control {
    display: grid;
    justify-items: center;
    gap: 8px;
    color: var(--antiphon-muted);
    font-size: 13px;
    font-weight: 550;
  }
  .choice .round {
    width: 68px;
    height: 68px;
    border-radius: 50%;
    box-shadow: 0 8px 24px rgb(0 0 0 / 0.16);
  }
  .choice .round > .icon {
    width: 30px;
    height: 30px;
  }
  .round.answer {
    background: #1f9d5b;
    color: #fff;
  }
  .round.answer:hover {
    background: #1a8a50;
  }
  .level {
    display: flex;
    align-items: center;
    gap: 10px;
    margin-top: -6px;
    color: var(--antiphon-muted);
  }
  .level .meter {
    flex: 1;
  }
  .waiting {
    position: absolute;
    z-index: 3;
    inset: 16px auto auto 50%;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px 14px;
    width: max-content;
    max-width: calc(100% - 32px);
    padding: 12px 16px;
    border-radius: calc(var(--antiphon-radius) * 1.2);
    background: var(--antiphon-surface);
    box-shadow: 0 12px 40px rgb(0 0 0 / 0.25);
    translate: -50% 0;
    animation: rise 0.2s;
  }
  .toasts {
    position: absolute;
    z-index: 4;
    inset: auto 16px 16px;
    display: grid;
    justify-items: center;
    gap: 8px;
    pointer-events: none;
  }
  :host([state="talking"]) .toasts {
    inset: 84px 16px auto;
  }
  @container antiphon-call (max-width: 700px) {
    main {
      overflow: auto;
    }
    .desk {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: auto minmax(200px, 1fr);
    }
    .dial {
      padding: 22px 18px;
    }
    .log {
      border-inline-start: 0;
      border-top: 1px solid var(--antiphon-line);
    }
    .own {
      padding: 12px 16px;
    }
  }
`;
