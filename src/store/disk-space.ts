/** How much space the disk under a folder has left. */

import { statfs } from "node:fs/promises";

const MB = 2 ** 20;

/** One segment of the embedded database's log: with less the disk is what is wrong, whatever the database says. */
const NEEDED_MB = 16;

export interface DiskSpace {
  readonly freeMb: number;
  /** Too little is left for the next write of the database. */
  readonly isFull: boolean;
}

export async function readDiskSpace(folder: string): Promise<DiskSpace> {
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.floor((bavail * bsize) / MB);
  return { freeMb, isFull: freeMb < NEEDED_MB };
}

/** Answers what is left in words; throws where it is too little. */
export async function probeDisk(folder: string): Promise<string> {
  const { freeMb, isFull } = await readDiskSpace(folder);
  if (isFull)
    throw new Error(`the disk of ${folder} is full (${String(freeMb)} MB free); make some space`);
  return `${String(freeMb)} MB free`;
}
