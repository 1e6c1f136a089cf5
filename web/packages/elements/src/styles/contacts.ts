/** Looks of the list of contacts and conversations. */

import { css } from "lit";

export const contactStyles = css`
  :host {
    --antiphon-dot-edge: var(--antiphon-background);
    position: relative;
    width: 100%;
    height: 100%;
    min-height: 260px;
    overflow: hidden;
  }
  .frame {
    display: flex;
    flex-direction: column;
    height: 100%;
    min-height: inherit;
  }
  .top {
    display: flex;
    align-items: center;
    gap: 6px;
    padding: 4px 10px 8px 14px;
  }
  .search {
    display: flex;
    flex: 1;
    align-items: center;
    gap: 8px;
    min-width: 0;
    padding: 0 12px;
    border: 1px solid var(--antiphon-line);
    border-radius: 21px;
    background: var(--antiphon-surface);
    color: var(--antiphon-muted);
    transition: border-color 0.15s;
  }
  .search:focus-within {
    border-color: var(--antiphon-accent);
  }
  .search .icon {
    width: 18px;
    height: 18px;
  }
  .search input {
    flex: 1;
    min-width: 0;
    height: 40px;
    padding: 0;
    border: 0;
    background: none;
    color: var(--antiphon-text);
    font-size: 16px;
  }
  .search input:focus-visible {
    outline: none;
  }
  .top .round {
    width: 42px;
    height: 42px;
  }
  .tabs {
    display: flex;
    gap: 4px;
    padding: 0 14px 8px;
  }
  .tabs button {
    display: inline-flex;
    flex: 1;
    align-items: center;
    justify-content: center;
    gap: 7px;
    min-height: 38px;
    border: 0;
    border-radius: 19px;
    background: none;
    color: var(--antiphon-muted);
    font-size: 14px;
    font-weight: 600;
    cursor: pointer;
  }
  .tabs button:hover {
    color: var(--antiphon-text);
  }
  .tabs [aria-selected="true"] {
    background: var(--antiphon-raised);
    color: var(--antiphon-text);
  }
  .count-of {
    display: inline-grid;
    place-items: center;
    min-width: 20px;
    height: 20px;
    padding: 0 6px;
    border-radius: 10px;
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
    font-size: 12px;
    font-weight: 650;
    font-variant-numeric: tabular-nums;
  }
  .lists {
    flex: 1;
    min-height: 0;
    padding: 0 8px 16px;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--antiphon-line) transparent;
  }
  h3 {
    padding: 14px 10px 5px;
    color: var(--antiphon-muted);
    font-size: 12.5px;
    font-weight: 600;
  }
  .person {
    position: relative;
    border-radius: calc(var(--antiphon-radius) * 0.85);
  }
  /* Of a long list, what is in sight is laid out. */
  .person:not([data-menu], :focus-within) {
    content-visibility: auto;
    contain-intrinsic-height: auto 62px;
  }
  .person:hover,
  .person:focus-within,
  .person[data-menu] {
    --antiphon-dot-edge: color-mix(
      in oklab,
      var(--antiphon-raised) 60%,
      var(--antiphon-background)
    );
    background: var(--antiphon-dot-edge);
  }
  .person[data-current] {
    --antiphon-dot-edge: var(--antiphon-raised);
    background: var(--antiphon-raised);
  }
  .open {
    display: flex;
    align-items: center;
    gap: 12px;
    width: 100%;
    min-height: 62px;
    padding: 8px 10px;
    border: 0;
    border-radius: inherit;
    background: none;
    text-align: start;
    cursor: pointer;
  }
  .open:focus-visible {
    outline-offset: -2px;
  }
  .open .avatar {
    width: 44px;
    height: 44px;
    font-size: 15px;
  }
  .who {
    flex: 1;
    min-width: 0;
    line-height: 1.35;
  }
  .open .who > * {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .who strong {
    font-weight: 600;
  }
  .who small {
    color: var(--antiphon-muted);
    font-size: 13.5px;
  }
  .who em {
    color: var(--antiphon-accent);
    font-style: normal;
  }
  [data-unread] .who strong {
    font-weight: 700;
  }
  [data-unread] .who small {
    color: var(--antiphon-text);
  }
  .aside {
    display: grid;
    flex: none;
    justify-items: end;
    gap: 3px;
    align-self: start;
    padding-top: 3px;
    color: var(--antiphon-muted);
    font-size: 12px;
  }
  .actions {
    position: absolute;
    inset: 0 8px 0 auto;
    display: flex;
    align-items: center;
    gap: 2px;
    padding-inline-start: 26px;
    background: linear-gradient(to right, transparent, var(--antiphon-dot-edge) 24px);
    border-radius: inherit;
    visibility: hidden;
    opacity: 0;
  }
  .person:hover .actions,
  .person:focus-within .actions,
  .person[data-menu] .actions {
    visibility: visible;
    opacity: 1;
  }
  .actions .round {
    width: 38px;
    height: 38px;
    color: var(--antiphon-muted);
  }
  .actions .round:hover {
    background: var(--antiphon-surface);
    color: var(--antiphon-text);
  }
  @media (hover: none) {
    .person .actions {
      background: none;
      visibility: visible;
      opacity: 1;
    }
    .person .actions [part="call"] {
      display: none;
    }
    .person .open {
      padding-inline-end: 50px;
    }
  }
  .person .menu {
    position: absolute;
    z-index: 5;
    inset: calc(100% - 10px) 8px auto auto;
  }
  li:nth-last-child(-n + 3):nth-child(n + 5) > .menu {
    inset: auto 8px calc(100% - 10px) auto;
  }
  .requests {
    display: grid;
    gap: 8px;
    padding: 2px 4px 10px;
  }
  .request {
    display: flex;
    gap: 12px;
    padding: 12px;
    border: 1px solid color-mix(in oklab, var(--antiphon-accent) 40%, var(--antiphon-line));
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
  }
  .request .who small {
    display: block;
    overflow-wrap: anywhere;
  }
  .request .row {
    margin-top: 8px;
  }
  .blocked {
    margin: 14px 10px 0;
    color: var(--antiphon-muted);
    font-size: 13.5px;
  }
  .blocked summary {
    padding: 4px 0;
    font-weight: 600;
    cursor: pointer;
  }
  .blocked li {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 3px 0;
  }
  .blocked li span {
    flex: 1;
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .none {
    padding: 20px;
    color: var(--antiphon-muted);
    text-align: center;
  }
  .write-to {
    width: 100%;
    min-height: 58px;
    justify-content: flex-start;
    padding: 0 10px;
    font-weight: 500;
    white-space: normal;
    overflow-wrap: anywhere;
    text-align: start;
  }
  .more-of {
    display: flex;
    margin: 8px auto 0;
  }
  .empty {
    display: grid;
    justify-items: center;
    gap: 6px;
    padding: 48px 24px;
    color: var(--antiphon-muted);
    font-size: 14px;
    text-align: center;
  }
  .empty > .icon {
    width: 34px;
    height: 34px;
    margin-bottom: 6px;
    opacity: 0.6;
  }
  .empty strong {
    color: var(--antiphon-text);
    font-weight: 600;
  }
  .row.end {
    justify-content: flex-end;
  }
  .toasts {
    position: absolute;
    z-index: 8;
    inset: auto 12px 12px;
    display: grid;
    gap: 8px;
    pointer-events: none;
  }
`;
