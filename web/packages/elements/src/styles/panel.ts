/** Looks of the side panel: chat and people; a full sheet on a narrow screen. */

import { css } from "lit";

export const panelStyles = css`
  .panel {
    grid-area: 2 / 2;
    display: flex;
    flex-direction: column;
    width: 348px;
    min-height: 0;
    margin: 12px 12px 0 0;
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    overflow: hidden;
    animation: slide 0.2s;
  }
  @keyframes slide {
    from {
      opacity: 0;
      transform: translateX(16px);
    }
  }
  .panel > header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 12px 10px 10px 18px;
  }
  .panel > header h2 {
    flex: 1;
    font-size: 16.5px;
  }
  .count {
    color: var(--antiphon-muted);
    font-weight: 500;
  }
  @container antiphon-room (max-width: 760px) {
    .panel {
      grid-area: auto;
      position: absolute;
      z-index: 6;
      inset: 0;
      width: auto;
      margin: 0;
      padding: env(safe-area-inset-top) 0 env(safe-area-inset-bottom);
      border-radius: 0;
    }
  }
  .chat {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
  }
  .log {
    flex: 1;
    min-height: 0;
    padding: 4px 18px 12px;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--antiphon-line) transparent;
  }
  .earlier {
    display: flex;
    justify-content: center;
    padding: 4px 0 10px;
  }
  .day {
    display: flex;
    align-items: center;
    gap: 12px;
    margin: 12px 0 14px;
    color: var(--antiphon-muted);
    font-size: 12px;
    font-weight: 600;
  }
  .day::before,
  .day::after {
    content: "";
    flex: 1;
    height: 1px;
    background: var(--antiphon-line);
  }
  .group {
    display: grid;
    grid-template-columns: 32px minmax(0, 1fr);
    gap: 2px 10px;
    margin-bottom: 14px;
  }
  .group .avatar {
    grid-row: 1 / span 2;
    width: 32px;
    height: 32px;
    font-size: 12px;
  }
  .by {
    display: flex;
    align-items: baseline;
    gap: 8px;
    font-size: 13.5px;
    font-weight: 650;
  }
  .by .who {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .by time {
    flex: none;
    color: var(--antiphon-muted);
    font-size: 12px;
    font-weight: 400;
    font-variant-numeric: tabular-nums;
  }
  .texts {
    display: grid;
    gap: 3px;
    grid-column: 2;
  }
  .message {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    line-height: 1.45;
  }
  .message a {
    color: var(--antiphon-accent);
    text-underline-offset: 2px;
  }
  .unsent {
    color: var(--antiphon-muted);
  }
  .unsent.failed {
    color: var(--antiphon-danger);
  }
  .unsent button {
    padding: 0;
    border: 0;
    background: none;
    color: inherit;
    font-size: 13px;
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 2px;
    cursor: pointer;
  }
  .empty {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 6px;
    min-height: 100%;
    padding: 24px;
    color: var(--antiphon-muted);
    font-size: 14px;
    text-align: center;
  }
  .empty .icon {
    width: 34px;
    height: 34px;
    margin-bottom: 6px;
    opacity: 0.6;
  }
  .empty strong {
    color: var(--antiphon-text);
    font-weight: 600;
  }
  .compose {
    position: relative;
    display: flex;
    align-items: flex-end;
    gap: 8px;
    margin: 0 12px 12px;
    padding: 5px 5px 5px 16px;
    border: 1px solid var(--antiphon-line);
    border-radius: 24px;
    background: var(--antiphon-background);
    transition: border-color 0.15s;
  }
  .compose:focus-within {
    border-color: var(--antiphon-accent);
  }
  .compose textarea {
    flex: 1;
    field-sizing: content;
    min-width: 0;
    max-height: 132px;
    padding: 7px 0;
    border: 0;
    background: none;
    font-size: 16px;
    line-height: 22px;
    resize: none;
    scrollbar-width: thin;
  }
  .compose textarea:focus-visible {
    outline: none;
  }
  .compose textarea::placeholder {
    color: var(--antiphon-muted);
  }
  .compose .round {
    width: 36px;
    height: 36px;
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
  }
  .compose .round:disabled {
    background: var(--antiphon-raised);
    color: var(--antiphon-muted);
    opacity: 1;
  }
  .people {
    flex: 1;
    min-height: 0;
    padding: 0 8px 12px;
    overflow-y: auto;
    scrollbar-width: thin;
    scrollbar-color: var(--antiphon-line) transparent;
  }
  .person {
    position: relative;
    display: flex;
    align-items: center;
    gap: 12px;
    min-height: 54px;
    padding: 6px 6px 6px 10px;
    border-radius: calc(var(--antiphon-radius) * 0.75);
  }
  .person:hover,
  .person:focus-within {
    background: color-mix(in oklab, var(--antiphon-raised) 55%, transparent);
  }
  .person[data-away] {
    opacity: 0.55;
  }
  .person .who {
    flex: 1;
    min-width: 0;
    line-height: 1.3;
  }
  .person .who > * {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .person .who strong {
    font-weight: 550;
  }
  .person .who small {
    color: var(--antiphon-muted);
    font-size: 12.5px;
  }
  .person > .icon,
  .mark .icon {
    width: 20px;
    height: 20px;
  }
  .mark {
    color: var(--antiphon-muted);
  }
  .mark.up {
    color: light-dark(#a86e00, #ffd166);
  }
  .person .menu {
    position: absolute;
    z-index: 2;
    inset: 48px 8px auto auto;
  }
  .person.upward .menu {
    inset: auto 8px 48px auto;
  }
`;
