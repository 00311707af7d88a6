/** Ports for programs that cannot take a free one by themselves and say which. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Resolves to so many different ports of loopback that were free just now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
