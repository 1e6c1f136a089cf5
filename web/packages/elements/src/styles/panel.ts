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
