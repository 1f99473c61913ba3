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
  if (!response.ok || !answer.ok) throw new Refused(answer.error ?? `The stage refused (${response.status}).`);
  return answer;
}

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
 * after it, `onLost` when the connection breaks. The stream is opened before the state is asked for, so no
 * event falls between the two; those the state already contains are known by their number.
 */
export function follow({ onState, onEvent, onLost }) {
  let attempt = 0;

  const connect = () => {
    const source = new EventSource("/stage/events");
    let seen = null;
    let early = [];

    const take = ({ id, event }) => {
      if (Number.isFinite(id) && id <= seen) return;
      if (Number.isFinite(id)) seen = id;
      onEvent(event);
    };
    const lost = () => {
      if (source.readyState === EventSource.CLOSED && early === null) return;
      source.close();
      early = null;
      onLost();
      attempt += 1;
      setTimeout(connect, Math.min(250 * 2 ** (attempt - 1), 4000));
    };

    source.onopen = async () => {
      try {
        const response = await fetch("/stage/state", { signal: AbortSignal.timeout(PATIENCE_MS) });
        if (!response.ok) throw new Error(`state: ${response.status}`);
        const state = await response.json();
        if (early === null) return;
        attempt = 0;
        seen = Number(state.event) || 0;
        onState(state);
        const held = early;
        early = [];
        held.forEach(take);
      } catch {
        if (early !== null) lost();
      }
    };
    source.onmessage = (message) => {
      const arrived = { id: message.lastEventId === "" ? NaN : Number(message.lastEventId), event: JSON.parse(message.data) };
      if (seen === null) early.push(arrived);
      else take(arrived);
    };
    // The browser would reconnect by itself with the old number, which a restarted stage does not know.
    source.onerror = lost;
  };

  connect();
}
