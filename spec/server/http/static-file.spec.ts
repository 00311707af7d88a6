import { expect } from 'chai';
import { StaticFile } from '../../../server/http/static-file.js';
import type { HttpReply } from '../../../server/transport/transport.js';

const BODIES = { identity: Buffer.from('plain'), gzip: Buffer.from('gz'), br: Buffer.from('b') };
const FILE = new StaticFile(BODIES, { 'content-type': 'text/css' });

function ask(headers: Readonly<Record<string, string>>, file = FILE): HttpReply {
  return file.answer({ header: (name) => headers[name] });
}
const tagOf = (coding: string): string => ask({ 'accept-encoding': coding }).headers['etag'] ?? '';

describe('StaticFile', () => {
  it('answers in the coding that is asked for, and tells caches that it depends on that', () => {
    for (const [coding, body] of [
      ['gzip', BODIES.gzip],
      ['br', BODIES.br]
    ] as const) {
      const reply = ask({ 'accept-encoding': coding });
      expect(reply).to.include({ status: 200, body });
      expect(reply.headers).to.include({
        'content-type': 'text/css',
        'content-encoding': coding,
        vary: 'Accept-Encoding',
        'cache-control': 'no-cache'
      });
    }
    const plain = ask({});
    expect(plain).to.include({ status: 200, body: BODIES.identity });
    expect(plain.headers['vary']).to.equal('Accept-Encoding');
    expect(plain.headers).to.not.have.property('content-encoding');
  });

  it('has a tag for each coding', () => {
    expect(new Set([tagOf('br'), tagOf('gzip'), tagOf('')]).size).to.equal(3);
  });

  it('answers 304 to its tag: alone, in a list, weak, or any', () => {
    const etag = tagOf('gzip');
    for (const header of [etag, `W/${etag}`, `"a", ${etag}`, `W/"a",W/${etag} , "b"`, '*', ' * ']) {
      const reply = ask({ 'accept-encoding': 'gzip', 'if-none-match': header });
      expect(reply, header).to.include({ status: 304, body: '' });
      expect(reply.headers).to.deep.equal({
        'cache-control': 'no-cache',
        etag,
        vary: 'Accept-Encoding'
      });
    }
  });

  it('answers the file to another tag, and to that of another coding', () => {
    for (const header of ['"other"', '', tagOf('br'), tagOf(''), tagOf('gzip').slice(1, -1)]) {
      const reply = ask({ 'accept-encoding': 'gzip', 'if-none-match': header });
      expect(reply.status, header).to.equal(200);
    }
  });

  it('says nothing of codings where there are none', () => {
    const file = new StaticFile({ identity: BODIES.identity }, {});
    const reply = ask({ 'accept-encoding': 'br' }, file);
    expect(reply.body).to.equal(BODIES.identity);
    expect(reply.headers).to.have.all.keys('cache-control', 'etag');
  });
});
