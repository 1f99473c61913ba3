/** Something that tells its listeners what happened, by kind. */

export class News {
  #listeners = new Map();

  on(kinds, listener) {
    for (const kind of kinds.split(" ")) {
      this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener]);
    }
  }

  tell(kind, detail) {
    for (const listener of this.#listeners.get(kind) ?? []) listener(detail);
  }
}
