import { expect } from 'chai';
import { runRefusal } from '../../../server/http/refusal.js';

describe('runRefusal', () => {
  it('says in words why a run may not be changed', () => {
    expect(String(runRefusal('forbidden').body)).to.include('the run is not yours');
    expect(String(runRefusal('not_found').body)).to.include('there is no such run');
  });

  it('says when to ask again while the application does not answer', () => {
    const reply = runRefusal('unavailable');
    expect(reply.status).to.equal(503);
    expect(Number(reply.headers['retry-after'])).to.be.greaterThan(0);
  });
});
