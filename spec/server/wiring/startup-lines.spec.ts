import { expect } from 'chai';
import { PassThrough } from 'node:stream';
import { createLogger } from '../../../server/logger/logger.js';
import { StartupTimeline } from '../../../server/wiring/report/startup-timeline.js';
import { VirtualClock } from '../../virtual-clock.js';
import { logStartup, type StartupLinesOptions } from '../../../server/wiring/startup-lines.js';

/** Completes a startup and returns the logged lines. */
async function linesOf(format: 'json' | 'pretty', hasInspector: boolean): Promise<string[]> {
  const stream = new PassThrough();
  const complete: (() => void)[] = [];
  const clock = new VirtualClock();
  const timeline = new StartupTimeline(clock);
  logStartup({
    root: {
      on: (type: string, work: () => void) => {
        if (type === 'startup.completed') complete.push(work);
      }
    } as unknown as StartupLinesOptions['root'],
    logger: createLogger({ level: 'info', format, stream, colours: false }),
    timeline,
    url: () => 'http://127.0.0.1:8080',
    hasInspector,
    isPretty: format === 'pretty',
    connections: { open: 0 }
  });
  await clock.advance(212);
  for (const work of complete) work();
  return String(stream.read()).trimEnd().split('\n');
}

describe('logStartup', () => {
  it('tells all addresses in one line of JSON', async () => {
    const lines = await linesOf('json', true);
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0] ?? '')).to.include({
      message:
        'Rollcall is serving after 212 ms: chat http://127.0.0.1:8080/ · ' +
        'inspector http://127.0.0.1:8080/inspect · status http://127.0.0.1:8080/status.html',
      url: 'http://127.0.0.1:8080',
      tookMs: 212
    });
  });

  it('gives each address a line of its own when people read them', async () => {
    const lines = (await linesOf('pretty', true)).map((line) => line.slice(19));
    expect(lines).to.eql([
      'Rollcall is serving after 212 ms  actor=startup url=http://127.0.0.1:8080 tookMs=212',
      'chat http://127.0.0.1:8080/  actor=startup',
      'inspector http://127.0.0.1:8080/inspect  actor=startup',
      'status http://127.0.0.1:8080/status.html  actor=startup'
    ]);
  });

  it('names no inspector where there is none', async () => {
    for (const format of ['json', 'pretty'] as const) {
      expect((await linesOf(format, false)).join('')).not.to.include('inspect');
    }
  });
});
