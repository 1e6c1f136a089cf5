/** Looks of what tells something: passing toasts, and notes that stay. */

import { css } from "lit";

export const noticeStyles = css`
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(6px);
    }
  }
  .toast {
    padding: 10px 16px;
    border-radius: var(--antiphon-radius);
    background: light-dark(#232427, #f0f0ee);
    color: light-dark(#fff, #1c1d1f);
    box-shadow: 0 8px 28px rgb(0 0 0 / 0.22);
    font-size: 14px;
    font-weight: 500;
    animation: rise 0.2s;
  }
  .toast.warning {
    border-inline-start: 4px solid light-dark(#f1b552, #b97800);
  }
  .note {
    display: flex;
    gap: 12px;
    padding: 12px 14px;
    border-radius: var(--antiphon-radius);
    background: light-dark(#f8efdc, #2e281c);
    font-size: 13.5px;
    line-height: 1.45;
  }
  .note .icon {
    margin-top: 1px;
    color: var(--antiphon-warning);
  }
  .note strong {
    display: block;
    font-weight: 650;
  }
  .note .button {
    margin-top: 8px;
    background: color-mix(in oklab, var(--antiphon-warning) 16%, transparent);
  }
`;
