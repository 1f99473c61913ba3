/** The way to the stage: its state, its stream of events, and what we do there. */

const PATIENCE_MS = 10_000;

export class Refused extends Error {}

/** Do something on the stage as a person; resolves to the stage's answer, throws Refused with one sentence. */
export function act(deed) {
  // One after the other, so that quick Enter presses arrive in the order they were typed.
  const answer = queue.then(() => post(deed));
  queue = answer.catch(() => undefined);
  return answer;
}

let queue = Promise.resolve();

async function post(deed) {
  let response;
  try {
    response = await fetch("/stage/act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(deed),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Refused("The stage does not answer. Is the program still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || !answer.ok) throw new Refused(sentence(answer.error ?? `the stage refused (${response.status})`));
  return answer;
}

const sentence = (words) => words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");

/** What the program says about its links, or null where nobody says anything. */
export async function readiness() {
  try {
    const response = await fetch("/ready", { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await response.json();
  } catch {
    return null;
  }
}

/**
 * Follow the stage for ever: `onState` with the whole state at each connection, then `onEvent` for each event
 * after it, `onLost` when the connection breaks; gives `refresh`, which asks for the state anew.
 */
export function follow({ onState, onEvent, onLost }) {
  let attempt = 0;
  let current = null;

  const connect = () => {
    const source = new EventSource("/stage/events");
    current = new Line({ onState, onEvent });
    const line = current;
    const lost = () => {
      if (line.closed) return;
      line.closed = true;
      source.close();
      onLost();
      setTimeout(connect, Math.min(250 * 2 ** attempt, 4000));
      attempt += 1;
    };
    source.onopen = async () => {
      if (await line.refresh()) attempt = 0;
      else lost();
    };
    source.onmessage = (message) => line.take(Number(message.lastEventId), JSON.parse(message.data));
    // The browser would reconnect by itself with the old number, which a restarted stage does not know.
    source.onerror = lost;
  };

  connect();
  return { refresh: () => current.refresh() };
}

/** One connection. Events wait while the state is on its way, and those it already contains are left out. */
class Line {
  closed = false;
  #asked = 0;
  #seen = null;
  #early = [];
  #onState;
  #onEvent;

  constructor({ onState, onEvent }) {
    this.#onState = onState;
    this.#onEvent = onEvent;
  }

  take(id, event) {
    if (this.closed || event.type === "hello") return;
    if (this.#seen === null) this.#early.push([id, event]);
    else if (id > this.#seen) {
      this.#seen = id;
      this.#onEvent(event);
    }
  }

  /** Ask for the whole state; false when it could not be had. */
  async refresh() {
    this.#seen = null;
    this.#asked += 1;
    const turn = this.#asked;
    const state = await stateOfStage();
    if (turn !== this.#asked || this.closed) return true;
    if (!state) return false;
    this.#seen = Number(state.event) || 0;
    this.#onState(state);
    this.#early.splice(0).forEach(([id, event]) => this.take(id, event));
    return true;
  }
}

async function stateOfStage() {
  try {
    const response = await fetch("/stage/state", { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
