/** Forms for what people send on Telegram: a place, somebody's number, a poll. */

import { ask, line } from "./dialogs.js";
import { el } from "./dom.js";

const field = (label, input) => el("label", { class: "field" }, el("span", {}, label), input);
const filled = (...inputs) => inputs.every((input) => input.value.trim() !== "");

/** A place on earth; one with a name and an address is a venue. */
export function askPlace({ done }) {
  const degrees = (name, most, value) => line({ name, value, type: "number", step: "any", min: -most, max: most });
  const [north, east] = [degrees("latitude", 90, "52.5170"), degrees("longitude", 180, "13.3889")];
  const title = line({ name: "title", maxlength: "100", required: false });
  const address = line({ name: "address", maxlength: "200", required: false });
  ask({
    title: "Send a location",
    button: "Send",
    fields: [
      field("Latitude", north),
      field("Longitude", east),
      field("Name (if it has one)", title),
      field("Address", address),
    ],
    done: () => {
      const place = { latitude: north.valueAsNumber, longitude: east.valueAsNumber };
      if (!filled(title)) return done({ kind: "location", ...place });
      const named = { title: title.value.trim(), address: address.value.trim() || title.value.trim() };
      return done({ kind: "venue", ...place, ...named });
    },
    ready: () => filled(north, east) && north.checkValidity() && east.checkValidity(),
  });
}

export function askContact({ done }) {
  const name = line({ name: "name", maxlength: "100", placeholder: "Noor Ahmadi" });
  const phone = line({ name: "phone", maxlength: "30", type: "tel", placeholder: "+49 30 123456" });
  ask({
    title: "Send a contact",
    button: "Send",
    fields: [field("Name", name), field("Phone number", phone)],
    done: () => done({ kind: "contact", name: name.value.trim(), phone: phone.value.trim() }),
    ready: () => filled(name, phone),
  });
}

export function askPoll({ done }) {
  const question = line({ name: "question", maxlength: "300", placeholder: "Tea or coffee?" });
  const options = el("textarea", { name: "options", rows: "4", required: true, placeholder: "Tea\nCoffee" });
  const several = el("input", { type: "checkbox", name: "several" });
  const anonymous = el("input", { type: "checkbox", name: "anonymous", checked: true });
  const chosen = () => options.value.split("\n").map((option) => option.trim()).filter(Boolean);
  ask({
    title: "New poll",
    button: "Send",
    fields: [
      field("Question", question),
      field("Options, each on a line of its own", options),
      el("label", { class: "pick" }, several, el("span", {}, "Several answers")),
      el("label", { class: "pick" }, anonymous, el("span", {}, "Anonymous")),
    ],
    done: () => {
      const how = { several: several.checked, anonymous: anonymous.checked };
      return done({ kind: "poll", question: question.value.trim(), options: chosen(), ...how });
    },
    ready: () => filled(question) && chosen().length > 1,
  });
}
