/** Certificates for tests, made by openssl for this machine alone: an authority, a server and clients it has signed, and that server. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";

/** A reason to skip where openssl is not installed. */
export function opensslMissing(): string | false {
  const { error, status } = spawnSync("openssl", ["version"], { stdio: "ignore" });
  if (error === undefined && status === 0) return false;
  return "openssl is not installed here (Debian package openssl), and a certificate has to be made";
}

/** Writes `ca`, `server`, and one certificate for each client into the folder, each as NAME.pem with NAME.key. */
export function makeCertificates(
  folder: string,
  clients: Readonly<Record<string, { readonly passphrase: string | null }>>,
): void {
  const openssl = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  };
  const key = (name: string, passphrase: string | null): void => {
    const locked = passphrase === null ? [] : ["-aes256", "-pass", `pass:${passphrase}`];
    openssl(
      "genpkey",
      "-algorithm",
      "EC",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      ...locked,
      "-out",
      `${name}.key`,
    );
  };
  const request = ["req", "-new", "-subj"];
  key("ca", null);
  openssl(
    ...request,
    "/CN=test authority",
    "-x509",
    "-days",
    "2",
    "-key",
    "ca.key",
    "-out",
    "ca.pem",
  );
  const sign = (name: string, passphrase: string | null): void => {
    key(name, passphrase);
    const unlock = passphrase === null ? [] : ["-passin", `pass:${passphrase}`];
    openssl(
      ...request,
      `/CN=${name}`,
      "-key",
      `${name}.key`,
      ...unlock,
      "-addext",
      "subjectAltName=IP:127.0.0.1,DNS:localhost",
      "-out",
      `${name}.csr`,
    );
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-copy_extensions",
      "copy",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
      "-out",
      `${name}.pem`,
    );
  };
  sign("server", null);
  for (const [name, { passphrase }] of Object.entries(clients)) sign(name, passphrase);
}

export interface CertificateTarget {
  readonly port: number;
  /** Who asked for what since the last call, by the name in the certificate it showed. */
  take(): readonly string[];
  close(): Promise<void>;
}

/** A server that talks to nobody without a certificate of the folder's authority; `/moved` redirects to `/there`. */
export async function openCertificateTarget(folder: string): Promise<CertificateTarget> {
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  let seen: string[] = [];
  const server = createServer(
    { key: file("server.key"), cert: file("server.pem"), ca: file("ca.pem"), requestCert: true },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      seen.push(`${String(subject.CN)} ${request.url ?? ""}`);
      if (request.url === "/moved") response.writeHead(302, { location: "/there" });
      response.end("{}");
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
