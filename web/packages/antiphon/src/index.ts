/** The npm package `antiphon`: client library and web components in one; it adds nothing of its own. */

// Both know one; the client's is the complete one.
export type { Credentials } from "@antiphon/client";
export * from "@antiphon/client";
export * from "@antiphon/elements";
