"""Who somebody is in a chat of Telegram's, as Telegram knows it now."""

from __future__ import annotations

import asyncio

import telegram
from telegram.error import BadRequest, Forbidden, TelegramError

from bots.telegram.errors import link_failure, send_failure
from core.errors import LinkLost, LinkRejected, Unsendable
from core.messages import Address, Rank

_PATIENCE = 10.0
_NOBODY = ("user not found", "member not found", "participant_id_invalid", "user_id_invalid")


class Ranks:
    """Nothing is kept: whoever is no longer an admin is none from then on."""

    def __init__(self, bot: telegram.Bot) -> None:
        self._bot = bot

    async def of(self, address: Address, author: str) -> Rank:
        chat, person = _number(address.room), _number(author)
        if not chat:
            raise Unsendable("the room is not a chat of Telegram's")
        if chat > 0:  # a direct chat has the number of the person
            return Rank.OWNER if person == chat else Rank.STRANGER
        if person == chat:  # in the name of the chat itself only its admins can speak
            return Rank.ADMIN
        return await self._asked(chat, person) if person > 0 else Rank.STRANGER

    async def _asked(self, chat: int, person: int) -> Rank:
        try:
            async with asyncio.timeout(_PATIENCE):
                return _rank(await self._bot.get_chat_member(chat, person))
        except (BadRequest, Forbidden) as error:
            if any(words in error.message.lower() for words in _NOBODY):
                return Rank.STRANGER
            raise send_failure(error, repeatable=True) from None
        except TimeoutError:
            raise LinkLost("Telegram does not say who somebody is") from None
        except TelegramError as error:
            failure = link_failure(error)
            if isinstance(failure, LinkRejected):
                failure = LinkLost(str(failure))  # the polling finds out and ends the link
            raise failure from None  # its text may hold the token
        except (KeyError, TypeError):  # PTB, about an answer of another shape
            raise LinkLost("Telegram's answer makes no sense") from None


def _rank(member: telegram.ChatMember) -> Rank:
    if member.user.is_bot:
        return Rank.STRANGER
    match member.status:
        case "creator":
            return Rank.OWNER
        case "administrator":
            return Rank.ADMIN
        case "member":
            return Rank.MEMBER
        case "restricted" if isinstance(member, telegram.ChatMemberRestricted):
            return Rank.MEMBER if member.is_member else Rank.STRANGER
        case _:
            return Rank.STRANGER


def _number(text: str) -> int:
    """0 for what is no number of a chat or a person."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
