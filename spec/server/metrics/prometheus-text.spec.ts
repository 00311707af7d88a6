import { expect } from 'chai';
import { prometheusText } from '../../../server/metrics/prometheus-text.js';

describe('prometheusText', () => {
  it('writes help, type and samples of each metric, and ends with a line feed', () => {
    const text = prometheusText([
      { name: 'a', type: 'gauge', help: 'How many.', samples: [{ value: 1.5 }] },
      {
        name: 'b_total',
        type: 'counter',
        help: 'Of each.',
        samples: [{ labels: { limit: 'x', of: 'y' }, value: 0 }]
      }
    ]);
    expect(text).to.equal(
      '# HELP a How many.\n# TYPE a gauge\na 1.5\n' +
        '# HELP b_total Of each.\n# TYPE b_total counter\nb_total{limit="x",of="y"} 0\n'
    );
  });

  it('escapes what the format has a meaning for, and writes its words for numbers that are none', () => {
    const help = 'back\\slash\nline "quoted"';
    const samples = [Infinity, -Infinity, NaN].map((value) => ({ labels: { l: help }, value }));
    expect(prometheusText([{ name: 'a', type: 'gauge', help, samples }]).split('\n')).to.eql([
      '# HELP a back\\\\slash\\nline "quoted"',
      '# TYPE a gauge',
      'a{l="back\\\\slash\\nline \\"quoted\\""} +Inf',
      'a{l="back\\\\slash\\nline \\"quoted\\""} -Inf',
      'a{l="back\\\\slash\\nline \\"quoted\\""} NaN',
      ''
    ]);
  });
});
