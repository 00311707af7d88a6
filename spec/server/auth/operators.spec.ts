import { expect } from 'chai';
import { Operators } from '../../../server/auth/operators.js';
import type { TransportRequest } from '../../../server/transport/transport.js';
import { entryOf, FakeKeyFile, keysOf, onlyKey } from './some-keys.js';

const KEY = 'an-api-key-of-the-specs';

function from(address: string, headers: Record<string, string> = {}): TransportRequest {
  return {
    method: 'GET',
    path: '/status',
    query: '',
    address,
    header: (name) => headers[name],
    body: () => Promise.resolve('')
  };
}

describe('Operators', () => {
  const inProduction = { environment: 'production' } as const;
  const inDevelopment = { environment: 'development' } as const;

  it('has who shows the API key, by either header', () => {
    const operators = new Operators(onlyKey(KEY), inProduction);
    expect(operators.has(from('192.0.2.1', { 'x-api-key': KEY }))).to.equal(true);
    expect(operators.has(from('192.0.2.1', { authorization: `Bearer ${KEY}` }))).to.equal(true);
  });

  it('has who shows a key with the scope reports, and no other key', () => {
    const file = new FakeKeyFile(entryOf('desk', { scopes: ['reports'] }), entryOf('shop', {}));
    const operators = new Operators(keysOf(file).keys, inProduction);
    expect(operators.has(from('192.0.2.1', { 'x-api-key': 'desk' }))).to.equal(true);
    expect(operators.has(from('192.0.2.1', { 'x-api-key': 'shop' }))).to.equal(false);
  });

  it('has no stranger outside development, on loopback either', () => {
    for (const apiKey of [KEY, undefined]) {
      const operators = new Operators(onlyKey(apiKey), inProduction);
      expect(operators.has(from('127.0.0.1'))).to.equal(false);
      expect(operators.has(from('127.0.0.1', { 'x-api-key': 'another' }))).to.equal(false);
    }
  });

  it('has who is on the same machine in development, and nobody elsewhere', () => {
    const operators = new Operators(onlyKey(), inDevelopment);
    for (const own of ['::1', '127.0.0.1', '::ffff:127.0.0.1']) {
      expect(operators.has(from(own))).to.equal(true);
    }
    expect(operators.has(from('192.0.2.1'))).to.equal(false);
  });

  it('has nobody who comes through a proxy', () => {
    const operators = new Operators(onlyKey(), inDevelopment);
    expect(operators.has(from('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }))).to.equal(false);
  });
});
