/** Serves the playground on a free port of this machine: `node packages/playground/serve.mjs`. */

import { fileURLToPath } from "node:url";
import { context } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const bundle = await context({
  entryPoints: [`${here}src/main.ts`],
  bundle: true,
  format: "esm",
  target: "es2022",
  outfile: `${here}dist/main.js`,
  sourcemap: "inline",
  logLevel: "warning",
});
const { port } = await bundle.serve({
  servedir: here,
  host: "127.0.0.1",
  port: Number(process.env.PORT ?? 0),
});
console.log(`playground http://127.0.0.1:${port}/`);
