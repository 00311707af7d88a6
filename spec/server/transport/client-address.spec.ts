import { expect } from 'chai';
import { cameOverTls, clientAddress } from '../../../server/transport/client-address.js';

const from = (forwarded: string | undefined, peer = '10.9.9.9', trustProxy = true): string =>
  clientAddress({ address: peer, header: () => forwarded }, trustProxy);

/** Addresses as a proxy reports them, and the address that is counted. */
const REPORTED: readonly [string, string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:4711', '192.0.2.1'],
  ['1.2.3.4, 192.0.2.1', '192.0.2.1'],
  ['1.2.3.4 ,192.0.2.1:4711 ', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:4711', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['2001:db8:0:7::1', '2001:db8:0:7::/64'],
  ['2001:DB8::7:1:2:3:4', '2001:db8:0:7::/64'],
  ['[2001:db8:0:7:ffff:ffff:ffff:ffff]', '2001:db8:0:7::/64'],
  ['[2001:db8:0:7::2]:4711', '2001:db8:0:7::/64'],
  ['2001:0db8:0000:0008::1', '2001:db8:0:8::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64']
];

/** Values that are no address. The address of the peer is counted instead. */
const NO_ADDRESS = ['', ',', 'unknown', '_hidden', '192.0.2.1:x', '[192.0.2.1', '1.2.3', '1.2.3:4'];

describe('clientAddress', () => {
  for (const [forwarded, address] of REPORTED) {
    it(`counts ${forwarded} of a trusted proxy as ${address}`, () => {
      expect(from(forwarded)).to.equal(address);
    });
  }

  for (const forwarded of NO_ADDRESS) {
    it(`counts the peer when a trusted proxy reports ${JSON.stringify(forwarded)}`, () => {
      expect(from(forwarded)).to.equal('10.9.9.9');
    });
  }

  it('counts the peer when there is no such header, or nobody to trust', () => {
    expect(from(undefined)).to.equal('10.9.9.9');
    expect(from('192.0.2.1', '10.9.9.9', false)).to.equal('10.9.9.9');
  });

  it('counts the network of a peer with IPv6, and IPv4 as what it is', () => {
    expect(from(undefined, '2001:db8:0:7::9')).to.equal('2001:db8:0:7::/64');
    expect(from(undefined, '::ffff:192.0.2.1', false)).to.equal('192.0.2.1');
  });
});

/** Schemes as a proxy reports them, and whether they mean TLS. */
const SCHEMES: readonly [string | undefined, boolean][] = [
  [undefined, false],
  ['', false],
  ['http', false],
  ['https', true],
  ['HTTPS', true],
  ['http, https ', true],
  ['https, http', false],
  ['wss', false]
];

describe('cameOverTls', () => {
  for (const [said, answer] of SCHEMES) {
    it(`answers ${String(answer)} when a trusted proxy says ${said ?? 'nothing'}`, () => {
      expect(cameOverTls({ header: () => said }, true)).to.equal(answer);
    });
  }

  it('believes nobody without TRUST_PROXY', () => {
    expect(cameOverTls({ header: () => 'https' }, false)).to.equal(false);
  });
});
