/** Tells addresses of machines that are not on the public internet. */
import { BlockList, isIP } from 'node:net';

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3]
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  // Unspecified, loopback, and IPv4 addresses in their old form.
  ['::', 96],
  // IPv4 addresses behind a translator, of the well-known prefix and of local ones: which machine that is, is not known.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 has an IPv4 address in it.
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8]
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv6');
}

/** Returns whether an address is not one of the public internet; a text that is no address is not either. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return true;
  if (family === 4) return PRIVATE.check(bare, 'ipv4');
  const mapped = mappedIpv4(bare);
  return mapped === null ? PRIVATE.check(bare, 'ipv6') : PRIVATE.check(mapped, 'ipv4');
}

/** The IPv4 address in an IPv6 one of the form `::ffff:1.2.3.4`, however that is written; null when there is none. */
function mappedIpv4(address: string): string | null {
  // The URL parser writes every form of it as ::ffff:hhhh:hhhh.
  const { hostname } = new URL(`http://[${address}]/`);
  const found = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname);
  if (found === null) return null;
  const high = parseInt(found[1] ?? '', 16);
  const low = parseInt(found[2] ?? '', 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
