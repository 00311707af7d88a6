/**
 * Members in groups, such as connections by user. Most users have one connection, and a set for one member takes 150 bytes,
 * so a group with one member is the member itself.
 */
export class Grouped<T extends object> {
  private readonly groups = new Map<string, T | Set<T>>();

  /** Number of members of a group. */
  size(name: string): number {
    const group = this.groups.get(name);
    if (group === undefined) return 0;
    return group instanceof Set ? group.size : 1;
  }

  /** Returns the names of the groups. */
  names(): Iterable<string> {
    return this.groups.keys();
  }

  /** Returns the members of a group, oldest first. */
  of(name: string): Iterable<T> {
    const group = this.groups.get(name);
    if (group === undefined) return [];
    return group instanceof Set ? group : [group];
  }

  /** Adds a member; one that the group has stays once. */
  add(name: string, member: T): void {
    const group = this.groups.get(name);
    if (group === undefined) this.groups.set(name, member);
    else if (group instanceof Set) group.add(member);
    else if (group !== member) this.groups.set(name, new Set([group, member]));
  }

  /** Removes a member, and with the last one the group. */
  delete(name: string, member: T): void {
    const group = this.groups.get(name);
    if (group === member) this.groups.delete(name);
    else if (group instanceof Set && group.delete(member) && group.size === 0) {
      this.groups.delete(name);
    }
  }
}
