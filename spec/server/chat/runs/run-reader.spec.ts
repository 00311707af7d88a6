import { expect } from 'chai';
import { endsRun } from '../../../../protocol/agent-kinds.js';
import { RunReader, type RunEvent } from '../../../../server/chat/runs/run-reader.js';
import { ALL_HISTORIES, play, type Played } from './histories.js';

/** Reads all that there is. */
function drain(reader: RunReader): RunEvent[] {
  const events: RunEvent[] = [];
  for (let event = reader.next(); event !== null; event = reader.next()) events.push(event);
  return events;
}

/** The entries of the runs, in short, and their texts. */
function folded(events: readonly RunEvent[]) {
  const texts: Record<string, string> = {};
  const entries: string[] = [];
  const ended: string[] = [];
  for (const event of events) {
    expect(ended, 'nothing comes after an end').to.not.include(event.run);
    if (event.type === 'entry') {
      entries.push(`${String(event.offset)} ${event.kind} ${event.run}`);
      if (endsRun(event.kind)) ended.push(event.run);
    } else {
      const before = event.at === 0 ? '' : (texts[event.run] ?? '');
      expect(event.at, 'no piece is missing').to.equal(before.length);
      texts[event.run] = before + event.text;
    }
  }
  return { texts, entries, ended };
}

/** What a thread has in the end. */
function truth({ rig }: Played) {
  const texts: Record<string, string> = {};
  const entries: string[] = [];
  for (const { kind, offset, body } of rig.entries()) {
    if (kind === 'user_message') continue;
    const { run, text } = body as { run: string; text?: string };
    entries.push(`${String(offset)} ${kind} ${run}`);
    if (endsRun(kind)) texts[run] = text ?? '';
  }
  return { texts, entries };
}

describe('RunReader', () => {
  for (const name of Object.keys(ALL_HISTORIES)) {
    it(`reads all of ${name} once, from any moment on and with any pauses`, async () => {
      /** Readers that began at each moment, with what they have read. */
      const readers: { reader: RunReader; events: RunEvent[]; first: number; every: number }[] = [];
      let moment = 0;
      const played = await play(name, ({ ports }) => {
        // One more at each moment, of which each reads at a rhythm of its own.
        if (moment % 3 === 0) {
          const reader = new RunReader(ports, 't', 'open');
          const first = reader.offset + 1;
          readers.push({ reader, events: [], first, every: 1 + (readers.length % 5) });
        }
        for (const { reader, events, every } of readers) {
          if (moment % every === 0) events.push(...drain(reader));
        }
        moment++;
      });
      const { texts, entries } = truth(played);
      expect(played.rig.runs.of('t'), 'every run has ended').to.deep.equal([]);
      const late = new RunReader(played.ports, 't', { after: 0 });
      readers.push({ reader: late, events: [], first: 1, every: 1 });
      for (const { reader, events, first } of readers) {
        events.push(...drain(reader));
        const got = folded(events);
        const due = entries.filter((entry) => Number.parseInt(entry, 10) >= first);
        expect(got.entries).to.deep.equal(due);
        for (const run of got.ended) expect(got.texts[run] ?? '').to.equal(texts[run]);
      }
    });
  }

  it('gives a text piece by piece, as it comes', async () => {
    const events: RunEvent[] = [];
    let reader: RunReader | null = null;
    await play('a word at a time', ({ ports }) => {
      reader ??= new RunReader(ports, 't', 'open');
      events.push(...drain(reader));
    });
    const pieces = events.filter(({ type }) => type === 'text');
    expect(pieces.length).to.be.greaterThan(0);
    expect(events.map((event) => (event.type === 'entry' ? event.kind : 'text'))).to.deep.equal([
      'agent_started',
      ...pieces.map(() => 'text'),
      'agent_completed'
    ]);
  });

  it('reads one run only, from its beginning, when it is asked to', async () => {
    const played = await play('a queue');
    const runs = [...new Set(truth(played).entries.map((entry) => entry.split(' ')[2]!))];
    expect(runs.length).to.equal(4);
    for (const run of runs) {
      const events = drain(new RunReader(played.ports, 't', { run }, run));
      expect(new Set(events.map((event) => event.run))).to.deep.equal(new Set([run]));
      expect(folded(events).ended).to.deep.equal([run]);
    }
  });

  it('gives the whole text anew to who begins in the middle of a run', async () => {
    const played = await play('text');
    const end = played.rig.entries().at(-1)!.offset;
    const events = drain(new RunReader(played.ports, 't', { after: end - 1 }));
    expect(events.map((event) => event.type)).to.deep.equal(['text', 'entry']);
    expect(events[0]).to.include({ at: 0, text: 'one two 😀 three' });
  });
});
