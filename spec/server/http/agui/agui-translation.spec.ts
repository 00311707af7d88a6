import type { Message } from '@ag-ui/core';
import { expect } from 'chai';
import { endsRun } from '../../../../protocol/agent-kinds.js';
import { runEntryOf } from '../../../../server/chat/runs/run-reader.js';
import type { AgUiMessage } from '../../../../server/http/agui/agui-event.js';
import { agUiHistory } from '../../../../server/http/agui/agui-history.js';
import { HISTORIES, play, type Played } from '../../chat/runs/histories.js';
import { entriesOf, Follower } from './agui-follower.js';
import { AgUiReader, ends } from './agui-reader.js';

/** A reader that knows what a snapshot of now has. */
function knowing(messages: readonly AgUiMessage[] = []): AgUiReader {
  return new AgUiReader(messages as Message[]);
}

/** The runs of a thread, with the offset of the message that each answers, and its end. */
function runsOf(played: Played) {
  const entries = entriesOf(played);
  const runs = new Map<string, { after: number; text: string | null }>();
  for (const entry of entries) {
    const event = runEntryOf(entry);
    if (event === null) continue;
    const { run, kind, body } = event;
    if (kind === 'agent_started') {
      const message = entries.find(({ mid }) => mid === body['inReplyTo']);
      runs.set(run, { after: message?.offset ?? 0, text: null });
    }
    const known = runs.get(run);
    if (known !== undefined && endsRun(kind)) known.text = String(body['text']);
  }
  return runs;
}

/** Checks that a reader has the whole thread: each text, tool and thought once. */
function expectAll(reader: AgUiReader, played: Played): void {
  const all = knowing(agUiHistory(entriesOf(played), []).messages);
  for (const [run, { text }] of runsOf(played)) expect(reader.text(run), run).to.equal(text);
  expect(reader.tools()).to.have.deep.members(all.tools());
  expect(reader.thoughts()).to.deep.equal(all.thoughts());
  const ids = reader.messages.map(({ id }) => id);
  expect(new Set(ids).size).to.equal(ids.length);
}

describe('AgUiTranslation', () => {
  for (const name of Object.keys(HISTORIES)) {
    describe(name, () => {
      it('tells each run to who asked for it, until it ends or asks', async () => {
        const followers = new Map<string, Follower[]>();
        const played = await play(name, (now) => {
          for (const [run, { after }] of runsOf(now)) {
            const list = followers.get(run) ?? [new Follower(now, { only: run, after })];
            followers.set(run, list);
            const isWaiting = now.ports.runs.of('t').some((told) => told.run === run && told.ask);
            // Who has answered asks again.
            if (list.at(-1)?.hasAsked === true && !isWaiting) {
              list.push(new Follower(now, { only: run }));
            }
            list.at(-1)?.pull();
          }
        });
        for (const [run, list] of followers) {
          const reader = knowing();
          for (const { events } of list) {
            await reader.posts(events);
            expect(ends(events)).to.have.lengthOf(1);
            expect(events.at(-1)?.type).to.match(/^RUN_(FINISHED|ERROR)$/);
          }
          expect(reader.text(run)).to.equal(runsOf(played).get(run)?.text);
        }
      });

      it('tells all of the thread to who follows it', async () => {
        let follower: Follower | null = null;
        const played = await play(name, (now) => {
          (follower ??= new Follower(now)).pull();
        });
        const reader = knowing();
        await reader.gets(follower!.events);
        expectAll(reader, played);
        const people = reader.messages.filter(({ role }) => role === 'user');
        expect(people).to.have.lengthOf(
          entriesOf(played).filter(({ kind }) => kind === 'user_message').length
        );
      });

      it('goes on by a snapshot, wherever it was cut', async () => {
        let whole: Follower | null = null;
        await play(name, (now) => {
          (whole ??= new Follower(now)).pull();
        });
        for (let most = 0; most <= whole!.events.length; most++) {
          let first: Follower | null = null;
          let second: Follower | null = null;
          const played = await play(name, (now) => {
            first ??= new Follower(now, {}, most);
            first.pull();
            if (first.isFull) (second ??= new Follower(now)).pull();
          });
          const reader = knowing();
          await reader.gets(first!.events);
          await reader.gets(second!.events);
          expectAll(reader, played);
        }
      });

      it('tells a run again to who asks for it again, wherever it was cut', async () => {
        const played = await play(name);
        for (const run of runsOf(played).keys()) {
          const order = [...runsOf(played).keys()].indexOf(run);
          let length = 1;
          for (let most = 1; most <= length; most++) {
            let first: Follower | null = null;
            let second: Follower | null = null;
            const again = await play(name, (now) => {
              const [id, one] = [...runsOf(now)][order] ?? [];
              if (id === undefined || one === undefined) return;
              first ??= new Follower(now, { only: id, after: one.after }, most);
              first.pull();
              if (!first.isFull) return;
              second ??= new Follower(now, { only: id });
              second.pull();
            });
            length = Math.max(length, first!.events.length + (first!.isFull ? 1 : 0));
            if (second === null) break;
            const id = [...runsOf(again).keys()][order]!;
            const reader = knowing();
            await reader.posts(first!.events);
            await reader.posts((second as Follower).events);
            expect(ends((second as Follower).events)).to.have.lengthOf(1);
            const text = runsOf(again).get(id)?.text ?? '';
            if ((second as Follower).hasAsked)
              expect(text.startsWith(reader.text(id))).to.equal(true);
            else expect(reader.text(id)).to.equal(text);
          }
        }
      });
    });
  }
});
