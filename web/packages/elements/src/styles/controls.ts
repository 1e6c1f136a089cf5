/** Buttons, fields, menus and dialogs, the same in every element. */

import { css } from "lit";

export const controls = css`
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2.5px solid var(--antiphon-accent);
    outline-offset: 2px;
  }
  .icon {
    display: block;
    flex: none;
    width: 1.4em;
    height: 1.4em;
  }
  .logo {
    display: block;
    flex: none;
    color: var(--antiphon-accent);
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.55em;
    min-height: 44px;
    padding: 0 1.25em;
    border: 1px solid transparent;
    border-radius: calc(var(--antiphon-radius) * 0.75);
    background: var(--antiphon-raised);
    font-weight: 600;
    color: inherit;
    text-decoration: none;
    white-space: nowrap;
    cursor: pointer;
    transition:
      background-color 0.15s,
      border-color 0.15s,
      transform 0.1s;
  }
  .button:hover {
    background: color-mix(in oklab, var(--antiphon-raised), var(--antiphon-text) 7%);
  }
  .button:active {
    transform: scale(0.985);
  }
  .button:disabled {
    opacity: 0.55;
    cursor: default;
    transform: none;
  }
  .button.primary {
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
  }
  .button.primary:hover:not(:disabled) {
    background: color-mix(in oklab, var(--antiphon-accent), var(--antiphon-text) 12%);
  }
  .button.danger {
    background: var(--antiphon-danger);
    color: var(--antiphon-danger-text);
  }
  .button.plain {
    background: none;
  }
  .button.plain:hover {
    background: var(--antiphon-raised);
  }
  .button.small {
    min-height: 34px;
    padding: 0 0.9em;
    font-size: 14px;
  }
  .round {
    display: inline-grid;
    place-items: center;
    flex: none;
    position: relative;
    width: 48px;
    height: 48px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: var(--antiphon-raised);
    cursor: pointer;
    transition:
      background-color 0.15s,
      color 0.15s,
      transform 0.1s;
  }
  .round:hover {
    background: color-mix(in oklab, var(--antiphon-raised), var(--antiphon-text) 9%);
  }
  .round > .icon {
    width: 23px;
    height: 23px;
  }
  .round:active {
    transform: scale(0.94);
  }
  .round:disabled {
    opacity: 0.45;
    cursor: default;
    transform: none;
  }
  .round[data-off] {
    background: color-mix(in oklab, var(--antiphon-danger) 15%, var(--antiphon-surface));
    color: var(--antiphon-danger);
  }
  .round[data-on] {
    background: color-mix(in oklab, var(--antiphon-accent) 18%, var(--antiphon-surface));
    color: var(--antiphon-accent);
  }
  .round.danger {
    width: 60px;
    border-radius: 24px;
    background: var(--antiphon-danger);
    color: var(--antiphon-danger-text);
  }
  .round.danger:hover {
    background: color-mix(in oklab, var(--antiphon-danger), #000 12%);
  }
  .round.danger > .icon {
    width: 30px;
    height: 30px;
  }
  .round.quiet {
    width: 36px;
    height: 36px;
    background: none;
  }
  .round.quiet:hover {
    background: var(--antiphon-raised);
  }
  .field {
    display: grid;
    gap: 6px;
    font-size: 13.5px;
    font-weight: 600;
  }
  .field > span {
    display: flex;
    align-items: center;
    gap: 6px;
    color: var(--antiphon-muted);
  }
  .input {
    width: 100%;
    min-width: 0;
    min-height: 46px;
    padding: 0 14px;
    border: 1px solid var(--antiphon-line);
    border-radius: calc(var(--antiphon-radius) * 0.75);
    background: var(--antiphon-surface);
    /* 16px: smaller text makes a telephone zoom in. */
    font-size: 16px;
    font-weight: 400;
    transition: border-color 0.15s;
  }
  .input::placeholder {
    color: var(--antiphon-muted);
    opacity: 0.85;
  }
  .input:hover {
    border-color: color-mix(in oklab, var(--antiphon-line), var(--antiphon-text) 22%);
  }
  .input:focus-visible {
    outline-offset: -1px;
  }
  .select {
    position: relative;
  }
  .select .input {
    appearance: none;
    padding-inline-end: 42px;
    text-overflow: ellipsis;
    font-size: 15px;
    cursor: pointer;
  }
  .select > .icon {
    position: absolute;
    inset: 0 12px 0 auto;
    width: 18px;
    height: 100%;
    color: var(--antiphon-muted);
    pointer-events: none;
  }
  .spinner {
    width: 1.15em;
    height: 1.15em;
    border: 2px solid currentColor;
    border-inline-end-color: transparent;
    border-radius: 50%;
    animation: turn 0.8s linear infinite;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }
  .meter {
    --level: 0;
    height: 6px;
    border-radius: 3px;
    background: var(--antiphon-raised);
    overflow: hidden;
  }
  .meter::before {
    content: "";
    display: block;
    height: 100%;
    border-radius: inherit;
    background: var(--antiphon-accent);
    transform-origin: left;
    transform: scaleX(var(--level));
    transition: transform 0.08s linear;
  }
  .avatar {
    display: grid;
    place-items: center;
    flex: none;
    width: 36px;
    height: 36px;
    border-radius: 50%;
    background: light-dark(oklch(0.88 0.07 var(--hue)), oklch(0.4 0.075 var(--hue)));
    color: light-dark(oklch(0.36 0.09 var(--hue)), oklch(0.93 0.05 var(--hue)));
    font-size: 13.5px;
    font-weight: 650;
    letter-spacing: 0.02em;
    user-select: none;
    position: relative;
    overflow: hidden;
  }
  .avatar img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .menu {
    display: grid;
    min-width: 224px;
    padding: 6px;
    border: 1px solid var(--antiphon-line);
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    box-shadow: 0 12px 36px rgb(0 0 0 / 0.2);
  }
  .menu button {
    display: flex;
    align-items: center;
    gap: 12px;
    min-height: 42px;
    padding: 0 12px;
    border: 0;
    border-radius: calc(var(--antiphon-radius) * 0.6);
    background: none;
    text-align: start;
    cursor: pointer;
  }
  .menu button:hover,
  .menu button:focus-visible {
    background: var(--antiphon-raised);
  }
  .menu button:focus-visible {
    outline-offset: -2px;
  }
  .menu .danger {
    color: var(--antiphon-danger);
  }
  .menu kbd {
    margin-inline-start: auto;
  }
  kbd {
    display: inline-block;
    min-width: 27px;
    text-align: center;
    padding: 1px 7px;
    border: 1px solid var(--antiphon-line);
    border-radius: 6px;
    color: var(--antiphon-muted);
    font: 500 12px/1.6 var(--antiphon-font);
  }
  dialog {
    width: min(440px, calc(100% - 32px));
    max-height: calc(100% - 48px);
    padding: 24px;
    border: 1px solid var(--antiphon-line);
    border-radius: calc(var(--antiphon-radius) * 1.3);
    background: var(--antiphon-surface);
    color: var(--antiphon-text);
    box-shadow: 0 24px 70px rgb(0 0 0 / 0.35);
    overflow: auto;
  }
  dialog::backdrop {
    background: rgb(10 11 12 / 0.5);
  }
  dialog header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin: -6px -8px 14px 0;
  }
  h2 {
    font-size: 18px;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .lead {
    color: var(--antiphon-muted);
  }
  .stack {
    display: grid;
    gap: 16px;
  }
  .row {
    display: flex;
    align-items: center;
    gap: 10px;
  }
`;
