"""Servers, channels, threads, posts and members as REST shows and changes them."""

import aiohttp

from tests.stage.discord.conftest import Asker, Scene


async def test_a_bot_knows_itself_its_application_and_the_gateway(scene: Scene, ask: Asker) -> None:
    assert (await ask.ok("GET", "/users/@me"))["username"] == "Ada"
    for path in ("/applications/@me", "/oauth2/applications/@me"):
        application = await ask.ok("GET", path)
        assert application["id"] == str(scene.ada.id)
        assert application["flags"] & 1 << 19
    gateway = await ask.ok("GET", "/gateway/bot")
    assert gateway["url"] == scene.stage.discord.gateway_url
    assert gateway["session_start_limit"]["total"] == 1000


async def test_an_application_shows_which_intents_it_was_granted(
    scene: Scene, session: aiohttp.ClientSession
) -> None:
    shy = scene.stage.discord.bot("Shy", message_content=False, members=False)
    ask = Asker(session, scene.stage.discord.api_root, shy.token)
    flags = (await ask.ok("GET", "/applications/@me"))["flags"]
    assert not flags & (1 << 19 | 1 << 15)


async def test_a_token_tells_whose_it_is_and_makes_the_same_bot_again(scene: Scene) -> None:
    again = scene.stage.discord.bot("Ada")
    assert again is scene.ada
    assert [len(part) for part in scene.ada.token.split(".")][1:] == [6, 38]
    twin = scene.stage.discord.bot("Twin", token="NzAwMDAwMDAwMDAwMDAwMDAw.abcdef." + "z" * 38)
    assert twin.id == 700_000_000_000_000_000


async def test_a_server_shows_its_channels_roles_and_members(scene: Scene, ask: Asker) -> None:
    at = f"/guilds/{scene.guild.id}"
    role = scene.stage.discord.role(scene.guild, "Readers", [scene.max])
    whole = await ask.ok("GET", at + "?with_counts=true")
    assert (whole["name"], whole["approximate_member_count"]) == ("Tea house", 4)
    assert [each["name"] for each in whole["roles"]] == ["@everyone", "Readers"]
    assert [room["name"] for room in await ask.ok("GET", at + "/channels")] == ["general", "random"]
    members = await ask.ok("GET", at + "/members?limit=1000")
    assert {m["user"]["username"] for m in members} == {"mia", "max", "Ada", "Eliza"}
    rest = await ask.ok("GET", f"{at}/members?limit=1000&after={members[1]['user']['id']}")
    assert rest == members[2:]
    [found] = await ask.ok("GET", at + "/members/search?query=Ma&limit=5")
    assert (found["user"]["global_name"], found["roles"]) == ("Max", [str(role)])
    assert [each["id"] for each in await ask.ok("GET", "/users/@me/guilds")] == [
        str(scene.guild.id)
    ]


async def test_roles_are_given_by_those_who_may(scene: Scene, ask: Asker) -> None:
    role = scene.stage.discord.role(scene.guild, "Readers")
    at = f"/guilds/{scene.guild.id}/members/{scene.max.snowflake}/roles/{role}"
    assert await ask.refused("PUT", at) == (403, 50013)
    scene.stage.discord.role(scene.guild, "Hosts", [scene.ada], permissions=1 << 28)
    assert await ask("PUT", at) == (204, None)
    assert scene.guild.members[scene.max] == {role}
    assert await ask("DELETE", at) == (204, None)
    assert scene.guild.members[scene.max] == set()


async def test_a_thread_grows_from_a_message_and_has_its_id(scene: Scene, ask: Asker) -> None:
    said = scene.mia.says(scene.general, "Let us plan")
    at = f"/channels/{scene.general.id}/messages/{said.id}"
    thread = await ask.ok("POST", at + "/threads", json={"name": "Plans"})
    assert (thread["id"], thread["parent_id"]) == (str(said.id), str(scene.general.id))
    assert await ask.refused("POST", at + "/threads", json={"name": "Plans"}) == (400, 160004)
    shown = await ask.ok("GET", at)
    assert (shown["flags"] & 1 << 5, shown["thread"]["name"]) == (1 << 5, "Plans")
    sent = await ask.ok("POST", f"/channels/{thread['id']}/messages", json={"content": "Friday"})
    room = scene.stage.world.chats[f"dc:{thread['id']}"]
    assert (room.kind, room.parent) == ("thread", scene.general)
    assert scene.stage.messages(room)[-1].text == sent["content"] == "Friday"
    assert room.title == (await ask.ok("GET", f"/channels/{thread['id']}"))["name"] == "Plans"


async def test_a_thread_without_a_message_is_announced_in_its_channel(
    scene: Scene, ask: Asker
) -> None:
    at = f"/channels/{scene.general.id}/threads"
    thread = await ask.ok("POST", at, json={"name": "Aside", "type": 11})
    [announced] = await ask.ok("GET", f"/channels/{scene.general.id}/messages")
    assert (announced["type"], announced["content"]) == (18, "Aside")
    private = await ask.ok("POST", at, json={"name": "Quiet"})
    assert private["type"] == 12
    active = await ask.ok("GET", f"/guilds/{scene.guild.id}/threads/active")
    assert [each["id"] for each in active["threads"]] == [thread["id"], private["id"]]
    assert [each["user_id"] for each in active["members"]] == [str(scene.ada.id)] * 2


async def test_a_private_thread_is_seen_by_those_in_it(scene: Scene, ask: Asker) -> None:
    hidden = scene.stage.discord.thread(scene.general, "Hidden", scene.max, private=True)
    assert await ask.refused("GET", f"/channels/{hidden.id}") == (403, 50001)
    assert scene.eliza not in hidden.members
    scene.max.adds(hidden, scene.ada)
    await ask.ok("POST", f"/channels/{hidden.id}/messages", json={"content": "Here."})


async def test_a_post_begins_with_its_first_message(scene: Scene, ask: Asker) -> None:
    board = scene.stage.discord.channel(scene.guild, "questions", "board")
    at = f"/channels/{board.id}/threads"
    assert await ask.refused("POST", at, json={"name": "Why?"}) == (400, 50035)
    made = await ask.ok("POST", at, json={"name": "Why?", "message": {"content": "Because."}})
    assert made["message"]["id"] == made["id"]
    room = scene.stage.world.chats[f"dc:{made['id']}"]
    assert (room.kind, [said.text for said in scene.stage.messages(room)]) == ("post", ["Because."])
    scene.mia.says(room, "I see.")
    assert (await ask.ok("GET", f"/channels/{made['id']}"))["message_count"] == 1


async def test_an_archived_thread_opens_again_unless_it_is_locked(scene: Scene, ask: Asker) -> None:
    thread = scene.stage.discord.thread(scene.general, "Old", scene.mia)
    scene.stage.discord.archive(thread)
    at = f"/channels/{scene.general.id}/threads/archived/public"
    assert [each["name"] for each in (await ask.ok("GET", at))["threads"]] == ["Old"]
    await ask.ok("POST", f"/channels/{thread.id}/messages", json={"content": "Awake"})
    assert (await ask.ok("GET", at))["threads"] == []
    scene.stage.discord.archive(thread, locked=True)
    again = {"content": "Awake?"}
    refusal = await ask.refused("POST", f"/channels/{thread.id}/messages", json=again)
    assert refusal == (400, 160005)


async def test_a_thread_is_joined_followed_and_left(scene: Scene, ask: Asker) -> None:
    thread = scene.stage.discord.thread(scene.general, "Plans", scene.mia)
    at = f"/channels/{thread.id}/thread-members"
    assert await ask("PUT", f"{at}/@me") == (204, None)
    members = {each["user_id"] for each in await ask.ok("GET", at)}
    assert members == {str(scene.mia.snowflake), str(scene.ada.id)}
    one = await ask.ok("GET", f"{at}/{scene.mia.snowflake}?with_member=true")
    assert one["member"]["user"]["global_name"] == "Mia"
    assert await ask("DELETE", f"{at}/@me") == (204, None)
    assert await ask.refused("GET", f"{at}/{scene.ada.id}") == (404, 10007)


async def test_a_channel_is_renamed_and_removed_by_those_who_may(scene: Scene, ask: Asker) -> None:
    at = f"/channels/{scene.random.id}"
    assert await ask.refused("PATCH", at, json={"name": "news"}) == (403, 50013)
    scene.stage.discord.role(scene.guild, "Hosts", [scene.ada], permissions=1 << 4)
    assert (await ask.ok("PATCH", at, json={"name": "news"}))["name"] == "news"
    made = await ask.ok("POST", f"/guilds/{scene.guild.id}/channels", json={"name": "fresh"})
    assert made["type"] == 0
    await ask.ok("DELETE", at)
    assert await ask.refused("GET", at) == (404, 10003)
