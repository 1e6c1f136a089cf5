/** Looks of the line in which one writes, of files, of the choice of emoji and of the search. */

import { css } from "lit";

export const composeStyles = css`
  .composer {
    position: relative;
    padding: 0 12px 12px;
  }
  .compose {
    position: relative;
    display: flex;
    align-items: flex-end;
    gap: 2px;
    padding: 4px 5px 4px 6px;
    border: 1px solid var(--antiphon-line);
    border-radius: 23px;
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
    max-height: 156px;
    padding: 7px 4px 7px 8px;
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
    overflow: hidden;
    color: var(--antiphon-muted);
    opacity: 1;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .compose .round.quiet {
    color: var(--antiphon-muted);
  }
  .compose .round.quiet:hover {
    color: var(--antiphon-text);
  }
  .compose .round[part~="chat-send"] {
    width: 36px;
    height: 36px;
    margin-inline-start: 3px;
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
  }
  .compose .round[part~="chat-send"]:disabled {
    background: var(--antiphon-raised);
    color: var(--antiphon-muted);
    opacity: 1;
  }
  .waiting-line {
    padding: 0 8px 6px;
    color: var(--antiphon-warning);
    font-size: 12.5px;
  }
  .context {
    display: flex;
    align-items: center;
    gap: 10px;
    margin: 0 6px 6px;
    padding: 4px 4px 4px 12px;
    border-inline-start: 3px solid var(--antiphon-accent);
    border-radius: 3px 10px 10px 3px;
    background: color-mix(in oklab, var(--antiphon-raised) 60%, transparent);
    font-size: 13px;
  }
  .context > .icon {
    width: 18px;
    height: 18px;
    color: var(--antiphon-accent);
  }
  .context > span {
    display: grid;
    flex: 1;
    min-width: 0;
    line-height: 1.35;
  }
  .context span span {
    color: var(--antiphon-muted);
  }
  .pending {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin: 0 6px 8px;
  }
  .pending li {
    position: relative;
    display: flex;
    align-items: center;
    gap: 8px;
    max-width: 250px;
    padding: 5px 4px 5px 6px;
    border: 1px solid var(--antiphon-line);
    border-radius: 12px;
    overflow: hidden;
    font-size: 13px;
  }
  .pending li::after {
    content: "";
    position: absolute;
    inset: auto auto 0 0;
    width: calc(var(--progress) * 100%);
    height: 3px;
    background: var(--antiphon-accent);
    transition: width 0.15s;
  }
  .pending [data-state="ready"]::after {
    opacity: 0;
  }
  .pending .failed {
    border-color: var(--antiphon-danger);
  }
  .pending img {
    width: 38px;
    height: 38px;
    border-radius: 7px;
    object-fit: cover;
  }
  .pending span,
  .file span {
    display: grid;
    flex: 1;
    min-width: 0;
    line-height: 1.3;
  }
  .pending strong,
  .file strong {
    overflow: hidden;
    font-weight: 550;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .pending small,
  .file small {
    color: var(--antiphon-muted);
    font-size: 12px;
    font-weight: 400;
  }
  .pending .round {
    width: 28px;
    height: 28px;
  }
  .pending .round .icon {
    width: 17px;
    height: 17px;
  }
  .names {
    position: absolute;
    z-index: 3;
    inset: auto 24px calc(100% + 2px) 24px;
    max-width: 280px;
    padding: 5px;
    border: 1px solid var(--antiphon-line);
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    box-shadow: 0 8px 30px rgb(0 0 0 / 0.16);
  }
  .names button {
    width: 100%;
    min-height: 36px;
    padding: 0 10px;
    border: 0;
    border-radius: 8px;
    background: none;
    font-weight: 550;
    text-align: start;
    cursor: pointer;
  }
  .names button:hover,
  .names li:first-child button {
    background: var(--antiphon-raised);
  }
  .attachments {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    padding: 4px 0;
  }
  .attachments li {
    min-width: 0;
    max-width: 100%;
  }
  /* Pictures stand beside each other, files below each other. */
  .attachments li:not(:has(> .picture)) {
    flex-basis: 100%;
  }
  .picture img {
    display: block;
    max-width: 100%;
    height: auto;
    border-radius: 10px;
    background: var(--antiphon-tile);
    object-fit: cover;
  }
  .picture:focus-visible img {
    outline: 2.5px solid var(--antiphon-accent);
    outline-offset: 2px;
  }
  .attachments audio {
    display: block;
    width: 280px;
    max-width: 100%;
    height: 40px;
    margin-bottom: 4px;
  }
  .attachments video {
    display: block;
    width: 320px;
    max-width: 100%;
    margin-bottom: 4px;
    border-radius: 10px;
    background: #000;
  }
  .file {
    display: flex;
    align-items: center;
    gap: 10px;
    width: 280px;
    max-width: 100%;
    padding: 8px 12px 8px 10px;
    border: 1px solid var(--antiphon-line);
    border-radius: 12px;
    background: var(--antiphon-surface);
    color: inherit;
    font-size: 14px;
    text-decoration: none;
  }
  .file:hover {
    border-color: var(--antiphon-accent);
  }
  .file > .icon:first-child {
    width: 26px;
    height: 26px;
    color: var(--antiphon-accent);
  }
  .file > .icon:last-child {
    width: 18px;
    height: 18px;
    color: var(--antiphon-muted);
  }
  .emoji {
    display: flex;
    flex-direction: column;
    width: 312px;
    max-width: calc(100cqw - 24px);
    height: 300px;
    padding: 10px 0 0 10px;
    border: 1px solid var(--antiphon-line);
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    box-shadow: 0 12px 36px rgb(0 0 0 / 0.2);
  }
  .compose > .emoji {
    position: absolute;
    z-index: 4;
    inset: auto 6px calc(100% + 8px) auto;
  }
  .emoji .input {
    width: calc(100% - 10px);
    min-height: 38px;
    flex: none;
  }
  .emoji-groups {
    flex: 1;
    min-height: 0;
    padding: 4px 8px 8px 0;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
  }
  .emoji h3 {
    margin: 8px 0 4px 4px;
    color: var(--antiphon-muted);
    font-size: 12px;
    font-weight: 600;
  }
  .emoji-row {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(34px, 1fr));
  }
  .emoji-row button {
    aspect-ratio: 1;
    padding: 0;
    border: 0;
    border-radius: 8px;
    background: none;
    font-size: 21px;
    line-height: 1;
    cursor: pointer;
  }
  .emoji-row button:hover,
  .emoji-row button:focus-visible {
    background: var(--antiphon-raised);
  }
  .emoji .none,
  .found .none {
    padding: 20px;
    color: var(--antiphon-muted);
    font-size: 14px;
    text-align: center;
  }
  .finder {
    display: flex;
    flex-direction: column;
    max-height: 55%;
    padding: 6px 12px 8px;
    border-bottom: 1px solid var(--antiphon-line);
  }
  .finder form {
    display: flex;
    align-items: center;
    gap: 6px;
  }
  .finder .input {
    min-height: 40px;
  }
  .found {
    min-height: 0;
    margin-top: 6px;
    overflow-y: auto;
    scrollbar-width: thin;
  }
  .found .busy {
    display: grid;
    place-items: center;
    padding: 16px;
  }
  .found [part~="found-message"] {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 10px;
    width: 100%;
    padding: 7px 10px;
    border: 0;
    border-radius: 10px;
    background: none;
    font-size: 14px;
    text-align: start;
    cursor: pointer;
  }
  .found [part~="found-message"]:hover,
  .found [part~="found-message"]:focus-visible {
    background: var(--antiphon-raised);
    outline-offset: -2px;
  }
  .found strong {
    font-weight: 600;
  }
  .found time {
    color: var(--antiphon-muted);
    font-size: 12px;
  }
  .found [part~="found-message"] span {
    grid-column: 1 / -1;
    overflow: hidden;
    color: var(--antiphon-muted);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
`;
