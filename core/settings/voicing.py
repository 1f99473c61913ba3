"""Settings of voices: whose, how they sound, who writes down what is spoken, when they are heard."""

from __future__ import annotations

from core.settings.key import Key

VOICING: tuple[Key, ...] = (
    Key(
        "SPEECH_PROVIDER",
        "list",
        "",
        "Who speaks for her, in this order: elevenlabs, openai, offline. Every one that has a key "
        "when empty.",
        "character",
    ),
    Key(
        "TRANSCRIPTION_PROVIDER",
        "list",
        "",
        "Who writes down what is spoken: elevenlabs, openai or any other of MODEL_PROVIDER, "
        "offline. Every one that can when empty.",
        "character",
    ),
    Key(
        "ELEVENLABS_API_KEY",
        "secret",
        "",
        "Of ElevenLabs, which gives her a voice.",
        "character",
        ("ELEVENLABS_XI_API_KEY",),
    ),
    Key(
        "ELEVENLABS_BASE_URL",
        "url",
        "https://api.elevenlabs.io",
        "Where ElevenLabs answers.",
        "character",
    ),
    Key("ELEVENLABS_VOICE_ID", "text", "EXAVITQu4vr4xnSDxMaL", "Her voice.", "character"),
    Key(
        "ELEVENLABS_MODEL_ID",
        "text",
        "eleven_multilingual_v2",
        "The model that speaks.",
        "character",
    ),
    Key("ELEVENLABS_VOICE_STABILITY", "number", "0.5", "0 to 1: how even it sounds.", "character"),
    Key(
        "ELEVENLABS_VOICE_SIMILARITY_BOOST",
        "number",
        "0.75",
        "0 to 1: how close it keeps to the voice.",
        "character",
    ),
    Key("ELEVENLABS_VOICE_STYLE", "number", "0", "0 to 1: how much it plays.", "character"),
    Key(
        "ELEVENLABS_VOICE_USE_SPEAKER_BOOST",
        "flag",
        "true",
        "More like the voice, a little later.",
        "character",
    ),
    Key(
        "ELEVENLABS_OPTIMIZE_STREAMING_LATENCY",
        "number",
        "0",
        "0 to 4: sooner, and less well.",
        "character",
    ),
    Key(
        "ELEVENLABS_OUTPUT_FORMAT",
        "text",
        "",
        "As pcm_16000; what suits each use best when empty, and where a plan does not have it, the "
        "next best.",
        "character",
    ),
    Key(
        "ELEVENLABS_TRANSCRIPTION_MODEL",
        "text",
        "scribe_v1",
        "Writes down what is spoken.",
        "character",
    ),
    Key(
        "ELEVENLABS_REALTIME_TRANSCRIPTION_MODEL",
        "text",
        "scribe_v2_realtime",
        "Writes down what is said in voice channels while it is said.",
        "character",
    ),
    Key(
        "OPENAI_REALTIME_TRANSCRIPTION_MODEL",
        "text",
        "gpt-4o-mini-transcribe",
        "Is told what is said in voice channels while it is said; gpt-live-transcribe writes "
        "meanwhile, and costs more.",
        "character",
    ),
    Key("OPENAI_TTS_MODEL", "text", "gpt-4o-mini-tts", "The model that speaks.", "character"),
    Key("OPENAI_TTS_VOICE", "text", "nova", "Her voice.", "character"),
    Key("OPENAI_TTS_INSTRUCTIONS", "text", "", "How it is to sound.", "character"),
    Key(
        "OFFLINE_VOICE",
        "text",
        "",
        "The voice that needs no key, by espeak-ng's name, as en-us+f3; one of its own for each "
        "character when empty.",
        "character",
    ),
    Key(
        "TROUPE_SPEECH_PER_DAY",
        "number",
        "0",
        "Characters of text that may be spoken for her in a day, beyond which she writes; 0: as "
        "many as she likes.",
        "character",
    ),
    Key(
        "TROUPE_VOICE_NOTES",
        "text",
        "auto",
        "Answers as voice messages: on, off, or auto, which is to whoever sends one, and where she "
        "is asked for it.",
        "character",
    ),
    Key(
        "DISCORD_VOICE_ENABLED",
        "flag",
        "true",
        "Whether she may go into voice channels.",
        "character",
        ("ENABLE_VOICE", "voiceEnabled"),
    ),
    Key(
        "DISCORD_VOICE_CHANNEL_ID",
        "list",
        "",
        "Voice channels that she joins by herself; one in each server.",
        "character",
    ),
    Key(
        "DISCORD_VOICE_FOLLOW",
        "list",
        "",
        "People by their ids, whom she follows into voice channels.",
        "character",
    ),
    Key(
        "DISCORD_VOICE_ALONE",
        "number",
        "60",
        "Seconds alone in a voice channel after which she leaves; 0: she stays.",
        "character",
    ),
    Key(
        "DISCORD_VOICE_TEXT",
        "flag",
        "false",
        "What she says in a voice channel stands in its chat as well.",
        "character",
    ),
    Key("DISCORD_VOICE_VOLUME", "number", "1", "0 to 2: how loud she is there.", "character"),
    Key(
        "DISCORD_VOICE_CONNECTIONS",
        "number",
        "10",
        "Voice channels that she is in at once.",
        "character",
    ),
    Key(
        "ENABLE_VOICE_TRANSCRIPTION",
        "flag",
        "true",
        "Whether she listens in voice channels; where not, she only speaks.",
        "character",
    ),
    Key(
        "VOICE_ACTIVITY_THRESHOLD",
        "number",
        "0.5",
        "0 to 1: how clearly something must be speech to be heard as such.",
        "character",
    ),
    Key(
        "VOICE_ENDPOINTING",
        "number",
        "0.5",
        "Seconds of silence after which somebody is done who sounds so.",
        "character",
    ),
    Key(
        "VOICE_ENDPOINTING_MOST",
        "number",
        "3",
        "Seconds of silence after which anybody is done.",
        "character",
    ),
    Key(
        "VOICE_INTERRUPTION",
        "number",
        "0.5",
        "Seconds of speech after which she lets herself be interrupted; 0: she does not.",
        "character",
    ),
    Key(
        "VOICE_FALSE_INTERRUPTION",
        "number",
        "2",
        "Seconds after which she goes on, where nothing was said after all.",
        "character",
    ),
    Key(
        "VOICE_STREAMS_TRANSCRIPTION",
        "flag",
        "true",
        "Whether what people say in voice channels is written down while they still speak, where "
        "ElevenLabs or OpenAI does it; else once they are done.",
        "character",
    ),
    Key(
        "VOICE_KEEPS_AUDIO",
        "flag",
        "false",
        "Keep what people say in voice channels as sound, beside its words.",
        "character",
    ),
)
