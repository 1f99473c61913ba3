"""The methods of the Bot API that the local Telegram knows, and what each of them counts against."""

from collections.abc import Callable
from typing import Any

from bots.sandbox import (
    answering,
    business,
    editing,
    managed,
    managing,
    passing,
    polls,
    profile,
    rooms,
    sending,
    sending_media,
    topics,
    uploads,
    whispers,
)
from bots.sandbox.asked import Asked
from bots.sandbox.desks import Desk
from bots.sandbox.world import World

Method = Callable[[World, Desk, Asked], Any]

_MEDIA = ("photo", "document", "audio", "voice", "video", "video_note", "animation", "sticker")
METHODS: dict[str, Method] = {
    "getme": rooms.get_me,
    "setwebhook": rooms.set_webhook,
    "deletewebhook": rooms.delete_webhook,
    "getwebhookinfo": rooms.get_webhook_info,
    "logout": rooms.log_out,
    "close": rooms.close,
    "getchat": rooms.get_chat,
    "getchatmember": rooms.get_chat_member,
    "getchatadministrators": rooms.get_chat_administrators,
    "getchatmembercount": rooms.get_chat_member_count,
    "leavechat": rooms.leave_chat,
    "createforumtopic": topics.create_forum_topic,
    "editforumtopic": topics.edit_forum_topic,
    "closeforumtopic": topics.close_forum_topic,
    "reopenforumtopic": topics.reopen_forum_topic,
    "deleteforumtopic": topics.delete_forum_topic,
    "editgeneralforumtopic": topics.edit_general_forum_topic,
    "closegeneralforumtopic": topics.close_general_forum_topic,
    "reopengeneralforumtopic": topics.reopen_general_forum_topic,
    "pinchatmessage": managing.pin_chat_message,
    "unpinchatmessage": managing.unpin_chat_message,
    "unpinallchatmessages": managing.unpin_all_chat_messages,
    "banchatmember": managing.ban_chat_member,
    "unbanchatmember": managing.unban_chat_member,
    "restrictchatmember": managing.restrict_chat_member,
    "promotechatmember": managing.promote_chat_member,
    "setchattitle": managing.set_chat_title,
    "setchatdescription": managing.set_chat_description,
    "setchatpermissions": managing.set_chat_permissions,
    "exportchatinvitelink": managing.export_chat_invite_link,
    "createchatinvitelink": managing.create_chat_invite_link,
    "revokechatinvitelink": managing.revoke_chat_invite_link,
    "approvechatjoinrequest": managing.approve_chat_join_request,
    "declinechatjoinrequest": managing.decline_chat_join_request,
    "setmycommands": profile.set_my_commands,
    "getmycommands": profile.get_my_commands,
    "deletemycommands": profile.delete_my_commands,
    "setmyname": profile.set_my_name,
    "getmyname": profile.get_my_name,
    "setmydescription": profile.set_my_description,
    "getmydescription": profile.get_my_description,
    "setmyshortdescription": profile.set_my_short_description,
    "getmyshortdescription": profile.get_my_short_description,
    "setchatmenubutton": profile.set_chat_menu_button,
    "getchatmenubutton": profile.get_chat_menu_button,
    "getuserprofilephotos": profile.get_user_profile_photos,
    "getfile": uploads.found_file,
    "sendmessage": sending.send_message,
    "sendchataction": sending.send_chat_action,
    "sendmessagedraft": sending.send_message_draft,
    **{f"send{kind.replace('_', '')}": sending_media.sender_of(kind) for kind in _MEDIA},
    "sendmediagroup": sending_media.send_media_group,
    "sendlocation": sending_media.send_location,
    "sendvenue": sending_media.send_venue,
    "sendcontact": sending_media.send_contact,
    "senddice": sending_media.send_dice,
    "sendpoll": polls.send_poll,
    "stoppoll": polls.stop_poll,
    "editmessagetext": editing.edit_message_text,
    "editmessagecaption": editing.edit_message_caption,
    "editmessagemedia": editing.edit_message_media,
    "editmessagelivelocation": editing.edit_message_live_location,
    "stopmessagelivelocation": editing.stop_message_live_location,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "deletemessage": editing.delete_message,
    "deletemessages": editing.delete_messages,
    "setmessagereaction": editing.set_message_reaction,
    "answercallbackquery": answering.answer_callback_query,
    "answerinlinequery": answering.answer_inline_query,
    "answerguestquery": answering.answer_guest_query,
    "getbusinessconnection": business.get_business_connection,
    "readbusinessmessage": business.read_business_message,
    "deletebusinessmessages": business.delete_business_messages,
    "editephemeralmessagetext": whispers.edit_text,
    "editephemeralmessagecaption": whispers.edit_caption,
    "editephemeralmessagereplymarkup": whispers.edit_reply_markup,
    "deleteephemeralmessage": whispers.delete,
    "getmanagedbottoken": managed.get_managed_bot_token,
    "replacemanagedbottoken": managed.replace_managed_bot_token,
    "getmanagedbotaccesssettings": managed.get_managed_bot_access_settings,
    "setmanagedbotaccesssettings": managed.set_managed_bot_access_settings,
    "forwardmessage": passing.forward_message,
    "forwardmessages": passing.forward_messages,
    "copymessage": passing.copy_message,
    "copymessages": passing.copy_messages,
}
PER_CHAT = frozenset(
    name
    for name in METHODS
    if name.startswith(("send", "editmessage", "editephemeral", "forward", "copy", "stopmessage"))
) - {"sendchataction", "sendmessagedraft"}
"""What counts against the rate of its chat; all of these count against the bot's own as well."""
SIGNS = frozenset({"sendchataction", "sendmessagedraft", "setmessagereaction"})
"""Signs of life, which have a looser rate of their own in each chat."""
FACTS = {
    **profile.FACTS,
    **business.FACTS,
    **topics.FACTS,
    **managing.FACTS,
    **whispers.FACTS,
    **managed.FACTS,
}
"""What these methods make of the world, beside what people do to it."""
