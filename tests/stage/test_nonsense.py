"""Whatever a client asks, it is answered or refused in words; the server itself never fails at it."""

import random
from typing import Any

from bots.sandbox import Stage
from bots.sandbox.asked import Asked, Refused, Upload
from bots.sandbox.methods import METHODS
from tests.fakes.pictures import png

ANYTHING: list[Any] = [
    None, "", 0, 1, -1, 1.5, "x", "1", "1e9", "{", "[1", 2**70, True, [], {}, [1], ["x"], [{}],
    {"type": "emoji"}, [{"type": "emoji", "emoji": 5}], {"type": "photo", "media": "attach://p"},
    [{"type": "photo", "media": "attach://p"}, {"type": "document", "media": 5}],
    {"inline_keyboard": [[{"text": "a", "url": 5}]]}, {"inline_keyboard": [[5]]},
    {"keyboard": [[{"text": "a", "web_app": 5}]]}, {"inline_keyboard": 5}, {"force_reply": True},
    {"message_id": 1}, {"message_id": "x"}, {"message_id": 2, "quote": 5},
    {"message_id": 2, "quote": "owls", "quote_position": "x"}, {"message_id": 1, "chat_id": "x"},
    {"type": "chat", "chat_id": "x"}, {"type": "chat_member", "chat_id": -1, "user_id": "x"},
    {"type": "web_app", "text": "x", "web_app": 5}, {"receiver_user_id": "x"},
    {"id": "1", "type": "article", "title": "t", "input_message_content": {"message_text": 5}},
    {"id": "1", "type": "location", "latitude": "x"}, [{"command": 5}], [{"type": "bold"}],
]  # fmt: skip
NAMES = (
    "text caption question options media photo video voice document sticker message_id message_ids "
    "from_chat_id parse_mode entities caption_entities reply_markup reply_parameters user_id scope "
    "commands results result inline_query_id guest_query_id latitude longitude title address name "
    "message_thread_id draft_id reaction permissions menu_button language_code duration width "
    "business_connection_id inline_message_id ephemeral_message_parameters action emoji type "
    "correct_option_ids open_period phone_number first_name link_preview_options file_id"
)
LIKELY: dict[str, Any] = {
    "text": "hi", "message_id": 2, "message_ids": [1, 2], "photo": "attach://p", "latitude": 1,
    "longitude": 2, "question": "q", "options": ["a", "b"], "draft_id": 3, "action": "typing",
    "title": "t", "address": "x", "name": "n", "phone_number": "3", "first_name": "f",
}  # fmt: skip


async def test_no_request_makes_the_server_fail():
    chance = random.Random(6)
    async with Stage(limits=False) as stage:
        ada, bob = stage.bot("Ada"), stage.person("Bob", username="bob")
        ada.may("guests", "inline", "business", "managing", "topics")
        rooms = [
            stage.dm(bob, ada),
            stage.supergroup("Tea", [bob], [ada]),
            stage.forum("Club", [bob], [ada], topics=["Books"], admins=[ada]),
        ]
        for room in rooms:
            for number in range(3):
                bob.says(room, f"owls {number}")
        # None of those after which nothing could be done any more.
        names = sorted(METHODS.keys() - {"leavechat", "banchatmember", "promotechatmember"})
        answered = 0
        for _ in range(6_000):
            name = chance.choice(names)
            asked = Asked({"chat_id": chance.choice(rooms).id, "from_chat_id": rooms[0].id}.items())
            asked |= {one: value for one, value in LIKELY.items() if chance.random() < 0.8}
            for one in chance.sample(NAMES.split(), 4):
                asked[one] = chance.choice(ANYTHING)
            asked.files["p"] = Upload("p.png", png())
            try:
                METHODS[name](stage.world, stage.desk(ada), asked)
            except Refused:
                continue
            answered += 1
        assert answered > 1_000, "much of it makes sense by chance"
