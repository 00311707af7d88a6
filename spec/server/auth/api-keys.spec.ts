import { expect } from 'chai';
import { KEY_FILE_LOOK_MS } from '../../../server/auth/api-keys.js';
import { entryOf, FakeKeyFile, keysOf, onlyKey } from './some-keys.js';

const SHOP = entryOf('shop', { scopes: ['publish', 'read'] });
const DESK = entryOf('desk', { scopes: ['reports'] });

describe('ApiKeys', () => {
  it('finds whose a key is, and nobody for another one', () => {
    const { keys } = keysOf(new FakeKeyFile(SHOP, DESK));
    expect(keys.find('desk').caller?.key?.name).to.equal('desk');
    expect([...(keys.find('shop').caller?.key?.scopes ?? [])]).to.eql(['publish', 'read']);
    expect(keys.find('shop ')).to.eql({ caller: null, expired: null });
    expect(keys.find('')).to.eql({ caller: null, expired: null });
  });

  it('takes API_KEY for a key that may do everything', () => {
    const keys = onlyKey('the one');
    expect(keys.find('the one').caller).to.eql({ kind: 'backend' });
    expect([keys.areSet, onlyKey().areSet]).to.eql([true, false]);
  });

  it('names a key that has ended, from that moment on', async () => {
    const { clock, keys } = keysOf(new FakeKeyFile());
    const end = clock.now() + 1_000;
    const file = new FakeKeyFile(entryOf('old', { expiresAt: new Date(end).toISOString() }));
    const ending = keysOf(file);
    await ending.clock.advance(999);
    expect(ending.keys.find('old').caller?.key?.name).to.equal('old');
    await ending.clock.advance(1);
    expect(ending.keys.find('old')).to.eql({ caller: null, expired: 'old' });
    expect(keys.find('old')).to.eql({ caller: null, expired: null });
  });

  it('reads the file again when it has changed, at most every few seconds', async () => {
    const file = new FakeKeyFile(SHOP);
    const { clock, keys, states } = keysOf(file);
    file.put(SHOP, DESK);
    await clock.advance(KEY_FILE_LOOK_MS - 1);
    await keys.sweep();
    expect(keys.find('desk').caller).to.equal(null);
    await clock.advance(1);
    await keys.sweep();
    expect(keys.find('desk').caller?.key?.name).to.equal('desk');
    expect(states.at(-1)).to.eql({ fault: null, added: ['desk'], removed: [] });
    await clock.advance(KEY_FILE_LOOK_MS);
    await keys.sweep();
    expect(file.reads).to.equal(1);
  });

  it('takes the rights of a key back that is gone or changed, and leaves the others', async () => {
    const file = new FakeKeyFile(SHOP, DESK);
    const { clock, keys, states } = keysOf(file);
    const [shop, desk] = [keys.find('shop').caller?.key, keys.find('desk').caller?.key];
    let times = 0;
    keys.onRetired = () => times++;
    file.put(DESK, entryOf('shop', { scopes: ['read'] }));
    await clock.advance(KEY_FILE_LOOK_MS);
    await keys.sweep();
    expect([shop?.isRetired, desk?.isRetired, times]).to.eql([true, false, 1]);
    expect(keys.find('desk').caller?.key).to.equal(desk);
    expect(states.at(-1)).to.eql({ fault: null, added: ['shop'], removed: ['shop'] });
  });

  it('keeps its keys while the file is bad or gone, says so, and says when it is good again', async () => {
    const file = new FakeKeyFile(SHOP);
    const { clock, keys, states } = keysOf(file);
    const look = async (): Promise<string | null> => {
      await clock.advance(KEY_FILE_LOOK_MS);
      await keys.sweep();
      expect(keys.find('shop').caller?.key?.isRetired).to.equal(false);
      return states.at(-1)?.fault ?? null;
    };
    file.text = '{"keys":[\n{';
    expect(await look()).to.match(/^line 2: /);
    const said = states.length;
    await look();
    expect(states).to.have.length(said);
    file.text = null;
    expect(await look()).to.match(/no such file/);
    file.put(SHOP);
    expect(await look()).to.equal(null);
  });

  it('lets nobody in by a file that cannot be used at the start, and is still asked for keys', () => {
    const file = new FakeKeyFile(SHOP);
    file.text = '{}';
    const { keys, states } = keysOf(file);
    expect([keys.areSet, keys.find('shop').caller]).to.eql([true, null]);
    expect(states.at(-1)?.fault).to.match(/keys/);
  });
});
