import { expect } from 'chai';
import { takenEvents } from '../../../../../client/pages/inspect/chart/chart-events.js';

const edge = (id: string) => ({
  id,
  source: id.slice(0, id.indexOf('|')),
  target: '',
  isInternal: false,
  lines: [],
  points: [],
  label: null
});

describe('takenEvents', () => {
  it('tells the events of active states from those of others, each once', () => {
    const edges = [
      edge('waiting|subscriber.first|0'),
      edge('waiting|subscriber.first|1'),
      edge('idle|message.unwatched|0'),
      edge('|stop|0')
    ];
    expect(takenEvents({ edges }, new Set(['', 'waiting']))).to.eql({
      now: ['stop', 'subscriber.first'],
      otherwise: ['message.unwatched']
    });
  });

  it('leaves out what nobody sends: eventless transitions and those of timers and actors', () => {
    const edges = ['a||0', 'a|xstate.after.grace.a|0', 'a|xstate.done.actor.x|0', 'a|*|0'].map(
      edge
    );
    expect(takenEvents({ edges }, new Set(['a']))).to.eql({ now: [], otherwise: [] });
  });

  it('reads an event that has a bar in its name', () => {
    expect(takenEvents({ edges: [edge('a|x|y|0')] }, new Set()).otherwise).to.eql(['x|y']);
  });
});
