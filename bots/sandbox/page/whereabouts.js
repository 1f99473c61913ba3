/** Where one is, written in the page's address: "#/chat/topic", and after "&" the same for the second pane. */

/** The places of an address, as far as they are among one's own chats; a newcomer gets both platforms. */
export function placesIn(address, mine, wide) {
  const parts = decodeURIComponent(address.slice(2)).split("&");
  const asked = parts.map((part) => placeOf(part, mine)).filter(Boolean);
  if (asked.length === 1 && parts.length > 1) return filled(asked[0], parts, mine);
  if (asked.length) return asked.slice(0, 2);
  const first = mine[0] ?? null;
  if (!first) return [];
  const other = mine.find((chat) => chat.platform !== first.platform && chat.kind !== "board");
  const places = [first, wide && (!parts[0] || parts.length > 1) ? other : null];
  return places.filter(Boolean).map((chat) => ({ chat: chat.id, topic: null }));
}

/** Where one of two cannot be shown, the first chat of the other platform stands in for it. */
function filled(place, parts, mine) {
  const { platform } = mine.find((chat) => chat.id === place.chat);
  const other = mine.find((chat) => chat.platform !== platform && chat.kind !== "board");
  if (!other) return [place];
  const stand = { chat: other.id, topic: null };
  return parts[0].startsWith(place.chat) ? [place, stand] : [stand, place];
}

function placeOf(part, mine) {
  const [chat, topic] = part.split("/");
  const found = mine.find((one) => one.id === chat);
  if (!found) return null;
  return { chat, topic: found.topics.some((one) => one.id === topic) ? topic : null };
}

export function addressOf(places) {
  const parts = places.filter(({ chat }) => chat).map(({ chat, topic }) => (topic ? `${chat}/${topic}` : chat));
  return parts.length ? `#/${parts.join("&")}` : "#";
}
