/** The npm package `antiphon`: client library and web components in one; it adds nothing of its own. */

export * from "@antiphon/client";
export * from "@antiphon/elements";
