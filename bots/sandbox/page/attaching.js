/** What the paper clip is for: files, and on Telegram all else that people send beside words. */

import { askContact, askPlace, askPoll } from "./forms.js";
import { showMenu } from "./menu.js";

const STICKERS = ["🦉", "👍", "❤️", "😂", "🎉"];

export class Attaching {
  #pane;
  #composer;
  #hands;
  #clip;
  #file;
  #seen = false;

  /** `composer` gives up what is written by `take`; `hands` are attach and hand. */
  constructor(pane, composer, hands) {
    this.#pane = pane;
    this.#composer = composer;
    this.#hands = hands;
    [this.#clip, this.#file] = [pane.part("attach"), pane.part("file")];
    this.#clip.addEventListener("click", () => this.#open());
    this.#file.addEventListener("change", () => this.#picked());
  }

  /** Where nothing can be sent the clip is of no use. */
  allow(on) {
    this.#clip.disabled = !on;
  }

  #open() {
    if (this.#pane.platform !== "telegram") return this.#pick(false);
    const hand = (thing) => this.#hand(thing);
    const items = [
      { label: "Photo, video or sound…", icon: "photo", run: () => this.#pick(true) },
      { label: "File…", icon: "clip", run: () => this.#pick(false) },
      { label: "Voice message", icon: "voice", run: () => hand({ kind: "voice" }) },
      { label: "Location…", icon: "place", run: () => askPlace({ done: hand }) },
      { label: "Contact…", icon: "person", run: () => askContact({ done: hand }) },
      { label: "Poll…", icon: "poll", run: () => askPoll({ done: hand }) },
    ];
    const stickers = STICKERS.map((emoji) => ({
      glyph: emoji,
      label: `Sticker ${emoji}`,
      run: async () => hand({ kind: "sticker", emoji, data: await drawn(emoji) }),
    }));
    const dice = { glyph: "🎲", label: "Throw a dice", run: () => hand({ kind: "dice", emoji: "🎲" }) };
    showMenu(this.#clip.getBoundingClientRect(), items, { label: "Send", row: [...stickers, dice], owner: this.#clip });
  }

  #pick(seen) {
    this.#seen = seen;
    this.#file.accept = seen ? "image/*,video/*,audio/*" : "";
    this.#file.click();
  }

  /** Files go at once, with what is written as their caption. */
  async #picked() {
    const [files, seen] = [[...this.#file.files], this.#seen];
    this.#file.value = "";
    this.#seen = false;
    if (!files.length || this.#clip.disabled) return;
    const { place, words, replyTo, restore } = this.#composer.take();
    if (!(await this.#hands.attach(place, files, { seen, text: words, replyTo }))) restore();
  }

  /** What has no caption leaves in the composer what is written there. */
  #hand(thing) {
    const { place, replyTo } = this.#composer.take({ words: false });
    return this.#hands.hand(place, thing, replyTo);
  }
}

/** A sticker is a picture of its emoji, so that whoever looks at it sees something. */
async function drawn(emoji) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 512, height: 512 });
  const brush = canvas.getContext("2d");
  brush.font = "380px system-ui, sans-serif";
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  brush.fillText(emoji, 256, 276);
  return canvas.toDataURL("image/webp").split(",")[1];
}
