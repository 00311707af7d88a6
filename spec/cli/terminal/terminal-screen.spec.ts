import { expect } from 'chai';
import { PassThrough, Writable } from 'node:stream';
import { paintIf } from '../../../server/logger/paint.js';
import { TerminalScreen } from '../../../cli/terminal/terminal-screen.js';
import { settle } from '../../virtual-clock.js';
import { Emulator } from './emulator.js';

/** The output stream of a terminal: the emulator draws what is written, and specs can change the size. */
class EmulatedOutput extends Writable {
  readonly emulator: Emulator;
  columns: number;
  rows: number;

  constructor(columns: number, rows: number) {
    super();
    this.emulator = new Emulator(columns, rows);
    this.columns = columns;
    this.rows = rows;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    void this.emulator.write(chunk).then(done);
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }
}

const PASTE = (text: string): string => `\u001b[200~${text}\u001b[201~`;

describe('TerminalScreen', () => {
  let input: PassThrough;
  let output: EmulatedOutput;
  let screen: TerminalScreen;
  let entered: string[];
  let edited: string[];
  let left: number;

  function open(columns = 40, rows = 12): void {
    input = new PassThrough();
    output = new EmulatedOutput(columns, rows);
    entered = [];
    edited = [];
    left = 0;
    screen = new TerminalScreen({
      terminal: { input, output },
      paint: paintIf(true),
      complete: (line) => ['/help', '/history'].filter((name) => name.startsWith(line)),
      events: {
        entered: (text) => entered.push(text),
        edited: (text) => edited.push(text),
        left: () => left++
      }
    });
    screen.name('lobby');
  }

  /** Presses each key and waits until the screen is drawn. */
  async function type(...keys: string[]): Promise<void> {
    for (const key of keys) {
      input.write(key);
      await drawn();
    }
  }

  async function drawn(): Promise<void> {
    await settle();
    await new Promise<void>((resolve) => output.write('', () => resolve()));
  }

  const see = (): string[] => output.emulator.lines;

  beforeEach(() => open());
  afterEach(() => screen.close());

  it('says where what is typed goes to, and keeps it, when one goes to another thread', async () => {
    await type('hal', 'f');
    screen.name('team');
    await drawn();
    expect(see().at(-1)).to.equal('team> half');
    expect(see().join()).to.not.include('lobby>');
  });

  it('keeps what is being typed, and the cursor in it, when lines come', async () => {
    await type('hello', '\u001b[D', '\u001b[D');
    screen.print(['one', 'two']);
    await drawn();
    expect(see()).to.deep.equal(['one', 'two', 'lobby> hello']);
    expect(output.emulator.typed).to.equal('lobby> hel');
    await type('X');
    expect(see().at(-1)).to.equal('lobby> helXlo');
  });

  it('keeps a text of several rows when lines come', async () => {
    await type('word '.repeat(20));
    screen.print(['said']);
    await drawn();
    expect(see()[0]).to.equal('said');
    expect(see().slice(1).join('')).to.equal(`lobby> ${'word '.repeat(20).trimEnd()}`);
    await type('\u001b[H', 'X');
    screen.print(['said again']);
    await drawn();
    expect(see().slice(0, 3)).to.deep.equal([
      'said',
      'said again',
      'lobby> Xword word word word word word wo'
    ]);
    expect(see().slice(2).join('')).to.have.lengthOf(
      `lobby> X${'word '.repeat(20).trimEnd()}`.length
    );
  });

  it('keeps wide letters whole when lines come', async () => {
    await type('漢字'.repeat(12));
    screen.print(['said']);
    await drawn();
    expect(see()[0]).to.equal('said');
    expect(see().slice(1).join('')).to.equal(`lobby> ${'漢字'.repeat(12)}`);
  });

  it('takes what was entered off the screen, whatever its length', async () => {
    screen.print(['before']);
    for (const text of ['short', 'x'.repeat(33), 'x'.repeat(32), '漢'.repeat(50)]) {
      await type(text, '\r');
      expect(entered.at(-1)).to.equal(text);
      expect(see()).to.deep.equal(['before', 'lobby>']);
    }
  });

  it('shows passing lines above the prompt, and takes them away without a trace', async () => {
    await type('half');
    screen.show([
      { style: 'yellow', text: '… on its way' },
      { style: 'dim', text: 'x'.repeat(100) }
    ]);
    screen.print(['said']);
    await drawn();
    expect(see()).to.deep.equal(['said', '… on its way', `${'x'.repeat(38)}…`, 'lobby> half']);
    screen.show([{ style: 'dim', text: 'bob is typing …' }]);
    await drawn();
    expect(see()).to.deep.equal(['said', 'bob is typing …', 'lobby> half']);
    screen.show([]);
    await drawn();
    expect(see()).to.deep.equal(['said', 'lobby> half']);
  });

  it('scrolls what was said into the scrollback, each line once', async () => {
    open(40, 6);
    await type('half');
    screen.show([{ style: 'dim', text: 'bob is typing …' }]);
    const said = Array.from({ length: 50 }, (_, n) => `line ${String(n)}`);
    for (const line of said) screen.print([line]);
    await drawn();
    expect(see()).to.deep.equal([...said, 'bob is typing …', 'lobby> half']);
  });

  it('leaves room for what is said when there are more passing lines than rows', async () => {
    open(40, 6);
    screen.show(Array.from({ length: 20 }, (_, n) => ({ style: 'dim', text: `p${String(n)}` })));
    await drawn();
    expect(see()).to.deep.equal(['p18', 'p19', 'lobby>']);
  });

  for (const columns of [25, 60]) {
    it(`stays whole when the terminal becomes ${String(columns)} columns wide`, async () => {
      screen.print(['said']);
      screen.show([{ style: 'dim', text: 'somebody called bartholomew is typing …' }]);
      await type('half');
      output.resize(columns, 12);
      await drawn();
      screen.print(['more']);
      await type(' line');
      expect(see()).to.deep.equal([
        'said',
        'more',
        columns === 25 ? 'somebody called barthol…' : 'somebody called bartholomew is typing …',
        'lobby> half line'
      ]);
    });

    it(`loses nothing that was said when a long text is being typed and it becomes ${String(columns)} wide`, async () => {
      screen.print(['said']);
      screen.show([{ style: 'dim', text: 'bob is typing …' }]);
      const text = 'a text that is longer than one row of this and of that';
      await type(text);
      output.resize(columns, 12);
      await drawn();
      screen.print(['more']);
      await drawn();
      expect(see()[0]).to.equal('said');
      expect(output.emulator.with('more')).to.have.lengthOf(1);
      const bare = (lines: string): string => lines.replaceAll(' ', '');
      expect(bare(see().join(''))).to.match(new RegExp(`bobistyping…lobby>${bare(text)}$`));
    });
  }

  it('gathers a paste of several lines into one message', async () => {
    await type('see: ', PASTE('one\n  two\r\nthree'));
    expect(entered).to.deep.equal([]);
    expect(see()).to.deep.equal(['│ see: one', '│   two', 'lobby> three']);
    screen.print(['said']);
    await type(' four', '\r');
    expect(entered).to.deep.equal(['see: one\n  two\nthree four']);
    expect(see()).to.deep.equal(['said', 'lobby>']);
  });

  it('goes back over the lines of a paste when backspace is pressed at their beginning', async () => {
    await type(PASTE('one\ntwo\n'), '\u007f');
    expect(see()).to.deep.equal(['│ one', 'lobby> two']);
    await type('\u007f', '\u007f', '\u007f', '\u007f', '\u007f', '\r');
    expect(entered).to.deep.equal(['on']);
  });

  it('shows the end of a long paste and drops what no message can hold', async () => {
    await type(PASTE(`${'y'.repeat(30)}\n`.repeat(4_000)));
    expect(output.emulator.with('too long')).to.have.lengthOf(1);
    expect(see().slice(-6)).to.deep.equal([
      `│ … ${String(Math.floor(100_000 / 31) - 4)} lines above`,
      ...Array<string>(4).fill(`│ ${'y'.repeat(30)}`),
      `lobby> ${'y'.repeat(100_000 % 31)}`
    ]);
  });

  it('puts a paste where the cursor is', async () => {
    await type('ad', '\u001b[D', PASTE('bc'), '\r');
    await type('ad', '\u001b[D', PASTE('b\nc'), '\r');
    expect(entered).to.deep.equal(['abcd', 'ab\ncd']);
  });

  it('takes a paste whose marks come in pieces', async () => {
    await type('\u001b', '[200', '~one\ntw', 'o\u001b', '[2', '01~ three', '\r');
    expect(entered).to.deep.equal(['one\ntwo three']);
  });

  it('takes keys that come all at once one after the other', async () => {
    await type('abd\u001b[Dc', '\rnext\r');
    expect(entered).to.deep.equal(['abcd', 'next']);
  });

  it('shows the lines of a paste without what a terminal obeys', async () => {
    await type(PASTE('a\u202eb\nrest'));
    expect(see()[0]).to.equal('│ a�b');
  });

  it('completes what the caller knows when Tab is pressed', async () => {
    await type('/he', '\t', '\r');
    expect(entered).to.deep.equal(['/help']);
  });

  it('brings back what was entered when the arrow is pressed', async () => {
    await type('first', '\r', '\u001b[A', '\r');
    expect(entered).to.deep.equal(['first', 'first']);
  });

  it('tells what is being typed', async () => {
    await type('h', 'i', '\u007f', '\u007f');
    expect(edited).to.deep.equal(['h', 'hi', 'h', '']);
  });

  for (const [key, code] of [
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004']
  ] as const) {
    it(`tells that the user leaves when ${key} is pressed`, async () => {
      await type(code);
      expect(left).to.equal(1);
    });
  }

  it('tells that the user leaves when the terminal is gone', async () => {
    output.destroy(new Error('EIO'));
    output.on('error', () => undefined);
    screen.print(['said']);
    await settle();
    expect(left).to.be.at.least(1);
  });

  it('leaves nothing but what was said when it is closed', async () => {
    screen.show([{ style: 'dim', text: 'bob is typing …' }]);
    screen.print(['said']);
    await type('half');
    screen.close();
    await drawn();
    expect(see()).to.deep.equal(['said']);
    expect(output.emulator.typed).to.equal('');
  });

  it('writes notes broken between words', async () => {
    screen.note('dim', 'a sentence of the program that does not fit into one row');
    await drawn();
    expect(see().slice(0, 2)).to.deep.equal([
      'a sentence of the program that does not',
      'fit into one row'
    ]);
    expect(output.emulator.broken).to.deep.equal([]);
  });
});
