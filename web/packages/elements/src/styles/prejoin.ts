/** Looks of the screens before and after the call: pre-join, login, ended, error. */

import { css } from "lit";

export const prejoinStyles = css`
  .devices:empty {
    display: none;
  }
  .lobby {
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    overflow: auto;
    padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom)
      env(safe-area-inset-left);
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 18px 24px;
    font-size: 17px;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .brand .logo {
    width: 26px;
    height: 26px;
  }
  .setup {
    display: grid;
    grid-template-columns: minmax(0, 1.5fr) minmax(300px, 1fr);
    align-content: safe center;
    align-items: center;
    gap: 28px 52px;
    width: min(1080px, 100%);
    margin: 0 auto;
    padding: 8px 32px 56px;
  }
  .preview {
    position: relative;
    aspect-ratio: 16 / 9;
    border-radius: calc(var(--antiphon-radius) * 1.4);
    background: #1b1d1f;
    color: #f0f0ee;
    overflow: hidden;
  }
  .preview video {
    display: block;
    width: 100%;
    height: 100%;
    object-fit: cover;
    animation: appear 0.4s;
  }
  .preview .empty {
    position: absolute;
    inset: 0 0 72px;
    min-height: 0;
    color: #b9bbb9;
  }
  .preview .empty .avatar {
    width: 84px;
    height: 84px;
    margin-bottom: 6px;
    font-size: 30px;
    color-scheme: dark;
  }
  .preview .empty strong {
    color: #f0f0ee;
  }
  .preview::after {
    content: "";
    position: absolute;
    inset: auto 0 0;
    height: 110px;
    background: linear-gradient(transparent, rgb(0 0 0 / 0.45));
    pointer-events: none;
  }
  .preview .toggles {
    position: absolute;
    z-index: 1;
    inset: auto 0 16px;
    display: flex;
    justify-content: center;
    gap: 14px;
  }
  .preview .round {
    width: 54px;
    height: 54px;
    background: rgb(20 21 23 / 0.65);
    color: #fff;
    backdrop-filter: blur(8px);
  }
  .preview .round:hover {
    background: rgb(20 21 23 / 0.85);
  }
  .preview .round[data-off] {
    background: var(--antiphon-danger);
    color: #fff;
  }
  .form {
    display: grid;
    gap: 18px;
  }
  .form h1 {
    font-size: clamp(26px, 3.4cqw, 34px);
    font-weight: 700;
    letter-spacing: -0.025em;
    line-height: 1.15;
  }
  .form .lead strong {
    color: var(--antiphon-text);
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .form .button.primary {
    min-height: 52px;
    font-size: 16.5px;
  }
  .level {
    display: flex;
    align-items: center;
    gap: 10px;
    margin-top: 2px;
    color: var(--antiphon-muted);
  }
  .level .meter {
    flex: 1;
  }
  .fine {
    color: var(--antiphon-muted);
    font-size: 13px;
    text-align: center;
  }
  .words {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 10px;
    padding: 24px 24px 96px;
    text-align: center;
  }
  .words .sign {
    display: grid;
    place-items: center;
    width: 68px;
    height: 68px;
    margin-bottom: 12px;
    border-radius: 50%;
    background: var(--antiphon-raised);
    color: var(--antiphon-muted);
  }
  .words .sign.bad {
    background: color-mix(in oklab, var(--antiphon-warning) 15%, var(--antiphon-surface));
    color: var(--antiphon-warning);
  }
  .words .sign .icon {
    width: 32px;
    height: 32px;
  }
  .words h1 {
    font-size: 26px;
    font-weight: 700;
    letter-spacing: -0.02em;
  }
  .words p {
    max-width: 46ch;
  }
  .words .row {
    flex-wrap: wrap;
    justify-content: center;
    margin-top: 20px;
  }
  .words .spinner {
    width: 34px;
    height: 34px;
    margin-bottom: 16px;
    border-width: 3px;
    color: var(--antiphon-accent);
  }
  .login {
    width: min(400px, 100%);
    margin: auto;
    padding: 8px 24px 72px;
  }
  @container antiphon-room (max-width: 760px) {
    .setup {
      grid-template-columns: minmax(0, 1fr);
      align-content: start;
      gap: 20px;
      padding: 0 16px 24px;
    }
    .brand {
      padding: 14px 16px;
    }
    .preview {
      max-height: 42cqh;
      width: 100%;
    }
    .form .devices {
      display: none;
    }
  }
`;
