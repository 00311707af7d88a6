import { expect } from 'chai';
import { requireNatsServer } from '../../nats-servers.js';
import { WireClient, type Frame } from '../wire/wire-client.js';
import { LocalCluster } from './local-cluster.js';

describe('runs of two nodes', function () {
  this.timeout(180_000);
  let cluster: LocalCluster;

  before(async function () {
    const program = requireNatsServer(this);
    const env = { AGENTS: 'echo', AGENT_ECHO_WORDS_PER_SECOND: '1' };
    cluster = await LocalCluster.start({ program, nodes: 2, env });
  });

  after(async () => {
    await (cluster as LocalCluster | undefined)?.stop();
  });

  const isOf = (kind: string) => (frame: Frame) => frame.type === 'message' && frame.kind === kind;

  /** Begins a run of many words on the first node; answers its id, and a reader on the second. */
  async function begin(thread: string): Promise<{ run: string; reader: WireClient }> {
    const author = await WireClient.connect(cluster.node(0).url, 'ada');
    const reader = await WireClient.connect(cluster.node(1).url, 'ada');
    await reader.subscribe(thread, 'start');
    const text = 'word '.repeat(300);
    await author.ask({ type: 'publish', thread, mid: 'm1', agent: 'echo', body: { text } });
    const { body } = await reader.next(isOf('agent_started'));
    return { run: (body as { run: string }).run, reader };
  }

  it('are cancelled from the other one, by the run and by the message', async () => {
    const { run, reader } = await begin('t1');
    expect(await reader.next('chunk')).to.include({ run });
    expect(await reader.ask({ type: 'cancel', run })).to.include({ type: 'cancelling', run });
    expect((await reader.next(isOf('agent_cancelled'))).body).to.include({ run, by: 'ada' });
    const { reader: again } = await begin('t2');
    await again.ask({ type: 'cancel', thread: 't2', mid: 'm1' });
    await again.next(isOf('agent_cancelled'));
    expect(await again.ask({ type: 'cancel', run: 'r0' })).to.include({ code: 'not_found' });
  });

  it('are left alone by a node that starts, and ended by it when theirs has died', async () => {
    const { run } = await begin('t3');
    await cluster.node(1).stop('SIGKILL');
    const { url } = await cluster.restart(1);
    const reader = await WireClient.connect(url, 'ada');
    const { replays } = await reader.subscribe('t3', 'start');
    expect(replays.map(({ kind }) => kind)).to.deep.equal(['user_message', 'agent_started']);
    expect(await reader.next('chunk')).to.include({ run });
    await cluster.node(0).stop('SIGKILL');
    const { body } = await reader.next(isOf('agent_failed'));
    expect(body).to.have.nested.property('error.code', 'interrupted');
  });
});
