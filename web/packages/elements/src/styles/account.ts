/** Looks of signing in and of one's own profile. */

import { css } from "lit";

export const accountStyles = css`
  :host {
    position: relative;
    container: antiphon-account / inline-size;
  }
  .middle {
    display: grid;
    justify-items: center;
    gap: 10px;
    padding: 48px 24px;
    color: var(--antiphon-muted);
    text-align: center;
  }
  .middle > .icon {
    width: 34px;
    height: 34px;
    opacity: 0.6;
  }
  .login {
    display: grid;
    gap: 14px;
    width: min(400px, 100%);
    margin: 0 auto;
    padding: 26px 24px 18px;
  }
  .login h2 {
    font-size: 22px;
    letter-spacing: -0.02em;
  }
  .login > .lead {
    margin-top: -10px;
  }
  .secret {
    position: relative;
    display: block !important;
  }
  .secret .input {
    padding-inline-end: 50px;
  }
  .secret .round {
    position: absolute;
    inset: 5px 6px auto auto;
    color: var(--antiphon-muted);
  }
  .secret [aria-pressed="true"] {
    color: var(--antiphon-accent);
  }
  .check {
    display: flex;
    align-items: center;
    gap: 10px;
    font-size: 14.5px;
    cursor: pointer;
  }
  .check input {
    width: 18px;
    height: 18px;
    margin: 0;
    accent-color: var(--antiphon-accent);
  }
  .others {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 2px 8px;
  }
  .others .button {
    color: var(--antiphon-muted);
    font-weight: 550;
  }
  .done {
    display: flex;
    align-items: center;
    gap: 8px;
    color: var(--antiphon-accent);
    font-weight: 550;
  }
  .note {
    display: flex;
  }
  .inside {
    --antiphon-dot-edge: var(--antiphon-background);
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 8px 10px 6px 8px;
  }
  .inside .self {
    display: flex;
    flex: 1;
    align-items: center;
    gap: 12px;
    min-width: 0;
    padding: 6px 8px;
    border: 0;
    border-radius: var(--antiphon-radius);
    background: none;
    text-align: start;
    cursor: pointer;
  }
  .inside .self:hover {
    --antiphon-dot-edge: var(--antiphon-raised);
    background: var(--antiphon-raised);
  }
  .who {
    flex: 1;
    min-width: 0;
    line-height: 1.35;
  }
  .inside .who > * {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .inside small {
    color: var(--antiphon-muted);
    font-size: 13px;
  }
  .profile {
    display: grid;
    gap: 14px;
    max-width: 640px;
    margin: 0 auto;
    padding: 24px 20px 32px;
  }
  .profile > .button {
    justify-self: start;
  }
  .profile .self {
    display: flex;
    align-items: center;
    gap: 18px;
  }
  .self h2 {
    font-size: 21px;
  }
  .self .lead {
    overflow-wrap: anywhere;
  }
  .self .row {
    flex-wrap: wrap;
    margin-top: 10px;
  }
  .portrait {
    position: relative;
    flex: none;
  }
  .portrait .avatar {
    width: 96px;
    height: 96px;
    font-size: 34px;
  }
  .portrait .spinner {
    position: absolute;
    inset: calc(50% - 11px) auto auto calc(50% - 11px);
  }
  .card {
    display: grid;
    gap: 14px;
    padding: 18px;
    border: 1px solid var(--antiphon-line);
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
  }
  .card h3,
  .card legend,
  .card summary {
    padding: 0;
    font-size: 15px;
    font-weight: 650;
  }
  .card summary {
    cursor: pointer;
  }
  details[open] > summary {
    margin-bottom: 14px;
  }
  .card .lead.small {
    font-size: 13px;
  }
  .card > .button {
    justify-self: start;
  }
  .card textarea.input {
    padding: 10px 14px;
    resize: vertical;
  }
  .pair {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 14px;
  }
  @container antiphon-account (max-width: 460px) {
    .pair {
      grid-template-columns: 1fr;
    }
    .profile .self {
      flex-direction: column;
      text-align: center;
    }
    .self .row {
      justify-content: center;
    }
  }
  .shows {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin: 0;
    padding: 0;
    border: 0;
  }
  .shows legend {
    margin-bottom: 8px;
  }
  .shows label {
    position: relative;
    cursor: pointer;
  }
  .shows input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .shows label > span {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 38px;
    padding: 0 14px;
    border: 1px solid var(--antiphon-line);
    border-radius: 19px;
    font-size: 14px;
  }
  .shows .dot {
    position: static;
    flex: none;
    border: 0;
  }
  .shows input:checked + span {
    border-color: var(--antiphon-accent);
    background: color-mix(in oklab, var(--antiphon-accent) 11%, transparent);
    font-weight: 600;
  }
  .shows input:focus-visible + span {
    outline: 2.5px solid var(--antiphon-accent);
    outline-offset: 2px;
  }
  .line {
    display: flex;
    align-items: center;
  }
  .switch {
    flex: none;
    width: 50px;
    height: 30px;
    padding: 3px;
    border: 0;
    border-radius: 15px;
    background: light-dark(#b9b7b0, #55595d);
    transition: background-color 0.15s;
    cursor: pointer;
  }
  .switch span {
    display: block;
    width: 24px;
    height: 24px;
    border-radius: 50%;
    background: #fff;
    transition: translate 0.15s;
  }
  .switch[aria-checked="true"] {
    background: var(--antiphon-accent);
  }
  .switch[aria-checked="true"] span {
    translate: 20px 0;
  }
  .switch:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .toasts {
    position: sticky;
    z-index: 8;
    bottom: 12px;
    display: grid;
    justify-items: center;
    gap: 8px;
    pointer-events: none;
  }
`;
