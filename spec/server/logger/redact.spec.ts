import { expect } from 'chai';
import fc from 'fast-check';
import {
  FIELD_DEPTH_MAX,
  FIELD_ENTRIES_MAX,
  FIELD_TEXT_MAX,
  isSecretName,
  MASK,
  maskText,
  redact
} from '../../../server/logger/redact.js';
import { cpuMs } from '../../cpu-time.js';

describe('isSecretName', () => {
  for (const name of [
    'token',
    'accessToken',
    'API_KEY',
    'x-api-key',
    'Authorization',
    'set-cookie',
    'authJwtSecret',
    'db_password',
    'ticket'
  ]) {
    it(`knows a secret when it is called ${name}`, () => {
      expect(isSecretName(name)).to.equal(true);
    });
  }

  for (const name of ['thread', 'tokens', 'key', 'secretary', 'connection', 'author', 'cookies']) {
    it(`leaves ${name} readable`, () => {
      expect(isSecretName(name)).to.equal(false);
    });
  }
});

describe('maskText', () => {
  it('goes through what a client may have written in a time that grows with its length and no faster', () => {
    // A URL scheme could begin at each `a`. Reading from each of them to the end takes 1.6 s.
    expect(cpuMs(() => maskText('a-'.repeat(32_768)))).to.be.below(400);
  });

  const cases: [string, string][] = [
    ['http://ada:pw@host:1/db', `http://ada:${MASK}@host:1/db`],
    ['at nats://:pw@host and http://b:q@c', `at nats://:${MASK}@host and http://b:${MASK}@c`],
    ['https://host/keys?token=abc&x=1', `https://host/keys?token=${MASK}&x=1`],
    ['/api/threads/t/events?after=1&ticket=abc', `/api/threads/t/events?after=1&ticket=${MASK}`],
    ['Authorization: Bearer ey.J-h_x=', `Authorization: Bearer ${MASK}`],
    ['bearer.eyJhbGciOi', `bearer.${MASK}`],
    ['http://127.0.0.1:8080/status', 'http://127.0.0.1:8080/status'],
    ['ada@example.com said 12:30', 'ada@example.com said 12:30']
  ];
  for (const [text, masked] of cases) {
    it(`answers ${masked} when it reads ${text}`, () => {
      expect(maskText(text)).to.equal(masked);
    });
  }
});

describe('redact', () => {
  it('tells nothing of what it masks when a name is secret', () => {
    expect(redact({ token: ['a', 'b'], password: 12, secret: { deep: 1 } })).to.deep.equal({
      token: MASK,
      password: MASK,
      secret: MASK
    });
  });

  it('leaves a missing secret missing', () => {
    expect(redact({ token: null, apiKey: undefined })).to.deep.equal({
      token: null,
      apiKey: undefined
    });
  });

  it('spells out errors with their causes', () => {
    const plain = redact(new Error('outer', { cause: new TypeError('inner') }));
    expect(plain).to.deep.include({ name: 'Error', message: 'outer' });
    expect(plain).to.have.nested.property('cause.message', 'inner');
  });

  it('ends cycles, depth, width and length', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(redact(loop)).to.deep.equal({ self: '[circular]' });
    let deep: unknown = 'bottom';
    for (let level = 0; level <= FIELD_DEPTH_MAX; level++) deep = { deep };
    expect(JSON.stringify(redact(deep)))
      .to.include('[deeper]')
      .and.not.include('bottom');
    expect(redact(new Array(1_000).fill(1))).to.have.lengthOf(FIELD_ENTRIES_MAX + 1);
    expect(redact('x'.repeat(FIELD_TEXT_MAX + 5))).to.match(/x… \(5 more characters\)$/);
  });

  it('answers plain JSON and never throws when values are arbitrary', () => {
    fc.assert(
      fc.property(
        fc.anything({ withMap: true, withSet: true, withDate: true, withBigInt: true }),
        (value) => {
          JSON.stringify(redact(value));
        }
      )
    );
  });
});
