/** Fuzzes a server process, and afterwards checks its open connections, its log and that it still runs. */
import type { ServerProcess } from '../../spec/e2e/servers/server-process.js';
import { KEY, PRODUCTION } from '../../spec/e2e/access/doors.js';
import { madeRoutes } from '../../spec/e2e/access/made-routes.js';
import { AccessFuzzer } from './access/access-fuzzer.js';
import { Fuzzer, type FuzzOptions, type FuzzReport } from './fuzzer.js';

/** How long the server may take to see that all clients have gone. */
const LET_GO_MS = 30_000;

/**
 * Runs a {@link Fuzzer} against all routes of the server. Connections that stay open and wrong log lines are faults
 * too.
 */
export async function fuzzServer(
  server: ServerProcess,
  options: Omit<FuzzOptions, 'url'>
): Promise<FuzzReport> {
  const routes = await madeRoutes();
  return await watched(server, () => new Fuzzer({ ...options, url: server.url, routes }).run());
}

/** Environment of a server for {@link fuzzAccess}. Undelivered messages are held for a short time only. */
export const ACCESS_FUZZED = {
  ...PRODUCTION,
  ACCESS: 'members',
  LIMIT_CONNECTIONS_PER_ADDRESS: '0',
  LIMIT_CONNECTIONS_PER_USER: '0',
  LIMIT_PUBLISH_PER_SECOND: '0',
  DELIVERY_GRACE_MS: '200'
} as const;

/** Runs an {@link AccessFuzzer} against a server that was started with {@link ACCESS_FUZZED}. */
export async function fuzzAccess(
  server: ServerProcess,
  options: Omit<FuzzOptions, 'url'>
): Promise<FuzzReport> {
  return await watched(server, () =>
    new AccessFuzzer({ ...options, url: server.url, key: KEY }).run()
  );
}

/** Adds to a report the connections that stay open and the wrong log lines. */
async function watched(server: ServerProcess, run: () => Promise<FuzzReport>): Promise<FuzzReport> {
  const ends: string[] = [];
  void server.exit.then((code) => {
    ends.push(`the server ended with ${String(code)}: ${server.stderr()}`);
  });
  const report = await run();
  const faults = [...report.faults, ...ends];
  if (ends.length === 0) faults.push(...(await keptConnections(server.url)));
  const said = server.lines.filter(({ level, message }) => level === 'error' && !isDue(message));
  faults.push(...said.map(({ message }) => `the server logged an error: ${message}`));
  return {
    ...report,
    faults,
    faultCount: report.faultCount + faults.length - report.faults.length
  };
}

/** Expected log lines: messages go into threads that nobody reads. */
function isDue(message: string): boolean {
  return message.startsWith('Cannot deliver message') || message.includes('undelivered messages');
}

/** Waits until no connection is open any more. Returns a sentence when some stay open, none otherwise. */
async function keptConnections(url: string): Promise<string[]> {
  const until = performance.now() + LET_GO_MS;
  for (;;) {
    const answer: unknown = await (await fetch(`${url}/status`)).json();
    const open = /"connections":\{"open":(\d+)/.exec(JSON.stringify(answer))?.[1];
    if (open === '0') return [];
    if (performance.now() > until)
      return [`${open ?? 'no number of'} connections are open after all have gone`];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
