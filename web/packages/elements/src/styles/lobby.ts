/** Looks of the landing screen. */

import { css } from "lit";

export const lobbyStyles = css`
  :host {
    min-height: 100%;
    container: antiphon-lobby / inline-size;
  }
  main {
    position: relative;
    display: grid;
    grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr);
    min-height: 100dvh;
    padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom)
      env(safe-area-inset-left);
    /* Not hidden: the waves would make it a box that scrolls when something gets the focus. */
    overflow: clip;
    isolation: isolate;
  }
  /* Sound waves that answer each other: the sign of the project, far behind. */
  main::before,
  main::after {
    content: "";
    position: absolute;
    z-index: -1;
    top: 50%;
    width: 1100px;
    aspect-ratio: 1;
    border-radius: 50%;
    translate: 0 -54%;
    background: repeating-radial-gradient(
      circle,
      transparent 0 58px,
      color-mix(in oklab, var(--antiphon-accent) 20%, transparent) 59px 60px
    );
    mask: radial-gradient(closest-side, #000 20%, transparent 92%);
  }
  main::before {
    right: calc(50% + 300px);
  }
  main::after {
    left: calc(50% + 300px);
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 11px;
    padding: 22px 32px;
    font-size: 18px;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  slot {
    display: block;
    margin-inline-start: auto;
  }
  .hero {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    align-content: center;
    justify-items: center;
    width: min(700px, 100%);
    margin: 0 auto;
    padding: 24px 24px 56px;
    text-align: center;
  }
  h1 {
    font-size: clamp(38px, 7cqw, 64px);
    font-weight: 750;
    letter-spacing: -0.035em;
    line-height: 1.05;
    text-wrap: balance;
  }
  .hero > .lead {
    max-width: 47ch;
    margin: 20px 0 36px;
    font-size: clamp(16px, 2.2cqw, 18.5px);
    text-wrap: balance;
  }
  form {
    width: min(560px, 100%);
  }
  .combined {
    display: flex;
    align-items: center;
    gap: 6px;
    padding: 7px;
    border: 1px solid var(--antiphon-line);
    border-radius: calc(var(--antiphon-radius) * 1.35);
    background: var(--antiphon-surface);
    box-shadow: 0 10px 36px rgb(0 0 0 / 0.07);
    transition: border-color 0.15s;
  }
  .combined:focus-within {
    border-color: var(--antiphon-accent);
  }
  .combined input {
    flex: 1;
    min-width: 0;
    height: 50px;
    padding: 0 14px;
    border: 0;
    background: none;
    font-size: 17.5px;
  }
  .combined input:focus-visible {
    outline: none;
  }
  .combined input::placeholder {
    color: var(--antiphon-muted);
  }
  .combined .round {
    width: 42px;
    height: 42px;
    color: var(--antiphon-muted);
  }
  .combined .button {
    min-height: 50px;
    padding: 0 0.9em 0 1.3em;
    border-radius: var(--antiphon-radius);
    font-size: 16px;
  }
  .combined .button .icon {
    width: 18px;
    height: 18px;
  }
  .hint {
    min-height: 1.5em;
    margin-top: 14px;
    color: var(--antiphon-muted);
    font-size: 13.5px;
  }
  [aria-invalid="true"] {
    color: var(--antiphon-danger);
  }
  .recent {
    margin-top: 26px;
  }
  .recent h2 {
    margin-bottom: 10px;
    color: var(--antiphon-muted);
    font-size: 13px;
    font-weight: 600;
    letter-spacing: 0;
  }
  .recent ul {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 8px;
  }
  .chip {
    display: flex;
    align-items: center;
    max-width: 100%;
    border: 1px solid var(--antiphon-line);
    border-radius: 20px;
    background: var(--antiphon-surface);
    font-size: 14px;
    font-weight: 550;
    overflow: hidden;
    transition: border-color 0.15s;
  }
  .chip:hover {
    border-color: var(--antiphon-accent);
  }
  .chip a {
    min-width: 0;
    padding: 8px 4px 8px 15px;
    overflow: hidden;
    color: inherit;
    text-decoration: none;
    text-overflow: ellipsis;
    white-space: nowrap;
    border-radius: 20px 0 0 20px;
  }
  .chip button {
    display: grid;
    flex: none;
    place-items: center;
    width: 30px;
    height: 36px;
    padding: 0 6px 0 0;
    border: 0;
    background: none;
    color: var(--antiphon-muted);
    cursor: pointer;
  }
  .chip button:hover {
    color: var(--antiphon-text);
  }
  .chip .icon {
    width: 14px;
    height: 14px;
  }
  .chip :focus-visible {
    outline-offset: -3px;
  }
  .features {
    display: grid;
    grid-template-columns: repeat(3, 1fr);
    gap: 20px 32px;
    width: min(1020px, 100%);
    margin: 0 auto;
    padding: 28px 32px 36px;
  }
  .features li {
    display: flex;
    gap: 14px;
    font-size: 14px;
    line-height: 1.45;
  }
  .features .icon {
    width: 24px;
    height: 24px;
    margin-top: 1px;
    color: var(--antiphon-accent);
  }
  .features strong {
    display: block;
    font-weight: 650;
  }
  .features span {
    color: var(--antiphon-muted);
  }
  @container antiphon-lobby (max-width: 760px) {
    .brand {
      padding: 16px 20px;
    }
    .hero {
      padding: 16px 20px 32px;
    }
    .features {
      grid-template-columns: 1fr;
      gap: 14px;
      padding: 12px 24px 28px;
    }
    .combined .button {
      padding: 0 1em;
    }
    .combined .button .icon {
      display: none;
    }
  }
`;
