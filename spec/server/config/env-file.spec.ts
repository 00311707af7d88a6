import { expect } from 'chai';
import fc from 'fast-check';
import { parseEnvFile } from '../../../server/config/env-file.js';

describe('parseEnvFile', () => {
  const taken: [string, Record<string, string>][] = [
    ['', {}],
    ['# only a comment\n\n   # and another', {}],
    ['PORT=80', { PORT: '80' }],
    ['\uFEFFPORT=80', { PORT: '80' }],
    ['export PORT = 80\r\nHOST=a', { PORT: '80', HOST: 'a' }],
    ['PORT=', { PORT: '' }],
    ['PORT= # none', { PORT: '' }],
    ['PORT=80 # the usual', { PORT: '80' }],
    ['KEY="a#b"', { KEY: 'a#b' }],
    ['KEY=\'a "b" # c\'', { KEY: 'a "b" # c' }],
    ['KEY=`a\'b"`  # said', { KEY: 'a\'b"' }],
    ['KEY="  kept  "', { KEY: '  kept  ' }],
    ['KEY="a\\nb"', { KEY: 'a\\nb' }],
    ['KEY=a=b==', { KEY: 'a=b==' }],
    ['KEY=it"s', { KEY: 'it"s' }],
    ['other.name-1=x', { 'other.name-1': 'x' }]
  ];
  for (const [text, values] of taken) {
    it(`takes ${JSON.stringify(text)}`, () => {
      expect(parseEnvFile(text)).to.deep.equal({ values, faults: [] });
    });
  }

  const refused: [string, RegExp][] = [
    ['A=1\nDATA_DIR="./data\nB=2', /^\.env, line 2, DATA_DIR: the quote " is not closed/],
    ["API_KEY='k3y", /^\.env, line 1, API_KEY: the quote ' is not closed/],
    ['API_KEY="k3y"x', /^\.env, line 1, API_KEY: there is text behind the closing "/],
    ['API_KEY="k3y"#x', /^\.env, line 1, API_KEY: there is text behind/],
    ['API_KEY=k3#y', /^\.env, line 1, API_KEY: a # stands in a value without quotes/],
    ['API_KEY=k3#y # said', /^\.env, line 1, API_KEY: a # stands in a value/],
    ['A=1\n\nA=2', /^\.env, line 3, A: line 1 sets it too/],
    ['k3y', /^\.env, line 1: it is neither NAME=value nor a comment/],
    ['1A=k3y', /^\.env, line 1: it is neither/]
  ];
  for (const [text, fault] of refused) {
    it(`refuses ${JSON.stringify(text)} by line and name, without its value`, () => {
      const { faults } = parseEnvFile(text);
      expect(faults).to.have.lengthOf(1);
      expect(faults[0]).to.match(fault).and.not.include('k3');
    });
  }

  it('reads the lines around a fault as if it were not there', () => {
    const { values } = parseEnvFile('A=1\nB="x\nENVIRONMENT=production');
    expect(values).to.deep.equal({ A: '1', ENVIRONMENT: 'production' });
  });

  it('tells every value in quotes as it was written', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^"\r\n]*$/), (value) => {
        expect(parseEnvFile(`A=1\nKEY="${value}"\nZ=2`)).to.deep.equal({
          values: { A: '1', KEY: value, Z: '2' },
          faults: []
        });
      })
    );
  });

  it('never throws, and says the line of each fault, when the text is arbitrary', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const fault of parseEnvFile(text).faults) expect(fault).to.match(/^\.env, line \d+/);
      })
    );
  });
});
