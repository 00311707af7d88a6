import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { fuzzServer } from '../../../scripts/fuzz/fuzzed-server.js';
import { Fuzzer, type FuzzReport } from '../../../scripts/fuzz/fuzzer.js';
import { FrameMaker } from '../../../scripts/fuzz/frame-maker.js';
import { RequestMaker } from '../../../scripts/fuzz/request-maker.js';
import { seeded } from '../../../scripts/kill-proof/random.js';
import { madeRoutes } from '../../e2e/access/made-routes.js';
import { startServer, type ServerProcess } from '../../e2e/servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../../e2e/wire/transports.js';

/** Frames and requests for each engine; together the 20,000 that a change is tried with. */
const COUNT = 10_000;

/**
 * How long an engine may take to answer: longer than a busy machine delays it. Without a fault no spec waits for it.
 */
const PATIENCE_MS = 60_000;

describe('RequestMaker', () => {
  it('asks every route that a file of the server makes, by its own method', async () => {
    const random = seeded(1);
    const routes = await madeRoutes();
    const maker = new RequestMaker(random, new FrameMaker(random), 'x', routes);
    const heads = Array.from({ length: 5_000 }, () => maker.request().toString('latin1'));
    for (const [method, path] of routes) {
      const pattern = path.replace(/\{\w+\}/g, '[^/ ]+');
      const asked = new RegExp(`^${method} ${pattern}[ ?]`);
      expect(
        heads.some((head) => asked.test(head)),
        `${method} ${path}`
      ).to.equal(true);
    }
  });
});

describe('Fuzzer', function () {
  this.timeout(300_000);

  for (const [index, transport] of TRANSPORTS.entries()) {
    it(`finds no fault in a server on ${transport}`, async function () {
      requireTransport(this, transport);
      let server: ServerProcess | undefined;
      try {
        server = await startServer({
          env: { TRANSPORT: transport, LIMIT_CONNECTIONS_PER_ADDRESS: '0' }
        });
        const { faults, sent, answers } = await fuzzServer(server, {
          seed: index + 1,
          count: COUNT,
          patienceMs: PATIENCE_MS
        });
        expect(faults).to.deep.equal([]);
        expect(sent).to.be.at.least(COUNT);
        // Without these answers the fuzzer would test only refusals.
        for (const answer of [
          'connected',
          'ack',
          'message',
          'history',
          'error bad_frame',
          'status 200'
        ]) {
          expect(answers.get(answer), answer).to.be.greaterThan(0);
        }
      } finally {
        await server?.stop();
      }
    });
  }

  describe('of a server with a planted fault', () => {
    /** What the faulty server does with a frame. When it returns false, the server itself answers a `ping`. */
    type Plant = (
      frame: string,
      reply: (text: string) => void,
      close: (code: number) => void
    ) => boolean;
    let http: Server;
    let sockets: WebSocketServer;

    /** Fuzzes a small server that is correct except for the planted fault, until a fault is found. */
    const found = async (
      plant: Plant,
      status = 404,
      patienceMs = PATIENCE_MS
    ): Promise<FuzzReport> => {
      http = createServer((_request, response) => {
        response.writeHead(status).end();
      });
      sockets = new WebSocketServer({ server: http, path: '/ws' });
      sockets.on('connection', (socket) => {
        socket.on('error', () => undefined);
        socket.on('message', (data: Buffer) => {
          for (const frame of data.toString().split('\n')) {
            const reply = (text: string): void => {
              socket.send(text);
            };
            const isDone = plant(frame, reply, (code) => {
              socket.close(code);
            });
            if (isDone || !frame.includes('"ping"')) continue;
            const id = frame.includes('"last"') ? ',"id":"last"' : '';
            reply(`{"type":"pong","time":1${id}}`);
          }
          if (data.includes('"watcher"')) socket.send('{"type":"pong","time":1}');
        });
      });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      const address = http.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const url = `http://127.0.0.1:${String(port)}`;
      return await new Fuzzer({ url, seed: 1, count: 600, patienceMs }).run();
    };
    afterEach(() => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      http.close();
      http.closeAllConnections();
    });

    it('finds nothing where nothing is planted', async () => {
      expect((await found(() => false)).faults).to.deep.equal([]);
    });

    for (const [what, sentence, plant] of [
      [
        'a frame that its schema does not have',
        /^the server sent what its schema does not have: .*"more"/,
        (frame, reply) => {
          if (frame.includes('"typing"'))
            reply('{"type":"typing","thread":"a","user":"b","on":true,"more":1}');
          return false;
        }
      ],
      [
        'a code that no table has',
        /^no such code: /,
        (frame, reply) => {
          if (frame.includes('"mark"'))
            reply('{"type":"error","code":"oops","message":"","retry":false}');
          return false;
        }
      ],
      [
        'text that is no frame',
        /^the server sent what is no frame: TypeError/,
        (frame, reply) => {
          if (frame.includes('"history"')) reply('TypeError: undefined');
          return false;
        }
      ],
      [
        'a close code that no table has',
        /^closed with 4999, which is in no table$/,
        (frame, _reply, close) => {
          if (frame.includes('"threads"')) close(4999);
          return false;
        }
      ]
    ] satisfies [string, RegExp, Plant][]) {
      it(`finds ${what}`, async () => {
        const { faults } = await found(plant);
        expect(
          faults.some((fault) => sentence.test(fault)),
          faults.join('\n')
        ).to.equal(true);
      });
    }

    it('finds silence', async () => {
      const { faults } = await found((frame) => frame.includes('"last"'), 404, 500);
      expect(faults.some((fault) => fault.startsWith('no answer to '))).to.equal(true);
    });

    it('finds a status that no table has', async () => {
      const { faults } = await found(() => false, 500);
      expect(faults.some((fault) => fault.startsWith('status 500 is in no table'))).to.equal(true);
    });
  });
});
