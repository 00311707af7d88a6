import { expect } from 'chai';
import { OutFrame } from '../../../server/transport/out-frame.js';

const eventOf = (...made: ConstructorParameters<typeof OutFrame>): string =>
  new OutFrame(...made).event.toString();

describe('OutFrame', () => {
  it('makes each of its encodings once', () => {
    const frame = new OutFrame('{"type":"typing","user":"Zoë"}', 'typing', 't');
    expect(frame.bytes.toString()).to.equal('{"type":"typing","user":"Zoë"}');
    expect(frame.bytes).to.equal(frame.bytes);
    expect(frame.event).to.equal(frame.event);
  });

  it('is an event of its type', () => {
    expect(eventOf('{}', 'typing', 't')).to.equal('event: typing\ndata: {}\n\n');
  });

  it('has the place after it as the id of the event', () => {
    expect(eventOf('{}', 'message', 't', 7, null, 'x1:7')).to.equal(
      'id: x1:7\nevent: message\ndata: {}\n\n'
    );
  });

  it('tells a browser when to come back', () => {
    expect(eventOf('{}', 'disconnect', null, null, 800)).to.equal(
      'retry: 800\nevent: disconnect\ndata: {}\n\n'
    );
  });

  it('leaves the time of a browser as it is when a client may come back at once', () => {
    expect(eventOf('{}', 'disconnect', null, null, 0)).to.equal('event: disconnect\ndata: {}\n\n');
  });

  it('is a comment in an event stream when it is a ping, which needs no answer there', () => {
    expect(eventOf('{"type":"ping"}', 'ping')).to.equal(': still here\n\n');
  });
});
