/** The flags `--ssl-…`, named as Newman's: client certificates and further authorities, read and checked before anything runs. */

import type { Command } from "commander";
import {
  certificateListSchema,
  EVERY_URL,
  type Certificates,
  type ClientCertificate,
} from "../core/certificates.js";
import { messageOf, refusal, TurnpikeError } from "../core/errors.js";
import { toProblems } from "../core/schema-problems.js";
import { readCertificateFiles, readGiven } from "../certificates.js";

export interface CertificateFlags {
  readonly sslClientCert: string | undefined;
  readonly sslClientKey: string | undefined;
  readonly sslClientPassphrase: string | undefined;
  readonly sslClientCertList: string | undefined;
  readonly sslExtraCaCerts: string | undefined;
  readonly workingDir: string | undefined;
}

export function addCertificateFlags(command: Command): void {
  command
    .option("--ssl-client-cert <file>", "client certificate (PEM) for every host of no other")
    .option("--ssl-client-key <file>", "its private key (PEM)")
    .option("--ssl-client-passphrase <text>", "passphrase of that key")
    .option("--ssl-client-cert-list <file>", "client certificates by URL, as a JSON list")
    .option("--ssl-extra-ca-certs <file>", "authorities to trust besides Node's own (PEM)");
}

/** Undefined where no flag asks for any. Paths are relative to the working directory, as under Newman. */
export async function readCertificates(flags: CertificateFlags): Promise<Certificates | undefined> {
  const list = [...(await readList(flags.sslClientCertList)), ...ofFlags(flags)];
  if (list.length === 0 && flags.sslExtraCaCerts === undefined) return undefined;
  return readCertificateFiles(
    { list, authorities: flags.sslExtraCaCerts },
    { directory: flags.workingDir ?? ".", error: "INVALID_REQUEST" },
  );
}

/** The certificate of the single flags stands last, so that it serves the URLs no other one matches. */
function ofFlags({
  sslClientCert,
  sslClientKey,
  sslClientPassphrase,
}: CertificateFlags): readonly ClientCertificate[] {
  if (sslClientCert === undefined && sslClientKey === undefined) {
    if (sslClientPassphrase === undefined) return [];
    throw new TurnpikeError(
      "INVALID_REQUEST",
      "--ssl-client-passphrase has no key to open; give --ssl-client-cert and --ssl-client-key",
    );
  }
  if (sslClientCert === undefined || sslClientKey === undefined) {
    const missing = sslClientCert === undefined ? "--ssl-client-cert" : "--ssl-client-key";
    throw new TurnpikeError(
      "INVALID_REQUEST",
      `${missing} is missing; a client certificate needs its key`,
    );
  }
  return [
    {
      name: "client-cert",
      matches: [EVERY_URL],
      cert: { src: sslClientCert },
      key: { src: sslClientKey },
      ...(sslClientPassphrase !== undefined && { passphrase: sslClientPassphrase }),
    },
  ];
}

async function readList(path: string | undefined): Promise<readonly ClientCertificate[]> {
  if (path === undefined) return [];
  const given = { directory: ".", error: "INVALID_REQUEST" } as const;
  const document = parse(path, (await readGiven(path, given)).toString("utf8"));
  const read = certificateListSchema.safeParse(document);
  if (read.success) return read.data;
  const problems = toProblems(read.error, [], document, certificateListSchema);
  throw refusal("INVALID_REQUEST", path, problems);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new TurnpikeError("INVALID_REQUEST", `${path} is not JSON: ${messageOf(cause)}`, {
      cause,
    });
  }
}
