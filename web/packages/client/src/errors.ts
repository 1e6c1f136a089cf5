/** The one error of this library; it knows no message and no socket. */

/**
 * What went wrong, as a word for programs and a text for people.
 *
 * `reason` is one of the signalling's reasons (`forbidden`, `not_found`, …) or of this library's:
 * `network` (the server cannot be reached), `protocol` (it sent what nobody can understand),
 * `unavailable` (this environment lacks WebRTC or WebSocket), `not-connected`, and those of
 * `DeviceReason`.
 */
export class AntiphonError extends Error {
  /** A stable word. */
  readonly reason: string;

  constructor(reason: string, text: string, options?: ErrorOptions) {
    super(text || reason, options);
    this.name = "AntiphonError";
    this.reason = reason;
  }
}

/** Any thrown value as an AntiphonError; `reason` is used where it is not one already. */
export function toAntiphonError(error: unknown, reason: string): AntiphonError {
  if (error instanceof AntiphonError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new AntiphonError(reason, text, { cause: error });
}

/** Whether the error is an AntiphonError with one of these reasons. */
export function hasReason(error: unknown, ...reasons: string[]): error is AntiphonError {
  return error instanceof AntiphonError && reasons.includes(error.reason);
}
