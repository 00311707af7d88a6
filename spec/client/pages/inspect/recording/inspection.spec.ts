import { expect } from 'chai';
import type { HelloMessage } from '../../../../../protocol/inspection.js';
import { Inspection } from '../../../../../client/pages/inspect/recording/inspection.js';
import { noticesOf } from '../../../../../client/pages/inspect/views/frame/notices.js';
import { BEGIN, became, inState, met, recordingOf, sent } from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };

const hello = (node: string): HelloMessage => ({
  type: 'inspect.hello',
  version: '0.1.0',
  node,
  environment: 'development',
  maySend: true,
  showsBodies: false,
  seq: 1,
  recording: { isOn: false, messages: 1, messagesMax: 10, dropped: 0 }
});

const STORY = [met(1, ADA), became(2, ADA, inState('up')), became(3, ADA, inState('down'))];

describe('Inspection', () => {
  let inspection: Inspection;

  beforeEach(() => {
    inspection = new Inspection();
    inspection.greet(hello('n1'));
    inspection.take(recordingOf(STORY, { at: BEGIN + 5_000 }), 900, 4_000);
  });

  const keys = (): string[] =>
    noticesOf(
      { inspection, link: 'live', why: null, refused: null, exported: null },
      {
        save: () => undefined,
        forget: () => undefined,
        live: () => undefined,
        dismiss: () => undefined,
        reload: () => undefined,
        putAway: () => undefined
      }
    ).map(({ key }) => key);

  it('shows the newest, and time goes on by the clock of the server', () => {
    expect(inspection.position).to.equal(3);
    expect(inspection.nowAt(4_500)).to.equal(BEGIN + 5_500);
    inspection.push(sent(4, ADA, 'go'), 10);
    expect(inspection.position).to.equal(4);
  });

  it('shows a place as it was, also when more comes', () => {
    inspection.goTo(2);
    inspection.push(sent(4, ADA, 'go'), 10);
    expect(inspection.position).to.equal(2);
    expect(inspection.nowAt(9_000)).to.equal(BEGIN + 2_000);
    const states = inspection.states();
    expect([...states.values()].map(({ snapshot }) => snapshot.value)).to.eql(['up']);
    expect(inspection.states(), 'folded once').to.equal(states);
  });

  it('begins anew with another process, and keeps what was recorded of the one before', () => {
    inspection.goTo(2);
    expect(inspection.greet(hello('n2'))).to.equal(true);
    expect(inspection.live.timeline.length).to.equal(0);
    expect(inspection.before?.node).to.equal('n1');
    expect(inspection.before?.timeline.length).to.equal(3);
    expect(inspection.place).to.equal(null);
    expect(keys()).to.eql(['before']);
  });

  it('goes on with the same process', () => {
    expect(inspection.greet(hello('n1'))).to.equal(false);
    expect(inspection.live.timeline.length).to.equal(3);
    expect(keys()).to.eql([]);
  });

  it('takes no recording of another process than the one that greeted', () => {
    inspection.take(recordingOf([met(9, ADA)], { node: 'n2' }), 10, 0);
    expect(inspection.live.timeline.lastSeq).to.equal(3);
  });

  it('says when messages were lost while the page was away', () => {
    inspection.take(recordingOf([met(90, ADA)], { dropped: 80 }), 10, 0);
    expect(inspection.isCut).to.equal(true);
    expect(keys()).to.eql(['cut']);
  });

  it('says how many messages it was not given', () => {
    inspection.dropped = 5;
    expect(keys()).to.eql(['dropped']);
  });

  it('shows a file from its end, and live again what has come meanwhile', () => {
    inspection.open(recordingOf(STORY.slice(0, 2), { node: 'n9' }), 'old.json', 100);
    inspection.push(sent(4, ADA, 'go'), 10);
    expect(inspection.reel.node).to.equal('n9');
    expect(inspection.position).to.equal(2);
    expect(inspection.nowAt(0), 'time stands still').to.equal(BEGIN + 2_000);
    expect(keys()).to.eql(['file']);
    inspection.goLive();
    expect(inspection.position).to.equal(4);
  });

  it('knows the names of those who have ended', () => {
    inspection.push(became(4, ADA, inState('down', { status: 'done' })), 10);
    expect(inspection.nameOf('x:1')).to.equal('ada');
    expect(inspection.nameOf('x:99')).to.equal('x:99');
    expect(inspection.nameOf('')).to.equal('');
  });
});
