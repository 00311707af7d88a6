/**
 * Row `connect`: a storm of clients that connect, authenticate by a token and subscribe, beside bare uWebSockets.js, whose
 * clients only upgrade. Also measured: how late the server's event loop was meanwhile.
 */
import { createHmac } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMs } from '../cores.js';
import { quantile, type Figure } from '../figures.js';
import { isMeasuredInside, isOurs, isRollcall } from '../target.js';
import { withAll, type RowContext } from './row.js';
import { storm } from './storm.js';
import { atMost, figuresOf, inTurns, ratioAtLeast, type Metric } from './turns.js';

const BASE = 'uws';
const SECRET = 'a-secret-of-the-benchmark-long-enough-for-hs256';
const TOKEN_SECONDS = 86_400;

/** Clients of one thread. */
const CLIENTS_EACH = 5;

const METRICS: readonly Metric[] = [
  { name: 'ready', key: 'perSecond', unit: 'connects/s', bar: ratioAtLeast(0.6) },
  { name: 'ready p99', key: 'ready p99', unit: 'ms', bar: null },
  { name: 'event-loop delay p99', key: 'loop p99', unit: 'ms', bar: atMost(50, 'ms') },
  { name: 'event-loop delay, longest', key: 'loop max', unit: 'ms', bar: null },
  { name: "server's CPU each", key: 'cpuUs', unit: 'µs', bar: null }
];

/** Measures all servers in turns. */
export async function connect(context: RowContext): Promise<Figure[]> {
  const { size, kinds, untilMs, tell } = context;
  const scenario = `storm of ${size.storm.toLocaleString('en')} connects`;
  return withAll(
    kinds.filter(isMeasuredInside).map((kind) => ({
      ...context.options(kind),
      isMetered: true,
      env: isRollcall(kind) ? { AUTH_JWT_SECRET: SECRET } : {}
    })),
    (target, tally) => Promise.resolve({ target, tally }),
    async (servers) => {
      const turns = servers.map(({ target, tally }) => {
        const clients = Array.from({ length: size.storm }, (_, index) => ({
          thread: `storm-${String(Math.floor(index / CLIENTS_EACH))}`,
          how: isRollcall(target.kind) ? { token: token(`user-${String(index)}`) } : {}
        }));
        return {
          server: target.kind,
          tally,
          isOurs: isOurs(target.kind),
          run: async () => {
            await target.loopDelay();
            const cpuBefore = cpuMs(target.pid);
            const ownBefore = process.cpuUsage();
            const { sockets, readyMs, tookMs } = await storm(target, tally, clients);
            const own = process.cpuUsage(ownBefore);
            const cpu = cpuMs(target.pid) - cpuBefore;
            const { p99Ms, maxMs } = await target.loopDelay();
            for (const socket of sockets) socket.close();
            // The next turn must not pay for the closing.
            await wait(size.settleMs);
            return {
              perSecond: (size.storm / tookMs) * 1_000,
              'ready p99': quantile(readyMs, 0.99),
              'loop p99': p99Ms,
              'loop max': maxMs,
              cpuUs: (cpu * 1_000) / size.storm,
              generator: (own.user + own.system) / 1_000 / tookMs
            };
          }
        };
      });
      const measured = await inTurns(turns, {
        rounds: size.rounds,
        untilMs,
        warmUp: true,
        scenario,
        tell
      });
      return METRICS.flatMap((metric) => figuresOf(scenario, metric, measured, BASE));
    }
  );
}

/** A token of HS256 for this user. */
function token(user: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1_000);
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: user, iat, exp: iat + TOKEN_SECONDS })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
