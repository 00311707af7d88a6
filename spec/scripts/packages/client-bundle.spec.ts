import { expect } from 'chai';
import { bundleSize, CLIENT_GZIP_MAX } from '../../../scripts/packages/client-bundle.js';

describe('bundleSize', () => {
  it('finds connect within what it may add to a page', async () => {
    const { gzipped, minified } = await bundleSize("export { connect } from './client.js'");
    expect(gzipped).to.be.within(1_000, CLIENT_GZIP_MAX);
    expect(minified).to.be.greaterThan(gzipped);
  });

  it('finds that the AI SDK and React are no part of rollcall/ai, and that it is small', async () => {
    const whole = "export * from '../ai/ai.js'";
    const { gzipped } = await bundleSize(whole, ['xstate', 'react']);
    expect(gzipped).to.be.within(1_000, 12_000);
    const { gzipped: withoutReact } = await bundleSize("export * from '../ai/transport.js'");
    expect(withoutReact).to.be.lessThan(gzipped);
  });

  it('leaves out of a bundle what is not imported', async () => {
    const { gzipped } = await bundleSize("export { RollcallError } from './client.js'");
    expect(gzipped).to.be.lessThan(600);
  });
});
