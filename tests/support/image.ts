/** The image of the Dockerfile as a folder: its last stage, step by step, with this repository's build in place of the first one. */

import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

export interface Image {
  /** What `/` is in the image. */
  readonly root: string;
  readonly workingDirectory: string;
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly port: number;
  /** What the last stage took from the first one. */
  readonly built: readonly string[];
}

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of each stage. */
export function readStages(): readonly (readonly Instruction[])[] {
  const lines = readFileSync(join(REPOSITORY, "Dockerfile"), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = "", text = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, text });
  }
  return stages;
}

const wordsSchema = z.array(z.string());

/** Carries out the last stage below `root`. An instruction it does not know is an error. */
export function buildImage(root: string): Image {
  const [stage] = readStages().slice(-1);
  const image = { workingDirectory: "/", user: "root", port: 0 };
  const environment: Record<string, string> = {};
  const words = { ENTRYPOINT: [] as readonly string[], CMD: [] as readonly string[] };
  const built: string[] = [];
  const place = (path: string): string => join(root, resolve(image.workingDirectory, path));
  for (const { name, text } of stage ?? []) {
    switch (name) {
      case "FROM":
        break;
      case "ENV": {
        const [key = "", value = ""] = text.split("=");
        environment[key] = value;
        break;
      }
      case "WORKDIR":
        image.workingDirectory = text;
        mkdirSync(place("."), { recursive: true });
        break;
      case "COPY":
        built.push(...copy(text.split(" "), place));
        break;
      case "RUN":
        for (const [, folder = ""] of text.matchAll(/\bmkdir (\/\S+)/g))
          mkdirSync(place(folder), { recursive: true });
        break;
      case "USER":
        image.user = text;
        break;
      case "EXPOSE":
        image.port = Number(text);
        break;
      case "ENTRYPOINT":
      case "CMD":
        words[name] = wordsSchema.parse(JSON.parse(text));
        break;
      default:
        throw new Error(`${name} ${text}: this reader of Dockerfiles does not know it`);
    }
  }
  return { ...image, root, environment, entrypoint: words.ENTRYPOINT, command: words.CMD, built };
}

/** One source and one destination; what the first stage has built lies here under the same names. */
function copy(given: readonly string[], place: (path: string) => string): string[] {
  const isBuilt = given[0] === "--from=build";
  const [source = "", destination = ""] = isBuilt ? given.slice(1) : given;
  const from = join(REPOSITORY, isBuilt ? source.replace("/app/", "") : source);
  const to = place(destination === "./" ? source.replace("/app/", "") : destination);
  mkdirSync(dirname(to), { recursive: true });
  // The packages are too many to copy for a test.
  if (destination === "node_modules") symlinkSync(from, to);
  else cpSync(from, to, { recursive: true });
  return isBuilt ? [source] : [];
}
