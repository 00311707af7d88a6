import { expect } from 'chai';
import { FileRoom, RESERVED_FILES } from '../../../actors/monitor/file-room.js';

describe('FileRoom', () => {
  let open: number;
  let limit: number;
  let counts: number;
  let room: FileRoom;

  beforeEach(() => {
    [open, limit, counts] = [0, 1_000, 0];
    room = new FileRoom({
      count: () => {
        counts++;
        return { open, limit };
      }
    });
  });

  it('lets connections in until only the reserve is free, and again when some have gone', () => {
    open = limit - RESERVED_FILES;
    expect(room.admits()).to.equal(true);
    open++;
    expect([room.admits(), room.admits()]).to.deep.equal([false, false]);
    open--;
    expect(room.admits()).to.equal(true);
  });

  it('keeps a sixteenth of a low limit', () => {
    limit = 160;
    open = 150;
    expect(room.admits()).to.equal(true);
    open = 151;
    expect(room.admits()).to.equal(false);
  });

  it('counts again after half of what was free, and for each connection near the end', () => {
    open = limit - RESERVED_FILES - 10;
    for (let n = 0; n < 6; n++) room.admits();
    expect(counts).to.equal(1);
    open = limit - RESERVED_FILES - 1;
    for (let n = 0; n < 3; n++) room.admits();
    expect(counts).to.equal(4);
  });

  it('is short from 95 % of the limit on, as of the last count', () => {
    open = 949;
    room.count();
    expect(room.isShort).to.equal(false);
    open = 950;
    room.count();
    expect(room.isShort).to.equal(true);
  });

  it('lets everybody in where the system does not tell', () => {
    const blind = new FileRoom({ count: () => null });
    expect([blind.admits(), blind.isShort]).to.deep.equal([true, false]);
  });
});
