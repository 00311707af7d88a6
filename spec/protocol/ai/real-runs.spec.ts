import { expect } from 'chai';
import { AI_VERSIONS, type AiChunk7, type AiVersion } from '../../../protocol/ai/ai-chunk.js';
import { RunChunks } from '../../../protocol/ai/run-chunks.js';
import { endsRun } from '../../../protocol/agent-kinds.js';
import { RunReader } from '../../../server/chat/runs/run-reader.js';
import { ALL_HISTORIES, play, type Played } from '../../server/chat/runs/histories.js';
import { isTaken, read, shownText, type ReadMessage } from './ai-readers.js';

const LAST = ['finish', 'error', 'abort'];

/** A client of one version that follows one run from some moment on, with a further stream after each question. */
class Follower {
  readonly streams: AiChunk7[][] = [[]];
  readonly version: AiVersion;
  readonly run: string;
  private readonly ports: Played['ports'];
  private readonly reader: RunReader;
  private readonly chunks: RunChunks<AiVersion>;

  constructor(version: AiVersion, run: string, ports: Played['ports']) {
    this.version = version;
    this.run = run;
    this.ports = ports;
    this.reader = new RunReader(ports, 't', { run }, run);
    this.chunks = new RunChunks(version, run);
  }

  read(): void {
    for (let event = this.reader.next(); event !== null; event = this.reader.next()) {
      const isOver = this.chunks.isOver;
      if (event.type === 'entry' && event.kind === 'agent_waiting') {
        const told = this.ports.runs.of('t').find(({ run }) => run === this.run);
        if (told?.ask?.ask !== event.body['ask']) this.chunks.passed(String(event.body['ask']));
      }
      if (isOver && this.streams.at(-1)!.length > 0) {
        this.chunks.skip();
        this.streams.push([]);
      }
      this.streams
        .at(-1)!
        .push(
          ...(event.type === 'entry'
            ? this.chunks.entry(event)
            : this.chunks.text(event.at, event.text, event.attempt))
        );
    }
  }

  /** Reads all streams as the client library of the version does. */
  async message(): Promise<{ message: ReadMessage | null; errors: readonly string[] }> {
    let message: ReadMessage | null = null;
    const errors: string[] = [];
    for (const stream of this.streams) {
      for (const chunk of stream) {
        expect(await isTaken(this.version, chunk), JSON.stringify(chunk)).to.equal(true);
      }
      const got = await read(this.version, stream, message);
      message = got.message;
      errors.push(...got.errors);
    }
    return { message, errors };
  }
}

/** Plays a history; clients of all versions join every run at every few moments, as if they were cut off before. */
async function followed(name: string) {
  const followers: Follower[] = [];
  let moment = 0;
  const played = await play(name, ({ ports, rig }) => {
    for (const { run } of rig.runs.of('t')) {
      const joined = followers.some((follower) => follower.run === run);
      if (!joined || moment % 7 === 0) {
        for (const version of AI_VERSIONS) followers.push(new Follower(version, run, ports));
      }
    }
    for (const follower of followers) follower.read();
    moment++;
  });
  const ends = new Map<string, { kind: string; text: string }>();
  for (const { kind, body } of played.rig.entries()) {
    const { run, text = '' } = body as { run: string; text?: string };
    if (endsRun(kind)) ends.set(run, { kind, text });
  }
  for (const run of ends.keys()) {
    for (const version of AI_VERSIONS) {
      const late = new Follower(version, run, played.ports);
      late.read();
      followers.push(late);
    }
  }
  return { followers, ends };
}

const LAST_OF: Readonly<Record<string, string>> = {
  agent_completed: 'finish',
  agent_failed: 'error',
  agent_cancelled: 'abort'
};

/** What an older version has in a message that has ended before a question cannot be taken back any more. */
const NOT_TAKEN_BACK = ['a question before a further attempt'];

describe('RunChunks of real runs', () => {
  for (const name of Object.keys(ALL_HISTORIES)) {
    it(`${name}: every version reads the same, whenever it joins`, async () => {
      const { followers, ends } = await followed(name);
      expect(followers.length).to.be.greaterThan(2);
      for (const follower of followers) {
        const { version, run, streams } = follower;
        const where = `${String(version)} ${JSON.stringify(streams)}`;
        const { kind, text } = ends.get(run)!;
        for (const stream of streams) {
          const last = stream.filter(({ type }) => LAST.includes(type));
          expect(last, where).to.have.length(1);
          expect(last[0], where).to.equal(stream.at(-1));
        }
        expect(streams.at(-1)!.at(-1)!.type, where).to.equal(LAST_OF[kind]);
        const { message, errors } = await follower.message();
        if (version === 7 || streams.length === 1 || !NOT_TAKEN_BACK.includes(name)) {
          expect(shownText(message), where).to.equal(text);
        }
        expect(errors.length, `${where} ${errors.join()}`).to.equal(
          kind === 'agent_failed' ? 1 : 0
        );
        const ids = message?.parts.flatMap(({ toolCallId }) => toolCallId ?? []) ?? [];
        expect(ids.length, 'each call has an id of its own').to.equal(new Set(ids).size);
        const isOpen = ({ state }: { state?: string }): boolean =>
          ['streaming', 'input-available', 'approval-requested'].includes(state ?? '');
        expect(message?.parts.filter(isOpen) ?? [], `nothing is left open ${where}`).to.deep.equal(
          []
        );
      }
    });
  }

  it('keeps two calls apart that have the same id one after the other', async () => {
    const { followers } = await followed('tools');
    for (const follower of followers) {
      const { message } = await follower.message();
      const tools = message!.parts.filter(({ type }) => type === 'dynamic-tool');
      expect(tools.map(({ toolName, state }) => [toolName, state])).to.deep.equal([
        ['look', 'output-available'],
        ['fail', 'output-error'],
        ['look', 'output-error']
      ]);
    }
  });
});
