import { expect } from 'chai';
import { NAMED_ORIGINS_MAX, type AllowedNames } from '../../../server/auth/origins.js';
import type { TransportRequest } from '../../../server/transport/transport.js';
import { someOrigins } from './some-origins.js';

function asked(headers: Record<string, string>, method = 'GET'): TransportRequest {
  return {
    method,
    path: '/api/threads/t/messages',
    query: '',
    address: '127.0.0.1',
    header: (name) => headers[name],
    body: () => Promise.resolve('')
  };
}

describe('Origins', () => {
  describe('of pages, when none is listed', () => {
    const cases: [origin: string, host: string, isAllowed: boolean][] = [
      ['https://chat.example.org', 'chat.example.org', true],
      ['https://chat.example.org', 'chat.example.org:443', true],
      ['http://chat.example.org', 'chat.example.org:80', true],
      ['http://chat.example.org:8080', 'chat.example.org:8080', true],
      ['https://chat.example.org', 'Chat.Example.org', true],
      ['https://chat.example.org:8443', 'chat.example.org', false],
      ['https://chat.example.org', 'chat.example.org:80', false],
      ['https://evil.example', 'chat.example.org', false],
      ['https://chat.example.org.evil.example', 'chat.example.org', false],
      ['null', 'chat.example.org', false],
      ['', 'chat.example.org', false],
      ['file://', '', false],
      ['http://[::1]:8080', '[::1]:8080', true]
    ];
    for (const [origin, host, isAllowed] of cases) {
      it(`${isAllowed ? 'allows' : 'refuses'} "${origin}" at ${host}`, () => {
        const refusal = someOrigins().refusal(asked({ origin, host }));
        expect(refusal).to.equal(isAllowed ? null : 'this origin may not connect');
      });
    }

    it('refuses a page when the request names no host', () => {
      expect(someOrigins().refusal(asked({ origin: 'https://a.example' }))).to.not.equal(null);
    });
  });

  it('allows exactly the listed origins when there are any, by whatever name', () => {
    const allowed = ['https://app.example', 'capacitor://localhost'];
    const origins = someOrigins({ allowed });
    for (const origin of allowed) {
      expect(origins.refusal(asked({ origin, host: 'chat.example' }))).to.equal(null);
    }
    for (const origin of ['https://chat.example', 'https://app.example:444', 'null']) {
      expect(origins.refusal(asked({ origin, host: 'chat.example' }))).to.not.equal(null);
    }
    expect(someOrigins({ allowed: ['*'] }).refusal(asked({ origin: 'null', host: 'a' }))).to.equal(
      null
    );
  });

  it('lets clients that are no browsers in by any name when nothing is open', () => {
    expect(someOrigins().refusal(asked({ host: 'rebound.evil.example' }))).to.equal(null);
    expect(someOrigins().refusal(asked({}))).to.equal(null);
  });

  describe('of names, when something is open to all', () => {
    const open = someOrigins({ isOpen: true, allowed: [] });
    const said = (headers: Record<string, string>, names?: AllowedNames): boolean =>
      open.refusal(asked(headers), names) === null;

    for (const host of [
      '127.0.0.1:8080',
      '10.1.2.3',
      '[::1]:8080',
      'LocalHost:8080',
      'a.localhost'
    ]) {
      it(`allows ${host}, which nobody can point elsewhere`, () => {
        expect(said({ host }, 'known')).to.equal(true);
      });
    }
    for (const host of ['rebound.evil.example', 'rebound.evil.example:8080', '1.2.3.4.nip.io']) {
      it(`refuses ${host} without a page, and names the way out`, () => {
        expect(open.refusal(asked({ host }))).to.match(
          /not to .*: list the origin .* ALLOWED_ORIGINS/
        );
      });
    }

    it('refuses a page of another name at its own port: that name was pointed here', () => {
      const host = 'rebound.evil.example:8080';
      expect(said({ host, origin: `http://${host}` })).to.equal(false);
    });

    it('allows the page of a name through a proxy, but not where only known names are', () => {
      const headers = { host: 'chat.example', origin: 'https://chat.example' };
      expect(said(headers)).to.equal(true);
      expect(said(headers, 'known')).to.equal(false);
    });

    it('allows its own HOST and the names of listed origins', () => {
      const named = someOrigins({
        isOpen: true,
        ownHost: 'box.local',
        allowed: ['https://chat.example:8443']
      });
      for (const host of ['box.local:8080', 'chat.example:8080', 'Chat.Example']) {
        expect(named.refusal(asked({ host })), host).to.equal(null);
      }
    });
  });

  describe('replies', () => {
    const origins = someOrigins({ allowed: ['https://app.example'] });
    const page = { origin: 'https://app.example', host: 'chat.example' };

    it('may be read by pages of listed origins only', () => {
      expect(origins.replyHeaders(asked(page))).to.include({
        'access-control-allow-origin': 'https://app.example',
        vary: 'origin'
      });
      expect(origins.replyHeaders(asked({ ...page, origin: 'https://b.example' }))).to.eql({});
      expect(origins.replyHeaders(asked({ host: 'chat.example' }))).to.eql({});
    });

    it('tell a browser beforehand what a page may send', () => {
      const ask = { ...page, 'access-control-request-method': 'POST' };
      const reply = origins.preflight(asked(ask, 'OPTIONS'));
      expect(reply).to.include({ status: 204 });
      expect(reply?.headers['access-control-allow-headers']).to.include('authorization');
      expect(reply?.headers['access-control-allow-origin']).to.equal('https://app.example');
    });

    it('answer no other request beforehand', () => {
      const ask = { ...page, 'access-control-request-method': 'POST' };
      expect(origins.preflight(asked(ask, 'GET'))).to.equal(null);
      expect(origins.preflight(asked(page, 'OPTIONS'))).to.equal(null);
      expect(origins.preflight(asked({ ...ask, origin: 'https://b' }, 'OPTIONS'))).to.equal(null);
    });
  });

  it('tells of each refused origin once, and of so many only', () => {
    const told: string[] = [];
    const origins = someOrigins({ onRefused: (origin) => told.push(origin) });
    for (let n = 0; n < NAMED_ORIGINS_MAX + 9; n += 1) {
      for (let times = 0; times < 3; times += 1) {
        origins.refusal(asked({ origin: `https://p${String(n)}.example`, host: 'chat.example' }));
      }
    }
    expect(told).to.have.lengthOf(NAMED_ORIGINS_MAX);
    expect(told[0]).to.equal('https://p0.example');
  });
});
