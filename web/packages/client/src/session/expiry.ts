/** When a token ends, so that another one can be got in time; it knows nobody who gives any. */

/** Milliseconds since 1970; Infinity: it does not say so (RFC 7519 §4.1.4). */
export function tokenExpiry(token: string): number {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { exp } = JSON.parse(atob(payload)) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
