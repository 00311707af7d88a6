import { expect } from 'chai';
import { readOrder, type VerifyWords } from '../../../cli/verify/verify-order.js';
import { runCli } from '../../../cli/cli.js';
import { fakeSeat } from '../chat/fake-seat.js';

const WORDS: VerifyWords = {
  url: 'ws://127.0.0.1:8080',
  token: undefined,
  apiKey: undefined,
  agent: undefined,
  watch: undefined,
  only: undefined,
  isJson: false
};

describe('readOrder', () => {
  it('takes all checks and watches nothing when nothing else is said', () => {
    const read = readOrder(WORDS);
    expect('order' in read && read.order).to.deep.include({
      url: WORDS.url,
      watchMs: 0,
      only: null
    });
  });

  const times: [string, number][] = [
    ['1s', 1_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000]
  ];
  for (const [watch, watchMs] of times) {
    it(`watches for ${watch}`, () => {
      const read = readOrder({ ...WORDS, watch });
      expect('order' in read && read.order.watchMs).to.equal(watchMs);
    });
  }

  it('reads numbers of checks', () => {
    const read = readOrder({ ...WORDS, only: '1, 4,10' });
    expect('order' in read && [...(read.order.only ?? [])]).to.eql([1, 4, 10]);
  });

  const wrong: [string, Partial<VerifyWords>, RegExp][] = [
    [
      'an address without a scheme',
      { url: 'chat.example.org' },
      /^--url: chat.example.org is not ws/
    ],
    ['an address of something else', { url: 'ftp://chat' }, /^--url: .*is not ws/],
    ['no time', { watch: 'soon' }, /^--watch "soon" is no time/],
    ['a time of nothing', { watch: '0m' }, /^--watch "0m" is no time/],
    ['a time that is too long', { watch: '25h' }, /^--watch "25h" is no time/],
    ['a check that there is not', { only: '1,11' }, /^--only: "11" is no check/],
    ['a gap between checks', { only: '1,,2' }, /^--only: "" is no check/],
    ['watching without check 1', { only: '2', watch: '1m' }, /^--watch is for check 1/]
  ];
  for (const [what, words, fault] of wrong) {
    it(`refuses ${what}`, () => {
      const read = readOrder({ ...WORDS, ...words });
      expect('faults' in read ? read.faults.join('\n') : '').to.match(fault);
    });
  }

  it('ends with 2 and says all that is wrong', async () => {
    const seat = fakeSeat();
    const code = await runCli(
      ['verify', '--url', 'nowhere', '--watch', 'soon', '--only', 'x'],
      seat
    );
    expect(code).to.equal(2);
    expect(seat.stderr.text.match(/^rollcall verify: --/gm)).to.have.length(3);
    expect(seat.stdout.text).to.equal('');
  });

  it('has a line for each check in its help', async () => {
    const seat = fakeSeat();
    expect(await runCli(['verify', '--help'], seat)).to.equal(0);
    expect(seat.stdout.text.match(/^ +\d+ \w/gm)).to.have.length(10);
  });
});
