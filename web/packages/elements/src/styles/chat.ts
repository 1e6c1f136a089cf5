/** Looks of a conversation: its messages, what is done with them, the line in which one writes. */

import { css } from "lit";

export const chatStyles = css`
  .chat {
    position: relative;
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    container: antiphon-messages / inline-size;
  }
  .log-frame {
    position: relative;
    display: flex;
    flex: 1;
    min-height: 0;
  }
  .log {
    position: relative;
    display: flex;
    flex: 1;
    flex-direction: column;
    min-width: 0;
    padding: 4px 18px 12px;
    overflow-y: auto;
    overflow-anchor: none;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--antiphon-line) transparent;
  }
  .log > * {
    flex: none;
  }
  /* A few messages stand where one writes. */
  .log > :first-child {
    margin-top: auto;
  }
  .log:focus-visible {
    outline-offset: -3px;
  }
  .newest {
    position: absolute;
    inset: auto 18px 8px auto;
    display: grid;
    place-items: center;
    width: 38px;
    height: 38px;
    border: 1px solid var(--antiphon-line);
    border-radius: 50%;
    background: var(--antiphon-surface);
    box-shadow: 0 4px 16px rgb(0 0 0 / 0.14);
    visibility: hidden;
    opacity: 0;
    transition: opacity 0.15s;
    cursor: pointer;
  }
  [data-away] > .newest {
    visibility: visible;
    opacity: 1;
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
  .unread-line {
    color: var(--antiphon-accent);
  }
  .unread-line::before,
  .unread-line::after {
    background: color-mix(in oklab, var(--antiphon-accent) 45%, transparent);
  }
  .group {
    display: grid;
    grid-template-columns: 32px minmax(0, 1fr);
    gap: 2px 10px;
    max-width: 880px;
    margin-bottom: 12px;
  }
  .group > .avatar {
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
    grid-template-columns: minmax(0, 1fr);
    gap: 1px;
    grid-column: 2;
    min-width: 0;
  }
  .row-of {
    position: relative;
    margin: 0 -8px;
    padding: 2px 8px;
    border-radius: calc(var(--antiphon-radius) * 0.5);
    scroll-margin: 60px;
  }
  .row-of:hover,
  .row-of:focus-visible,
  .row-of:has(:focus-visible),
  .row-of[data-open] {
    background: color-mix(in oklab, var(--antiphon-raised) 45%, transparent);
  }
  .row-of[data-called] {
    background: color-mix(in oklab, var(--antiphon-warning) 13%, transparent);
  }
  .row-of:focus-visible {
    outline-offset: -2px;
  }
  .found-row {
    animation: found 1.6s;
  }
  @keyframes found {
    0%,
    40% {
      background: color-mix(in oklab, var(--antiphon-accent) 26%, transparent);
    }
  }
  .message {
    display: inline;
    /* In the direction of its own words, whatever the page's; marks of direction end with it. */
    unicode-bidi: plaintext;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    line-height: 1.45;
  }
  .message.large {
    font-size: 34px;
    line-height: 1.2;
  }
  .message.sending {
    opacity: 0.65;
  }
  .message.gone {
    color: var(--antiphon-muted);
    font-style: italic;
  }
  .message a {
    color: var(--antiphon-accent);
    text-underline-offset: 2px;
  }
  .mention {
    padding: 0 3px;
    border-radius: 5px;
    background: color-mix(in oklab, var(--antiphon-accent) 14%, transparent);
    color: var(--antiphon-accent);
    font-weight: 600;
  }
  .mention.own {
    background: color-mix(in oklab, var(--antiphon-warning) 22%, transparent);
    color: inherit;
  }
  .edited {
    margin-inline-start: 6px;
    color: var(--antiphon-muted);
    font-size: 12px;
  }
  .mark-of {
    display: inline-block;
    margin-inline-start: 6px;
    color: var(--antiphon-muted);
    vertical-align: -3px;
  }
  .mark-of .icon {
    width: 15px;
    height: 15px;
  }
  .mark-of[data-state="displayed"] {
    color: var(--antiphon-accent);
  }
  .failed {
    color: var(--antiphon-danger);
    font-size: 13px;
  }
  .failed button {
    padding: 0;
    border: 0;
    background: none;
    color: inherit;
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 2px;
    cursor: pointer;
  }
  .failed button + button {
    margin-inline-start: 8px;
  }
  .quote {
    display: flex;
    gap: 6px;
    min-width: 0;
    max-width: 100%;
    margin: 2px 0 3px;
    padding: 2px 10px;
    border: 0;
    border-inline-start: 3px solid var(--antiphon-accent);
    border-radius: 3px 8px 8px 3px;
    background: color-mix(in oklab, var(--antiphon-raised) 60%, transparent);
    color: var(--antiphon-muted);
    font-size: 13px;
    text-align: start;
    cursor: pointer;
  }
  .quote strong {
    flex: none;
    color: var(--antiphon-text);
    font-weight: 600;
  }
  .quote span,
  .context span span {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .quoted {
    max-height: 120px;
    margin: 0;
    padding: 8px 14px;
    border-inline-start: 3px solid var(--antiphon-line);
    overflow: auto;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .row.end {
    justify-content: flex-end;
  }
  .reactions {
    display: flex;
    flex-wrap: wrap;
    gap: 5px;
    padding: 4px 0 3px;
  }
  .reaction {
    display: inline-flex;
    align-items: center;
    gap: 5px;
    min-height: 27px;
    padding: 0 9px;
    border: 1px solid var(--antiphon-line);
    border-radius: 14px;
    background: var(--antiphon-surface);
    font-size: 14px;
    line-height: 1;
    cursor: pointer;
  }
  .reaction span {
    color: var(--antiphon-muted);
    font-size: 12px;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .reaction[aria-pressed="true"] {
    border-color: var(--antiphon-accent);
    background: color-mix(in oklab, var(--antiphon-accent) 13%, var(--antiphon-surface));
  }
  .reaction:disabled {
    cursor: default;
  }
  .tools {
    position: absolute;
    z-index: 1;
    inset: -15px 4px auto auto;
    display: flex;
    padding: 2px;
    border: 1px solid var(--antiphon-line);
    border-radius: 11px;
    background: var(--antiphon-surface);
    box-shadow: 0 3px 12px rgb(0 0 0 / 0.09);
    visibility: hidden;
    opacity: 0;
  }
  .row-of:hover > .tools,
  .row-of:focus-visible > .tools,
  .row-of:has(:focus-visible) > .tools,
  .row-of[data-open] > .tools {
    visibility: visible;
    opacity: 1;
  }
  @media (hover: none) {
    .row-of:focus-within > .tools {
      visibility: visible;
      opacity: 1;
    }
  }
  .tools button {
    display: grid;
    place-items: center;
    width: 31px;
    height: 29px;
    border: 0;
    border-radius: 8px;
    background: none;
    color: var(--antiphon-muted);
    cursor: pointer;
  }
  .tools button:hover {
    background: var(--antiphon-raised);
    color: var(--antiphon-text);
  }
  .tools .icon {
    width: 19px;
    height: 19px;
  }
  @media (pointer: coarse) {
    .tools button {
      width: 42px;
      height: 38px;
    }
  }
  .row-of > .menu,
  .row-of > .emoji {
    position: absolute;
    z-index: 4;
    inset: 18px 4px auto auto;
  }
  /* Near the end there is more place above. */
  .group:nth-last-of-type(-n + 2) .row-of:nth-last-child(-n + 4) > .emoji,
  .group:last-of-type .row-of:nth-last-child(-n + 3) > .menu {
    inset: auto 4px calc(100% + 18px) auto;
  }
  /* But not when there is nothing above. */
  .group:nth-of-type(-n + 2) .row-of > .emoji,
  .group:first-of-type .row-of > .menu {
    inset: 18px 4px auto auto !important;
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
  .typists {
    min-height: 21px;
    padding: 0 20px;
    overflow: hidden;
    color: var(--antiphon-muted);
    font-size: 12.5px;
    line-height: 21px;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .drop {
    position: absolute;
    z-index: 6;
    inset: 8px;
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 8px;
    border: 2px dashed var(--antiphon-accent);
    border-radius: var(--antiphon-radius);
    background: color-mix(in oklab, var(--antiphon-surface) 88%, transparent);
    font-weight: 600;
    pointer-events: none;
  }
  .drop .icon {
    width: 32px;
    height: 32px;
    color: var(--antiphon-accent);
  }
`;
