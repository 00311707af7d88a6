import { expect } from 'chai';
import { findProgram, requireTool } from './require.js';

describe('requireTool', () => {
  const ci = process.env['CI'];
  let skips = 0;
  const context = {
    skip(): never {
      skips += 1;
      throw new Error('skipped');
    }
  };
  beforeEach(() => {
    skips = 0;
  });
  afterEach(() => {
    if (ci === undefined) delete process.env['CI'];
    else process.env['CI'] = ci;
  });

  it('lets the spec run when the tool is there', () => {
    process.env['CI'] = 'true';
    requireTool(context, 'Tool', true, 'why');
    expect(skips).to.equal(0);
  });

  it('fails the spec with the reason when the tool is missing and CI=true', () => {
    process.env['CI'] = 'true';
    expect(() => {
      requireTool(context, 'Tool', false, 'the page needs it');
    }).to.throw('Tool is missing and CI=true: the page needs it');
    expect(skips).to.equal(0);
  });

  it('skips the spec when the tool is missing elsewhere', () => {
    delete process.env['CI'];
    expect(() => {
      requireTool(context, 'a tool of this spec', false, 'this shows how a reason is told');
    }).to.throw('skipped');
    expect(skips).to.equal(1);
  });
});

describe('findProgram', () => {
  it('answers the path when one of the programs is in PATH', () => {
    expect(findProgram('no-such-program', 'sh')).to.match(/\/sh$/);
  });

  it('answers undefined when none is', () => {
    expect(findProgram('no-such-program')).to.equal(undefined);
  });
});
