import { expect } from 'chai';
import { AccessError } from '../../../server/auth/api-access.js';
import { guarded, RouteTable, type Route } from '../../../server/http/route-table.js';
import { json, problem } from '../../../server/transport/problem.js';
import type { TransportRequest } from '../../../server/transport/transport.js';

function asked(path: string, method = 'GET'): TransportRequest {
  const body = () => Promise.resolve('');
  return { method, path, query: '', address: '::1', header: () => undefined, body };
}

function says(
  path: string,
  methods: string[],
  words: (part: (name: string) => string) => string
): Route {
  return { path, methods, answer: ({ part }) => json(200, words(part)) };
}

async function answerOf(table: RouteTable, path: string, method?: string) {
  const reply = await table.answer(asked(path, method));
  return reply === null || !('body' in reply) ? null : reply;
}

describe('RouteTable', () => {
  const table = new RouteTable([
    says('/a', ['GET', 'HEAD'], () => 'a'),
    says('/a.b/{one}/x/{two}', ['GET'], (part) => `${part('one')} ${part('two')} ${part('three')}`),
    says('/a.b/{one}/x/{two}', ['POST'], () => 'posted')
  ]);

  it('answers by path and method', async () => {
    expect((await answerOf(table, '/a'))?.body).to.equal('"a"');
    expect((await answerOf(table, '/a', 'HEAD'))?.body).to.equal('"a"');
    expect((await answerOf(table, '/a.b/1/x/2', 'POST'))?.body).to.equal('"posted"');
  });

  it('gives the parts of the path as they are encoded', async () => {
    expect((await answerOf(table, '/a.b/1%2F/x/2'))?.body).to.equal('"1%2F 2 "');
  });

  it('has nothing at a path of no row', async () => {
    for (const path of ['/', '/a/', '/A', '/a.b//x/2', '/a.b/1/x', '/a.b/1/x/2/3', '/azb/1/x/2']) {
      expect(await answerOf(table, path), path).to.equal(null);
    }
  });

  it('answers 405 with every method of the path', async () => {
    const fixed = await answerOf(table, '/a', 'PUT');
    expect(fixed?.status).to.equal(405);
    expect(fixed?.headers['allow']).to.equal('GET, HEAD');
    const patterned = await answerOf(table, '/a.b/1/x/2', 'DELETE');
    expect(patterned?.headers['allow']).to.equal('GET, POST');
    expect(patterned?.body).to.equal(
      '{"type":"about:blank","title":"only GET and POST are answered here","status":405}'
    );
  });

  it('refuses parts before it looks at the method', async () => {
    const refuses = () => problem('bad_thread');
    const refusing = new RouteTable([{ ...says('/t/{id}', ['GET'], () => ''), refuses }]);
    expect((await answerOf(refusing, '/t/1', 'PUT'))?.status).to.equal(400);
  });

  it('takes rows later, and no method of a path twice', async () => {
    const later = new RouteTable();
    expect(await answerOf(later, '/b')).to.equal(null);
    later.add([says('/b', ['GET'], () => 'b')]);
    expect((await answerOf(later, '/b'))?.status).to.equal(200);
    expect(() => {
      later.add([says('/b', ['GET'], () => 'again')]);
    }).to.throw('GET /b has two routes');
  });
});

describe('guarded', () => {
  const of = (
    access: () => string,
    failed?: (error: unknown) => ReturnType<typeof problem> | null
  ) =>
    new RouteTable([
      guarded({
        methods: ['GET'],
        path: '/g',
        scope: null,
        access,
        handler: (_asked, caller) => {
          if (caller === 'eve') throw new Error('no');
          return json(200, caller);
        },
        ...(failed === undefined ? {} : { failed })
      })
    ]);

  it('gives the handler what its access knows', async () => {
    expect(
      (
        await answerOf(
          of(() => 'ada'),
          '/g'
        )
      )?.body
    ).to.equal('"ada"');
  });

  it('answers a refusal of its access with the code of the table', async () => {
    const reply = await answerOf(
      of(() => {
        throw new AccessError('unauthorized', 'no key');
      }),
      '/g'
    );
    expect(reply?.status).to.equal(401);
    expect(reply?.body).to.include('"detail":"no key"');
  });

  it('answers errors that are expected, and throws the others', async () => {
    const expected = of(
      () => 'eve',
      () => problem('unavailable')
    );
    expect((await answerOf(expected, '/g'))?.status).to.equal(503);
    const thrown = await answerOf(
      of(
        () => 'eve',
        () => null
      ),
      '/g'
    ).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'no');
  });
});
