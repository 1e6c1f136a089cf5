import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string) =>
  fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: { "@antiphon/client": source("client"), "@antiphon/elements": source("elements") },
  },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    pool: "threads",
    maxWorkers: 2,
    testTimeout: 60_000, // for what has failed, not for what is slow
  },
});
