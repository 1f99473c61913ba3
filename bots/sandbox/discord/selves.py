"""A bot as it sees itself: its user, its application, where the gateway is, whom it can write to."""

from typing import Any

from bots.sandbox.discord import shapes, talking
from bots.sandbox.discord.asking import Ask, snowflake
from bots.sandbox.discord.intents import PRIVILEGED, application_flags
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes

Json = dict[str, Any]
routes = Routes()


@routes("GET", "/users/@me")
def get_my_user(ask: Ask) -> Json:
    beside = {"mfa_enabled": True, "locale": "en-US", "premium_type": 0, "email": None}
    return {**shapes.user(ask.bot), **beside, "verified": True, "bio": ""}


@routes("GET", "/users/{user}")
def get_user(ask: Ask) -> Json:
    who = ask.world.snowflakes.get(ask.number("user"))
    if who is None or (who.is_bot and who.platform != "discord"):
        raise no(10013)
    return shapes.user(who)


@routes("POST", "/users/@me/channels")
def create_dm(ask: Ask) -> Json:
    body, form = ask.form, Form()
    if body.get("recipient_id") is None:
        form.wrong("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
        form.check()
    who = ask.world.snowflakes.get(snowflake("recipient", body["recipient_id"]))
    if who is None:
        raise no(10013)
    if who.is_bot:
        raise no(50007)
    return shapes.channel(talking.direct(ask.world, who, ask.bot), ask.bot)


@routes("GET", "/applications/@me")
def get_my_application(ask: Ask) -> Json:
    return _application(ask)


@routes("GET", "/oauth2/applications/@me")
def get_my_oauth2_application(ask: Ask) -> Json:
    return _application(ask)


@routes("PATCH", "/applications/@me")
def update_my_application(ask: Ask) -> Json:
    """Grant intents or take them away by their flags, as the switches of the portal do."""
    flags = ask.form.get("flags")
    if isinstance(flags, int):
        granted = [intent for intent in PRIVILEGED if application_flags(intent) & flags]
        fact = {"fact": "granted", "bot": ask.bot.id, "intents": int(sum(granted))}
        ask.world.commit(fact)
    return _application(ask)


def _application(ask: Ask) -> Json:
    bot, guilds = ask.bot, ask.world.guilds.values()
    mine = [it for it in guilds if bot in it.members]
    owner = mine[0].owner if mine else next(iter(ask.world.accounts.values()))
    flags = application_flags(ask.office.granted(bot))
    return {
        "id": str(bot.id),
        "name": bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": shapes.user(bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": f"{bot.id:064x}",
        "flags": flags,
        "flags_new": str(flags),
        "rpc_origins": [],
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": shapes.user(owner),
        "approximate_guild_count": len(mine),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
    }


@routes("GET", "/gateway")
def get_gateway(ask: Ask) -> Json:
    return {"url": ask.office.roots()[0]}


@routes("GET", "/gateway/bot")
def get_bot_gateway(ask: Ask) -> Json:
    gateway = ask.office.gateway
    return {
        "url": ask.office.roots()[0],
        "shards": gateway.shards(ask.bot),
        "session_start_limit": gateway.identify_limit(ask.bot),
    }
