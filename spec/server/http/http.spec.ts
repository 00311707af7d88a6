import { expect } from 'chai';
import { Http } from '../../../server/http/http.js';
import { json } from '../../../server/transport/problem.js';
import type { HttpReply, TransportRequest } from '../../../server/transport/transport.js';
import { someOrigins } from '../auth/some-origins.js';
import { NO_WRONG_KEYS } from '../chat/work/no-wrong-keys.js';

const PAGE = 'https://app.example';

type Report = ConstructorParameters<typeof Http>[0]['report'];

const READY = { status: 'ready', startup: { complete: true, phase: 'serving' } };

function http(allowed: string[], report: Report = () => READY): Http {
  const later = {
    methods: ['GET', 'POST'],
    path: '/api/later',
    answer: () => Promise.resolve(json(200, {}))
  };
  const stream = {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    stream: () => undefined
  };
  return new Http({
    report,
    pages: new Map([['/', { answer: () => ({ status: 200, headers: {}, body: 'page' }) }]]),
    routes: [later, { methods: ['GET'], path: '/api/events', answer: () => stream }],
    off: [],
    origins: someOrigins({ allowed, isOpen: true }),
    wrongKeys: NO_WRONG_KEYS
  });
}

async function asked(
  server: Http,
  path: string,
  headers: Record<string, string>,
  method = 'GET'
): Promise<Pick<HttpReply, 'status' | 'headers' | 'body'>> {
  const request: TransportRequest = {
    method,
    path,
    query: '',
    address: '127.0.0.1',
    header: (name) => headers[name],
    body: () => Promise.resolve('')
  };
  const reply = await server.answer(request);
  return 'body' in reply ? reply : { ...reply, body: '' };
}

describe('Http', () => {
  const doors = ['/api/later', '/api/events', '/api/nothing', '/status', '/inspect/recording'];

  for (const path of doors) {
    it(`refuses a page of another origin, and a name that was pointed here, at ${path}`, async () => {
      const server = http([]);
      const foreign = { origin: 'https://evil.example', host: '127.0.0.1:8080' };
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        expect((await asked(server, path, foreign, method)).status).to.equal(403);
      }
      expect((await asked(server, path, { host: 'rebound.evil.example' })).status).to.equal(403);
      expect((await asked(server, path, { host: '127.0.0.1:8080' })).status).to.not.equal(403);
    });

    it(`lets a page of a listed origin read ${path}, refusals too`, async () => {
      const reply = await asked(http([PAGE]), path, { origin: PAGE, host: 'chat.example' });
      expect(reply.headers['access-control-allow-origin']).to.equal(PAGE);
      const own = await asked(http([PAGE]), path, { host: '127.0.0.1' });
      expect(own.headers['access-control-allow-origin']).to.equal(undefined);
    });
  }

  it('answers what a page of a listed origin may send before it sends it', async () => {
    const ask = { origin: PAGE, host: 'chat.example', 'access-control-request-method': 'POST' };
    expect((await asked(http([PAGE]), '/api/later', ask, 'OPTIONS')).status).to.equal(204);
    expect((await asked(http([]), '/api/later', { host: '127.0.0.1' }, 'OPTIONS')).status).to.equal(
      405
    );
  });

  it('reports to each according to who asks', async () => {
    const server = http([], (request) => ({
      ...READY,
      by: request.header('x-api-key') ?? 'stranger'
    }));
    for (const path of ['/status', '/readyz']) {
      for (const by of ['key', 'stranger']) {
        const headers: Record<string, string> = by === 'stranger' ? {} : { 'x-api-key': by };
        const { body } = await asked(server, path, { host: '127.0.0.1', ...headers });
        expect(JSON.parse(String(body))).to.include({ by });
      }
    }
  });

  it('answers probes and pages by whatever name: they hold no data of users', async () => {
    for (const path of ['/livez', '/readyz', '/startupz', '/']) {
      expect((await asked(http([]), path, { host: 'rebound.evil.example' })).status).to.equal(200);
    }
  });
});
