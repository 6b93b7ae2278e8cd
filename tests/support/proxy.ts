/** A stretch of network between a program and a server on this machine, which can swallow everything and give it back later. */

import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Proxy {
  readonly port: number;
  /** From now on nothing gets through in either direction, and nobody is told: connections stay open, new ones hear nothing. */
  cut(): void;
  /** What was held gets through, in order, and so does everything that follows. */
  mend(): void;
  close(): Promise<void>;
}

/** Listens on an address of its own, such as 127.0.0.2. */
export async function openProxy(address: string, serverPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const relay = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on("data", (bytes) => to.write(bytes));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isCut) from.pause();
  };
  const server = createServer((near) => {
    const far = connect(serverPort, "127.0.0.1");
    relay(near, far);
    relay(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
