import { expect } from 'chai';
import { natsAddress } from '../../../actors/nats/nats-address.js';

describe('natsAddress', () => {
  it('gives each broker its port, and the standard one where a URL names none', () => {
    const { servers, login, hasTls } = natsAddress(['nats://a.example', 'nats://[::1]:4333']);
    expect(servers).to.eql(['a.example:4222', '[::1]:4333']);
    expect([login, hasTls]).to.eql([null, false]);
  });

  it('reads a name and a password, with what a URL must escape, from any of the URLs', () => {
    const { login } = natsAddress(['nats://a', 'nats://ada:p%2Fw%3A@b']);
    expect(login).to.eql({ user: 'ada', pass: 'p/w:' });
  });

  it('reads a user without a password as a token', () => {
    expect(natsAddress(['nats://s3cret@a']).login).to.eql({ token: 's3cret' });
  });

  it('asks for TLS when a URL says tls', () => {
    expect(natsAddress(['tls://a']).hasTls).to.equal(true);
  });
});
