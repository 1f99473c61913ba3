/** What is said in a voice channel, played as it comes: each speaker by an own clock. */

const RATE = 48000;
/** Seconds that a speaker's first sound waits, so that a late piece leaves no gap. */
const AHEAD = 0.08;
/** Seconds that may wait; what comes beyond them is dropped. */
const MOST = 0.6;

export class Ears {
  #audio;
  #next = new Map();

  constructor(audio) {
    this.#audio = audio;
  }

  /** Play a message of the stage: eight bytes of who speaks, then samples. */
  take(message) {
    const who = new DataView(message).getBigUint64(0).toString();
    const samples = new Int16Array(message, 8);
    const now = this.#audio.currentTime;
    let at = this.#next.get(who) ?? 0;
    if (at < now + 0.005) at = now + AHEAD;
    if (at > now + MOST || !samples.length) return;
    const buffer = this.#audio.createBuffer(1, samples.length, RATE);
    const channel = buffer.getChannelData(0);
    for (let place = 0; place < samples.length; place += 1) channel[place] = samples[place] / 32768;
    const source = this.#audio.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#audio.destination);
    source.start(at);
    this.#next.set(who, at + samples.length / RATE);
  }
}
