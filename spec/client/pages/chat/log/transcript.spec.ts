import { expect } from 'chai';
import fc from 'fast-check';
import type { Draft, Row } from '../../../../../client/pages/chat/log/rows.js';
import { GROUP_MS, Transcript } from '../../../../../client/pages/chat/log/transcript.js';
import type { Gap } from '../../../../../client/sdk/thread/message-stream.js';
import type { Run } from '../../../../../client/sdk/thread/runs/run.js';
import { NO_RUNS, reduceRuns, runList } from '../../../../../client/sdk/thread/runs/runs.js';
import type { MessageFrame, ServerFrame } from '../../../../../protocol/frames.js';
import { recordedRun, type RecordedFrame } from '../../../sdk/recorded-runs.js';

const NOON = new Date(2026, 0, 15, 12).getTime();

function message(offset: number, user = 'bob', at = NOON): MessageFrame {
  return {
    type: 'message',
    thread: 't',
    offset,
    mid: `m${String(offset)}`,
    from: { user },
    at,
    kind: 'user_message',
    body: { text: String(offset) }
  };
}

function draft(mid: string, state: Draft['state'], after: number): Draft {
  const body = { text: 'x' };
  const rest = { thread: 't', kind: undefined, expect: undefined, error: null, offset: null };
  return { mid, body, at: NOON, state, after, ...rest };
}

function outline(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    if (row.type === 'message') return `${row.first ? '+' : ' '}${String(row.message.offset)}`;
    if (row.type === 'run') return `${row.run.run} ${row.run.state}${row.live ? ' live' : ''}`;
    if (row.type === 'draft') return `${row.first ? '+' : ' '}${row.draft.mid} ${row.draft.state}`;
    return row.type;
  });
}

describe('Transcript', () => {
  it('groups messages when they are of one author, close together and of one day', () => {
    const transcript = new Transcript();
    transcript.append(message(1));
    transcript.append(message(2, 'bob', NOON + GROUP_MS));
    transcript.append(message(3, 'bob', NOON + 2 * GROUP_MS + 1));
    transcript.append(message(4, 'ada', NOON + 2 * GROUP_MS + 2));
    transcript.append(message(5, 'ada', NOON + 86_400_000));
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', ' 2', '+3', '+4', 'day', '+5']);
  });

  it('puts history before what came by itself and drops what it has', () => {
    const transcript = new Transcript();
    transcript.append(message(3));
    transcript.prepend([message(1), message(2), message(3)]);
    transcript.append(message(3));
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', ' 2', ' 3']);
  });

  it('shows what is on its way at the end, and nothing of it where the end is not shown', () => {
    const transcript = new Transcript(2);
    transcript.append(message(3));
    const outgoing = draft('m4', 'pending', 3);
    expect(outline(transcript.rows('ada', [outgoing]))).to.eql(['day', '+3', '+m4 pending']);
    transcript.prepend([message(1), message(2)]);
    expect(outline(transcript.rows('ada', [outgoing]))).to.eql(['day', '+1', ' 2']);
  });

  it('leaves what failed where it was written, while what is on its way stays at the end', () => {
    const transcript = new Transcript();
    for (const offset of [3, 4, 5]) transcript.append(message(offset));
    const drafts = [draft('a', 'failed', 1), draft('b', 'failed', 4), draft('c', 'pending', 3)];
    expect(outline(transcript.rows('ada', [...drafts, draft('d', 'failed', 5)]))).to.eql([
      'day',
      '+a failed',
      '+3',
      ' 4',
      '+b failed',
      '+5',
      '+d failed',
      ' c pending'
    ]);
  });

  it('marks a hole, and starts anew when the thread did', () => {
    const transcript = new Transcript();
    transcript.append(message(1));
    transcript.mark({ from: 2, to: 3, reason: 'trimmed' });
    transcript.append(message(4));
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', 'gap', '+4']);
    transcript.mark({ from: 1, to: 4, reason: 'epoch' });
    transcript.append(message(1));
    expect(outline(transcript.rows('ada'))).to.eql(['gap', 'day', '+1']);
  });

  it('drops the oldest when more come than it keeps', () => {
    const transcript = new Transcript(3);
    for (let offset = 1; offset <= 5; offset++) transcript.append(message(offset));
    expect([transcript.window.oldest, transcript.window.newest, transcript.window.detached]).to.eql(
      [3, 5, false]
    );
    expect(transcript.window.trimmed).to.equal(true);
  });

  it('drops the newest and is detached when older ones need the room', () => {
    const transcript = new Transcript(3);
    transcript.append(message(4));
    transcript.append(message(5));
    transcript.prepend([message(2), message(3)]);
    expect([transcript.window.oldest, transcript.window.newest, transcript.window.detached]).to.eql(
      [2, 4, true]
    );
    transcript.append(message(6));
    expect(transcript.window.newest).to.equal(4);
    transcript.clear();
    transcript.append(message(6));
    expect([transcript.window.newest, transcript.window.detached]).to.eql([6, false]);
  });

  describe('runs', () => {
    const entries = (question: 'q1' | 'q2' | 'q3' | 'q4'): MessageFrame[] =>
      recordedRun(question).filter((frame): frame is MessageFrame => frame.type === 'message');
    const runs = (frames: readonly RecordedFrame[]): Run[] =>
      runList(frames.reduce(reduceRuns, NO_RUNS));

    it('shows one block for all entries of a run, where it began', () => {
      const transcript = new Transcript();
      const [asked, started, ...rest] = entries('q1');
      for (const frame of [asked!, started!]) transcript.append(frame);
      transcript.append({ ...message(3, 'bob', asked!.at), mid: 'between' });
      for (const frame of rest) transcript.append({ ...frame, offset: frame.offset + 1 });
      expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', 'r1 completed', '+3']);
    });

    it('shows the answer so far, and says when only that has changed', () => {
      const transcript = new Transcript();
      const frames = recordedRun('q4');
      for (const frame of entries('q4').slice(0, 2)) transcript.append(frame);
      const [begun] = runs(frames.slice(0, 2));
      const [further] = runs(frames.slice(0, 10));
      expect(transcript.track(begun!)).to.equal(true);
      expect(transcript.track(further!)).to.equal(false);
      expect(transcript.runRow('r4')?.run.text).to.equal(further!.text);
      expect(outline(transcript.rows('ada')).at(-1)).to.equal('r4 streaming live');
      for (const frame of entries('q4')) transcript.append(frame);
      expect(transcript.track(runs(frames)[0]!)).to.equal(true);
      expect(outline(transcript.rows('ada')).at(-1)).to.equal('r4 completed');
    });

    it('is the same block whether it was seen live, or joined in the middle with its history after', () => {
      const live = new Transcript();
      const joined = new Transcript();
      const frames = recordedRun('q4').slice(0, 30);
      const known = frames.reduce(reduceRuns, NO_RUNS);
      for (const frame of frames) if (frame.type === 'message') live.append(frame);
      live.track(runList(known)[0]!);
      // `subscribed` holds the text of the run, but not how the run began.
      const [{ text, run, inReplyTo }] = runList(known) as [Run];
      const told = { run, state: 'streaming', mid: inReplyTo ?? '', text, at: text.length };
      const place = { thread: 'lobby', epoch: 'x', offset: 23, recovered: true, replay: 0 };
      const joining: ServerFrame = {
        type: 'subscribed',
        ...place,
        gap: null,
        runs: [told],
        present: []
      };
      joined.track(runList(reduceRuns(NO_RUNS, joining))[0]!);
      expect(outline(joined.rows('ada'))).to.eql(['r4 streaming live']);
      joined.prepend(frames.filter((frame): frame is MessageFrame => frame.type === 'message'));
      expect(joined.rows('ada')).to.eql(live.rows('ada'));
    });

    it('does not say that a run goes on when nobody has said so', () => {
      const transcript = new Transcript();
      transcript.prepend(entries('q4').slice(0, 2));
      expect(outline(transcript.rows('ada')).at(-1)).to.equal('r4 streaming');
    });

    it('goes on with a run that waits in the queue, or for an answer', () => {
      for (const state of ['queued', 'waiting'] as const) {
        const transcript = new Transcript();
        const [begun] = runs(recordedRun('q4').slice(0, 2));
        transcript.track({ ...begun!, state });
        expect(outline(transcript.rows('ada')).at(-1)).to.equal(`r4 ${state} live`);
      }
    });

    it('forgets a run with its last entry, and keeps one that goes on', () => {
      const transcript = new Transcript(4);
      for (const frame of entries('q1')) transcript.append(frame);
      transcript.track(runs(recordedRun('q4').slice(0, 5))[0]!);
      for (let offset = 10; offset < 20; offset++) transcript.append(message(offset));
      expect(transcript.runRow('r1')).to.equal(undefined);
      expect(outline(transcript.rows('ada')).at(-1)).to.equal('r4 streaming live');
      transcript.mark({ from: 1, to: 19, reason: 'epoch' });
      expect(outline(transcript.rows('ada'))).to.eql(['gap']);
    });

    describe('with versions', () => {
      const agentEntry = (offset: number, kind: string, body: object): MessageFrame => ({
        ...message(offset, 'agent:helper'),
        kind,
        body
      });
      const answered = (
        offset: number,
        run: string,
        mid: string,
        more: object = {}
      ): MessageFrame[] => [
        agentEntry(offset, 'agent_started', { run, agent: 'helper', inReplyTo: mid, ...more }),
        agentEntry(offset + 1, 'agent_completed', { run, text: run })
      ];
      const question = (offset: number, mid: string): MessageFrame => ({
        ...message(offset, 'ada'),
        mid
      });
      const first = [question(1, 'q1'), ...answered(2, 'r1', 'q1')];
      const of = (...messages: readonly MessageFrame[]): Transcript => {
        const transcript = new Transcript();
        transcript.prepend(messages);
        return transcript;
      };
      const shown = (transcript: Transcript, drafts: readonly Draft[] = []): string[] =>
        transcript.rows('ada', drafts).flatMap((row) => {
          if (row.type === 'message') return [row.message.mid];
          if (row.type === 'draft') return [row.draft.mid];
          if (row.type !== 'run') return [];
          const { index, count } = row.version;
          return [
            `${row.run.run} ${String(index + 1)}/${String(count)} to ${row.question?.mid ?? '?'}`
          ];
        });

      it('shows the last answer in the place of the first, and the question once', () => {
        const again = [question(5, 'q2'), ...answered(6, 'r2', 'q2', { regenerates: 'q1' })];
        const transcript = of(...first, message(4), ...again);
        expect(shown(transcript)).to.eql(['q1', 'r2 2/2 to q1', 'm4']);
        transcript.turn('r2', -1);
        expect(shown(transcript)).to.eql(['q1', 'r1 1/2 to q1', 'm4']);
        expect(transcript.runRow('r2')).to.equal(undefined);
      });

      it('shows an edited question with its answer, and the one before with its own', () => {
        const edited = [question(4, 'q2'), ...answered(5, 'r2', 'q2', { edits: 'q1' })];
        const transcript = of(...first, ...edited);
        expect(shown(transcript)).to.eql(['q2', 'r2 2/2 to q2']);
        transcript.turn('r2', -1);
        expect(shown(transcript)).to.eql(['q1', 'r1 1/2 to q1']);
        // Another version has come: it is shown, whatever was chosen.
        transcript.append(question(7, 'q3'));
        for (const entry of answered(8, 'r3', 'q3', { regenerates: 'q2' }))
          transcript.append(entry);
        expect(shown(transcript)).to.eql(['q2', 'r3 3/3 to q2']);
      });

      it('does not show the question again that waits for another answer, after a reload either', () => {
        const waits = { run: 'r2', position: 1, inReplyTo: 'q2', regenerates: 'q1' };
        const entries = [...first, question(4, 'q2'), agentEntry(5, 'agent_queued', waits)];
        expect(shown(of(...entries))).to.eql(['q1', 'r2 2/2 to q1']);
        const end = { run: 'r2', inReplyTo: 'q2', by: 'ada', text: '' };
        const withdrawn = of(...entries, agentEntry(6, 'agent_cancelled', end));
        expect(shown(withdrawn)).to.eql(['q1', 'r1 1/2 to q1']);
      });

      it('keeps what is on its way in the place of what it replaces, and shows it alone when it fails', () => {
        const edit: Draft = { ...draft('q2', 'pending', 3), edits: 'q1' };
        const transcript = of(...first);
        transcript.sent(edit);
        expect(shown(transcript, [edit])).to.eql(['q2']);
        const failed: Draft = { ...edit, state: 'failed' };
        transcript.sent(failed);
        expect(shown(transcript, [failed])).to.eql(['q1', 'r1 1/1 to q1', 'q2']);
      });

      it('knows which messages were answered, so that they can be edited', () => {
        const transcript = of(...first, message(4));
        transcript.rows('ada');
        expect(['q1', 'm4'].map((mid) => transcript.isAnswered(mid))).to.eql([true, false]);
      });
    });

    it('shows an entry as it is when it names no run', () => {
      const transcript = new Transcript();
      transcript.append({ ...message(1), kind: 'agent_completed', body: { run: 7 } });
      expect(outline(transcript.rows('ada'))).to.eql(['day', '+1']);
    });
  });

  describe('fill', () => {
    const holed = (reason: Gap['reason'] = 'missing'): [Transcript, Gap] => {
      const transcript = new Transcript();
      const gap: Gap = { from: 2, to: 5, reason };
      transcript.append(message(1));
      transcript.mark(gap);
      transcript.append(message(6));
      return [transcript, gap];
    };

    it('puts what was missed in its place and leaves what is still missed', () => {
      const [transcript, gap] = holed();
      transcript.fill(gap, [message(3), message(4), message(5)], true);
      expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', 'gap', '+3', ' 4', ' 5', ' 6']);
      const left = transcript.rows('ada').find((row) => row.type === 'gap');
      expect(left?.type === 'gap' && left.gap).to.eql({ from: 2, to: 2, reason: 'missing' });
    });

    it('leaves no hole when all has come, and takes nothing from outside it', () => {
      const [transcript, gap] = holed();
      transcript.fill(
        gap,
        [1, 2, 3, 4, 5].map((offset) => message(offset)),
        false
      );
      expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', ' 2', ' 3', ' 4', ' 5', ' 6']);
    });

    it('calls trimmed what the server has not either', () => {
      const [transcript, gap] = holed('overflow');
      transcript.fill(gap, [message(5)], false);
      const left = transcript.rows('ada').find((row) => row.type === 'gap');
      expect(left?.type === 'gap' && left.gap).to.eql({ from: 2, to: 4, reason: 'trimmed' });
    });
  });

  it('never passes its limit, never repeats a key and keeps offsets rising, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ prepend: fc.integer({ min: 1, max: 10 }) })
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const transcript = new Transcript(8);
        for (const one of steps) {
          if ('append' in one) transcript.append(message(one.append));
          else {
            const before = transcript.window.oldest ?? 20;
            const page = Array.from({ length: one.prepend }, (_, i) => before - one.prepend + i);
            transcript.prepend(page.filter((offset) => offset > 0).map((o) => message(o)));
          }
          const rows = transcript.rows('ada');
          const offsets = rows.flatMap((row) =>
            row.type === 'message' ? [row.message.offset] : []
          );
          expect(transcript.window.items.length).to.be.at.most(8);
          expect(offsets).to.eql([...new Set(offsets)].sort((a, b) => a - b));
          expect(new Set(rows.map(({ key }) => key)).size).to.equal(rows.length);
        }
      })
    );
  });
});
