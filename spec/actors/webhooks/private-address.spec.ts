import { expect } from 'chai';
import { isPrivateAddress } from '../../../actors/webhooks/private-address.js';

const PRIVATE = [
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
  ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  ...['::', '::1', '[::1]', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12:3456::1', 'ff02::1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:10.0.0.1', '::127.0.0.1'],
  ...['64:ff9b::7f00:1', '2002:7f00:1::', 'localhost', '']
];
const PUBLIC = [
  ...['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0'],
  ...['192.167.255.255', '223.255.255.255', '2606:4700::1111', '::ffff:1.1.1.1']
];

describe('isPrivateAddress', () => {
  for (const address of PRIVATE) {
    it(`holds for "${address}"`, () => {
      expect(isPrivateAddress(address)).to.equal(true);
    });
  }
  for (const address of PUBLIC) {
    it(`does not hold for ${address}`, () => {
      expect(isPrivateAddress(address)).to.equal(false);
    });
  }
});
