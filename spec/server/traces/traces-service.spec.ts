import { expect } from 'chai';
import { TracesService } from '../../../server/traces/traces-service.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { VirtualClock } from '../../virtual-clock.js';

const ROOT = { name: 'publish {thread}', role: 'producer', facts: {} } as const;
const PARENT = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';

function serviceWith(
  random: () => number,
  load?: ConstructorParameters<typeof TracesService>[0]['load']
): TracesService {
  return new TracesService({
    endpoint: new URL('http://127.0.0.1:1'),
    ratio: 0.25,
    about: {},
    version: '0',
    clock: new VirtualClock(),
    random,
    logger: new RecordedLogger(),
    ...(load === undefined ? {} : { load })
  });
}

describe('TracesService', () => {
  it('draws the share of the traces that begin here', async () => {
    let drawn = 0.24;
    const traces = serviceWith(() => drawn);
    await traces.start();
    expect(traces.begin(ROOT)?.traceparent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    drawn = 0.25;
    expect(traces.begin(ROOT)).to.equal(null);
  });

  it('does as the parent does, whatever the share', async () => {
    let drawn = 0;
    const traces = serviceWith(() => drawn);
    await traces.start();
    expect(traces.begin({ ...ROOT, parent: `00-${PARENT}-00` })).to.equal(null);
    drawn = 1;
    const span = traces.begin({ ...ROOT, parent: `00-${PARENT}-01` });
    expect(span?.traceparent.slice(0, 36)).to.equal(`00-${PARENT.slice(0, 33)}`);
  });

  it('takes a parent that cannot be read for none', async () => {
    const traces = serviceWith(() => 0);
    await traces.start();
    const span = traces.begin({ ...ROOT, parent: 'nonsense' });
    expect(span?.traceparent).not.to.equal(undefined);
  });

  it('records a span with links, whatever the share, in a trace of its own', async () => {
    const traces = serviceWith(() => 1);
    await traces.start();
    const span = traces.begin({ ...ROOT, links: [`00-${PARENT}-01`] });
    expect(span?.traceparent).to.match(/^00-/);
    expect(span?.traceparent).not.to.contain(PARENT.slice(0, 32));
  });

  it('records nothing before its start', () => {
    expect(serviceWith(() => 0).begin(ROOT)).to.equal(null);
  });

  it('names the packages that are missing, and the command', async () => {
    const missing = new Error("Cannot find package '@opentelemetry/sdk-trace-base'");
    const traces = serviceWith(
      () => 0,
      () => Promise.reject(missing)
    );
    const failure: unknown = await traces.start().then(
      () => null,
      (error: unknown) => error
    );
    expect(String(failure)).to.contain(missing.message).and.contain('npm install @opentelemetry/');
  });
});
