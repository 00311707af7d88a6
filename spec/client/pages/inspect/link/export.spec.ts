import { expect } from 'chai';
import { Export, type ExportState } from '../../../../../client/pages/inspect/link/export.js';
import { Inspection } from '../../../../../client/pages/inspect/recording/inspection.js';
import { noticesOf } from '../../../../../client/pages/inspect/views/frame/notices.js';
import { settle } from '../../../../virtual-clock.js';
import { CHART } from '../recorded.js';

const nothing = () => undefined;
const ORDERS = {
  save: nothing,
  forget: nothing,
  live: nothing,
  dismiss: nothing,
  reload: nothing,
  putAway: nothing
};

describe('Export', () => {
  const { reel } = new Inspection();
  let words: string[];
  let files: number;
  let paint: () => void;
  let painting: Promise<void>;
  let save: () => { name: string; bytes: number };

  beforeEach(() => {
    words = [];
    files = 0;
    painting = new Promise((resolve) => {
      paint = resolve;
    });
    save = () => {
      files += 1;
      return { name: 'rollcall.json', bytes: 1_234_567 };
    };
  });

  function make(): Export {
    const one: Export = new Export({
      charts: (_reel, had) => {
        had(1, 2);
        return Promise.resolve([CHART]);
      },
      save: () => save(),
      changed: () => words.push(wordsOf(one.state)),
      painted: () => painting
    });
    return one;
  }

  function wordsOf(exported: ExportState | null): string {
    const inspection = new Inspection();
    const stand = { inspection, link: 'live', why: null, refused: null, exported } as const;
    return noticesOf(stand, ORDERS)
      .map(({ tone, text }) => `${tone}: ${text}`)
      .join();
  }

  it('says how far it is, and what the file is', async () => {
    const one = make();
    const running = one.run(reel);
    await settle();
    expect(files, 'before it is said that it is written').to.equal(0);
    paint();
    await running;
    expect(words).to.eql([
      'busy: Exporting…',
      'busy: Exporting: 1 of 2 charts…',
      'busy: Exporting: 0 messages are written…',
      'good: Exported as rollcall.json: 1.2 MB, 0 messages, 1 chart.'
    ]);
    one.putAway();
    expect(words.at(-1)).to.equal('');
  });

  it('does not begin another one meanwhile, and is not put away', async () => {
    const one = make();
    const running = one.run(reel);
    await one.run(reel);
    one.putAway();
    expect(one.isBusy).to.equal(true);
    paint();
    await running;
    expect(files).to.equal(1);
  });

  it('says why there is no file', async () => {
    const one = make();
    save = () => {
      throw new Error('the recording is too long for a text');
    };
    paint();
    await one.run(reel);
    expect(words.at(-1)).to.equal(
      'bad: The recording was not exported: the recording is too long for a text.'
    );
  });
});
