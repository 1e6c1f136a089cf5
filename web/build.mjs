/**
 * Builds the browser side: `node build.mjs` makes the node's web assets (../python/antiphon/web)
 * and the npm package (packages/antiphon/dist); with `--assets`, the former only.
 */

import { execFile } from "node:child_process";
import { access, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, transform } from "esbuild";

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const PAGES = path.join(ROOT, "packages/elements/pages");
const ENTRY = path.join(ROOT, "packages/antiphon/src/index.ts");
const CLIENT_ENTRY = path.join(ROOT, "packages/client/src/index.ts");
const WORKER_ENTRY = path.join(ROOT, "packages/client/src/push/worker-main.ts");
const ASSETS = path.join(ROOT, "../python/antiphon/web");
const DIST = path.join(ROOT, "packages/antiphon/dist");

/** The files that pages and servers refer to. */
const EXPECTED = ["index.html", "room.html", "components/antiphon.js", "push-worker.js"];

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: ["es2022"],
  sourcemap: true,
  legalComments: "linked",
  logLevel: "warning",
};

/** Style sheets in template strings, which minifying JavaScript leaves as they are. */
const minifiedStyles = {
  name: "minified styles",
  setup(build) {
    build.onLoad(
      { filter: /elements[/\\]src[/\\]styles[/\\][\w-]+\.ts$/ },
      async ({ path: file }) => {
        const text = await readFile(file, "utf8");
        const [before, sheet, after, ...rest] = text.split(/(?<=css`)|(?=`;\n)/);
        if (after === undefined || rest.length > 0 || /[\\$]/.test(sheet)) {
          throw new Error(`${file}: not one style sheet without substitutions`);
        }
        const { code } = await transform(sheet, { loader: "css", minify: true });
        return { contents: before + code.trim() + after, loader: "ts" };
      },
    );
  },
};

/** One ES module, with parts that it fetches when they are needed, and the pages made of it. */
async function buildAssets() {
  await need(path.join(ROOT, "packages/elements/src/index.ts"));
  await need(PAGES);
  await rm(ASSETS, { recursive: true, force: true });
  await mkdir(ASSETS, { recursive: true });
  await cp(PAGES, ASSETS, { recursive: true });
  await build({
    ...COMMON,
    entryPoints: { antiphon: ENTRY },
    outdir: path.join(ASSETS, "components"),
    // What is rarely used is fetched when it is.
    splitting: true,
    chunkNames: "[name]-[hash]",
    charset: "utf8",
    minify: true,
    plugins: [minifiedStyles],
  });
  // A service worker has charge of the pages beside and below it.
  await build({
    ...COMMON,
    entryPoints: [WORKER_ENTRY],
    outfile: path.join(ASSETS, "push-worker.js"),
    format: "iife",
    minify: true,
  });
  for (const file of EXPECTED) await need(path.join(ASSETS, file));
}

/** The npm package: modules that leave lit to the application's bundler, and their types. */
async function buildPackage() {
  await rm(DIST, { recursive: true, force: true });
  await build({
    ...COMMON,
    entryPoints: { index: ENTRY, client: CLIENT_ENTRY, "push-worker": WORKER_ENTRY },
    outdir: DIST,
    splitting: true,
    external: ["lit", "lit/*"],
  });
  const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: ROOT });
  for (const file of await readdir(DIST, { recursive: true })) {
    if (file.endsWith(".d.ts")) await makeRelative(path.join(DIST, file));
  }
}

/** The workspace's package names mean nothing to who installs the package. */
async function makeRelative(file) {
  const text = await readFile(file, "utf8");
  const changed = text.replace(/(["'])@antiphon\/(client|elements)\1/g, (_, quote, name) => {
    const target = path.join(DIST, name, "src/index.js");
    const relative = path.relative(path.dirname(file), target).replaceAll(path.sep, "/");
    return `${quote}${relative.startsWith(".") ? relative : `./${relative}`}${quote}`;
  });
  if (changed !== text) await writeFile(file, changed);
}

async function need(file) {
  try {
    await access(file);
  } catch {
    throw new Error(`${path.relative(ROOT, file)} is missing`);
  }
}

try {
  await buildAssets();
  if (!process.argv.includes("--assets")) await buildPackage();
} catch (error) {
  // Of a compiler, what it wrote tells more than that it failed.
  process.stderr.write(`build: ${error.stdout || ""}${error.message}\n`);
  process.exitCode = 1;
}
