import { expect } from 'chai';
import {
  OUTGOING_MAX,
  OutgoingList,
  type Outgoing
} from '../../../../client/sdk/outbox/outgoing.js';

describe('OutgoingList', () => {
  const outgoing = (mid: string, state: Outgoing['state']): Outgoing => ({
    mid,
    thread: 't1',
    kind: undefined,
    expect: undefined,
    body: mid,
    at: 0,
    state,
    error: null,
    offset: null
  });

  it('does not add again what was sent and has come', () => {
    const list = new OutgoingList();
    list.note(outgoing('m1', 'pending'));
    list.delete('m1');
    list.note(outgoing('m1', 'sent'));
    expect(list.all).to.eql([]);
  });

  it('drops the oldest that nobody waits for when there are too many, and none that is pending', () => {
    const list = new OutgoingList();
    list.note(outgoing('waits', 'pending'));
    list.note(outgoing('failed', 'failed'));
    for (let n = 2; n <= OUTGOING_MAX; n += 1) list.note(outgoing(String(n), 'failed'));
    expect(list.all).to.have.length(OUTGOING_MAX);
    expect(list.get('failed')).to.equal(undefined);
    expect(list.get('waits')).to.not.equal(undefined);
  });
});
