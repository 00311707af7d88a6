import { expect } from 'chai';
import { Operators } from '../../../server/auth/operators.js';
import type { TransportRequest } from '../../../server/transport/transport.js';

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
  const inProduction = { apiKey: KEY, environment: 'production' } as const;
  const inDevelopment = { apiKey: undefined, environment: 'development' } as const;

  it('has who shows the API key, by either header', () => {
    const operators = new Operators(inProduction);
    expect(operators.has(from('192.0.2.1', { 'x-api-key': KEY }))).to.equal(true);
    expect(operators.has(from('192.0.2.1', { authorization: `Bearer ${KEY}` }))).to.equal(true);
  });

  it('has no stranger outside development, on loopback either', () => {
    for (const apiKey of [KEY, undefined]) {
      const operators = new Operators({ ...inProduction, apiKey });
      expect(operators.has(from('127.0.0.1'))).to.equal(false);
      expect(operators.has(from('127.0.0.1', { 'x-api-key': 'another' }))).to.equal(false);
    }
  });

  it('has who is on the same machine in development, and nobody elsewhere', () => {
    const operators = new Operators(inDevelopment);
    for (const own of ['::1', '127.0.0.1', '::ffff:127.0.0.1']) {
      expect(operators.has(from(own))).to.equal(true);
    }
    expect(operators.has(from('192.0.2.1'))).to.equal(false);
  });

  it('has nobody who comes through a proxy', () => {
    const operators = new Operators(inDevelopment);
    expect(operators.has(from('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }))).to.equal(false);
  });
});
