/** Client certificates and authorities from their files, read and checked before anything is sent with them. */

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { pathsOf, type Certificates, type ClientCertificate } from "./core/certificates.js";
import type { Config } from "./core/config.js";
import { messageOf, TurnpikeError, type ErrorCode } from "./core/errors.js";
import type { CertificateSource } from "./core/ports.js";

interface Place {
  /** What paths are relative to. */
  readonly directory: string;
  /** Of whoever gave the paths. */
  readonly error: ErrorCode;
}

/** The certificates of the configuration, read anew for each run, so that renewed files need no restart. */
export function configuredCertificates(
  config: Pick<Config, "clientCertificates" | "certificateAuthorities">,
): CertificateSource {
  return {
    async read(reveal) {
      const list: ClientCertificate[] = [];
      for (const [index, row] of config.clientCertificates.entries()) {
        const { passphrase } = row;
        const path = `clientCertificates.${String(index)}.passphrase`;
        const revealed = passphrase === undefined ? undefined : await reveal(passphrase, path);
        // A secret that leads nowhere is told by whoever reveals them.
        if (revealed === null) return undefined;
        list.push({ ...atPlace(row), passphrase: revealed });
      }
      const authorities = config.certificateAuthorities;
      if (list.length === 0 && authorities === undefined) return undefined;
      return readCertificateFiles(
        { list, authorities },
        { directory: ".", error: "INVALID_CONFIG" },
      );
    },
  };
}

/** With whole paths, so that they are not taken for files of a caller in another folder. */
function atPlace({ key, cert, pfx, ...row }: ClientCertificate): ClientCertificate {
  return {
    ...row,
    ...(key !== undefined && { key: { src: resolve(key.src) } }),
    ...(cert !== undefined && { cert: { src: resolve(cert.src) } }),
    ...(pfx !== undefined && { pfx: { src: resolve(pfx.src) } }),
  };
}

/** Throws the error of the place for a file that cannot be read, or that TLS cannot use. */
export async function readCertificateFiles(
  given: { readonly list: readonly ClientCertificate[]; readonly authorities: string | undefined },
  place: Place,
): Promise<Certificates> {
  const files = new Map<string, Buffer>();
  for (const path of given.list.flatMap(pathsOf)) files.set(path, await readGiven(path, place));
  for (const certificate of given.list) checkCertificate(certificate, files, place.error);
  const authorities =
    given.authorities === undefined ? null : await readGiven(given.authorities, place);
  if (authorities !== null)
    check(
      place.error,
      `the authorities of ${given.authorities ?? ""}`,
      () => new X509Certificate(authorities),
    );
  return {
    list: [...given.list],
    files: Object.fromEntries([...files].map(([path, bytes]) => [path, bytes.toString("base64")])),
    ...(authorities !== null && { authorities: authorities.toString("utf8") }),
  };
}

function checkCertificate(
  { name, key, cert, pfx, passphrase }: ClientCertificate,
  files: ReadonlyMap<string, Buffer>,
  error: ErrorCode,
): void {
  const content = (source: { readonly src: string } | undefined): Buffer | undefined =>
    source === undefined ? undefined : files.get(source.src);
  check(error, `the client certificate ${name ?? cert?.src ?? pfx?.src ?? ""}`, () =>
    createSecureContext({
      key: content(key),
      cert: content(cert),
      pfx: content(pfx),
      passphrase,
    }),
  );
}

/** TLS says now what it would say at the first request: a wrong passphrase, a key of another certificate, no PEM. */
function check(error: ErrorCode, what: string, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw new TurnpikeError(
      error,
      `${what} cannot be used: ${messageOf(cause)}; check the files and the passphrase`,
      { cause },
    );
  }
}

/** The bytes of a file as it was given; the path is relative to the folder. */
export async function readGiven(given: string, { directory, error }: Place): Promise<Buffer> {
  const path = resolve(directory, given);
  try {
    return await readFile(path);
  } catch (cause) {
    const place = given === path ? "" : ` at ${path}`;
    throw new TurnpikeError(error, `${given} cannot be read${place}; check the path`, { cause });
  }
}
