/** Runs beside the page: a microphone's samples in frames of 20 ms, only while somebody speaks. */

const FRAME = 960;
/** The loudness from which it is speech, of 32,768. */
const LOUD = 330;
/** Frames that go out behind the last loud one. */
const BEHIND = 25;
/** Frames that go out before the first loud one: the start of a word is soft. */
const AHEAD = 6;

class Microphone extends AudioWorkletProcessor {
  #frame = new Int16Array(FRAME);
  #at = 0;
  #quiet = BEHIND + 1;
  #before = [];

  process([input]) {
    for (const sample of input[0] ?? []) {
      this.#frame[this.#at] = Math.max(-1, Math.min(1, sample)) * 32767;
      this.#at += 1;
      if (this.#at === FRAME) this.#whole();
    }
    return true;
  }

  #whole() {
    const frame = this.#frame;
    this.#frame = new Int16Array(FRAME);
    this.#at = 0;
    this.#quiet = loudness(frame) > LOUD ? 0 : this.#quiet + 1;
    if (this.#quiet <= BEHIND) {
      for (const each of [...this.#before.splice(0), frame]) this.port.postMessage(each.buffer, [each.buffer]);
      return;
    }
    if (this.#quiet === BEHIND + 1) this.port.postMessage(null);
    this.#before.push(frame);
    if (this.#before.length > AHEAD) this.#before.shift();
  }
}

function loudness(frame) {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return Math.sqrt(sum / frame.length);
}

registerProcessor("microphone", Microphone);
