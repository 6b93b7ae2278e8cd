#!/usr/bin/env node
import { existsSync } from "node:fs";
import process from "node:process";

const program = new URL("../dist/src/main.js", import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write("turnpike is not built yet: run `npm run build` in its folder first\n");
  process.exitCode = 3;
}
