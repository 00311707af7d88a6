import { expect } from 'chai';
import {
  readTraceparent,
  sampledTraceparent,
  TRACEPARENT_MAX
} from '../../protocol/traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('readTraceparent', () => {
  it('reads what a client says', () => {
    const said = { traceId: TRACE, spanId: SPAN };
    expect(readTraceparent(`00-${TRACE}-${SPAN}-01`)).to.deep.equal({ ...said, isSampled: true });
    expect(readTraceparent(`00-${TRACE}-${SPAN}-00`)).to.deep.equal({ ...said, isSampled: false });
  });

  it('reads only the flag of the sample', () => {
    expect(readTraceparent(`00-${TRACE}-${SPAN}-03`)?.isSampled).to.equal(true);
    expect(readTraceparent(`00-${TRACE}-${SPAN}-02`)?.isSampled).to.equal(false);
  });

  it('reads a later version, whatever it adds', () => {
    expect(readTraceparent(`01-${TRACE}-${SPAN}-01-more`)?.traceId).to.equal(TRACE);
  });

  const wrong = [
    '',
    'nonsense',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `01-${TRACE}-${SPAN}-01-${'x'.repeat(TRACEPARENT_MAX)}`
  ];
  for (const text of wrong) {
    it(`reads nothing from "${text.slice(0, 70)}"`, () => {
      expect(readTraceparent(text)).to.equal(null);
    });
  }
});

describe('sampledTraceparent', () => {
  it('writes what is read again', () => {
    const text = sampledTraceparent(TRACE, SPAN);
    expect(readTraceparent(text)).to.deep.equal({ traceId: TRACE, spanId: SPAN, isSampled: true });
  });
});
