/**
 * What a trusted proxy says of a request: the address that a client counts as, and whether it came over TLS. One
 * function each for upgrades, event streams, the API and pages.
 */
import { isIP } from 'node:net';
import type { TransportRequest } from './transport.js';

/**
 * Returns the address of the client as limits count it: that of the peer, or the one that a trusted proxy reports. A
 * proxy appends the address that it sees, so only the last one counts; the client itself may have sent those before.
 * All addresses of an IPv6 /64 are one, since a client has them all; an IPv4 address is the same when it is written as
 * IPv6. What a proxy reports that is no address leaves the peer's.
 */
export function clientAddress(
  request: Pick<TransportRequest, 'address' | 'header'>,
  trustProxy: boolean
): string {
  const reported = trustProxy
    ? addressIn(request.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '')
    : null;
  return counted(reported ?? request.address);
}

/**
 * Returns whether a browser came over TLS, as a trusted proxy says. A proxy appends or replaces, so only the last value
 * counts.
 */
export function cameOverTls(
  request: Pick<TransportRequest, 'header'>,
  trustProxy: boolean
): boolean {
  if (!trustProxy) return false;
  const scheme = request.header('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase();
  return scheme === 'https';
}

/** Returns the address of `ip`, `ip:port`, `[ip]` or `[ip]:port`; null when there is none. */
function addressIn(text: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  return isIP(address) === 0 ? null : address;
}

function counted(address: string): string {
  if (isIP(address) !== 6) return address;
  const words = wordsOf(address);
  const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  if (isMapped) {
    return words
      .slice(6)
      .flatMap((word) => [word >> 8, word & 0xff])
      .join('.');
  }
  const network = words.slice(0, 4).map((word) => word.toString(16));
  return `${network.join(':')}::/64`;
}

/** Returns the eight words of an IPv6 address. */
function wordsOf(address: string): number[] {
  const [unscoped = ''] = address.split('%');
  // A URL writes the address in its one short form, without dots.
  const [head = '', tail] = new URL(`http://[${unscoped}]`).hostname.slice(1, -1).split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => parseInt(word, 16));
  const [before, after] = [numbers(head), numbers(tail ?? '')];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
