/** This page in a voice channel: its microphone goes there, and what is said there comes out here. */

import { Ears } from "./ears.js";
import { News } from "./news.js";

const RATE = 48000;
const NO_MICROPHONE = "There is no microphone here: you can listen, and play files.";
/** Bytes on their way to the stage beyond which a microphone's are dropped. */
const MOST_BYTES = 200_000;
const ELSEWHERE = 4000;

/** Kinds of news: call. */
export class Call extends News {
  chat = null;
  as = null;
  /** Why one is not heard, in a sentence; empty where one is. */
  note = "";
  #world;
  #notice;
  #socket = null;
  #audio = null;
  #stream = null;

  constructor(world, notice) {
    super();
    this.#world = world;
    this.#notice = notice;
    // Who is somebody else now is not in the channel.
    world.on("reset", () => this.chat && this.as !== world.me && this.leave());
  }

  isIn(chat) {
    return this.chat === chat.id && this.as === this.#world.me;
  }

  /** Go into a channel, and out of any other. */
  async join(chat) {
    this.leave();
    [this.chat, this.as, this.note] = [chat.id, this.#world.me, ""];
    const audio = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/stage/voice?${this.#query}`);
    const ears = new Ears(audio);
    [this.#audio, this.#socket] = [audio, socket];
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#stands(JSON.parse(data)) : ears.take(data));
    socket.onclose = ({ code, wasClean }) => {
      if (socket !== this.#socket) return;
      if (code === ELSEWHERE) this.#notice("This person speaks from another page now.");
      else if (!wasClean) this.#notice("The voice channel could not be reached.");
      this.leave();
    };
    this.tell("call");
    await this.#openMicrophone(audio, socket);
  }

  leave() {
    const { chat } = this;
    const [socket, audio, stream] = [this.#socket, this.#audio, this.#stream];
    [this.#socket, this.#audio, this.#stream, this.chat, this.as] = [null, null, null, null, null];
    stream?.getTracks().forEach((track) => track.stop());
    socket?.close();
    audio?.close();
    if (chat) this.tell("call");
  }

  /** Do something as the one who is in the channel: mute, deafen, stop. */
  does(deed) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(deed));
  }

  /** Say a sound file in the channel. */
  async play(file) {
    try {
      const asked = { method: "POST", body: file };
      const response = await fetch(`/stage/voice/file?${this.#query}`, asked);
      const answer = await response.json();
      if (!answer.ok) this.#notice(`${answer.error[0].toUpperCase()}${answer.error.slice(1)}.`);
    } catch {
      this.#notice("The file could not be played.");
    }
  }

  get #query() {
    return new URLSearchParams({ chat: this.chat, as: this.as }).toString();
  }

  /** Somebody may have put us into another channel. */
  #stands({ chat }) {
    if (!chat) return this.leave();
    this.chat = chat;
    this.tell("call");
  }

  async #openMicrophone(audio, socket) {
    try {
      const wishes = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: wishes });
      // One may have left while the browser asked.
      if (socket !== this.#socket) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      await audio.audioWorklet.addModule("/page/microphone.js");
      if (socket !== this.#socket) return;
      const microphone = new AudioWorkletNode(audio, "microphone", { numberOfOutputs: 0, channelCount: 1 });
      microphone.port.onmessage = ({ data }) => send(socket, data);
      audio.createMediaStreamSource(stream).connect(microphone);
    } catch {
      if (socket !== this.#socket) return;
      this.note = NO_MICROPHONE;
      this.tell("call");
    }
  }
}

/** Nothing is what a microphone says of silence. */
function send(socket, samples) {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (samples === null) socket.send(JSON.stringify({ do: "pause" }));
  else if (socket.bufferedAmount < MOST_BYTES) socket.send(samples);
}
