"""Settings of what characters remember, learn and know."""

from __future__ import annotations

from core.settings.key import Key

REMEMBERING: tuple[Key, ...] = (
    Key(
        "OPENAI_EMBEDDING_DIMENSIONS",
        "number",
        "512",
        "Numbers in a vector, where the model can be asked for fewer; 0: as many as it makes.",
        "character",
        ("EMBEDDING_DIMENSIONS",),
    ),
    Key(
        "LOCAL_EMBEDDING_MODEL",
        "path",
        "",
        "A folder with model.safetensors, tokenizer.json and config.json of a BERT: vectors are "
        "made here, and nobody is paid.",
        "character",
    ),
    Key(
        "TROUPE_RECALL",
        "flag",
        "true",
        "Look for older talk, facts and knowledge that have to do with what is said.",
        "character",
    ),
    Key(
        "TROUPE_RECALL_SCOPE",
        "text",
        "room",
        "Whence talk and facts may come: room; world (all rooms of the same server or group); "
        "person (in direct chats, also others that the same person has with her).",
        "character",
    ),
    Key(
        "TROUPE_RECALL_TOKENS",
        "number",
        "600",
        "Tokens of a prompt for recalled talk and facts; 0: none.",
        "character",
    ),
    Key(
        "TROUPE_RECALL_PATIENCE",
        "number",
        "0.5",
        "Seconds an answer may wait for the vector of a question; 0: it is never asked for.",
        "character",
    ),
    Key(
        "TROUPE_EMBEDDINGS",
        "flag",
        "true",
        "Have vectors made by the embedding model that is set up; false: words alone are looked for.",
        "character",
    ),
    Key(
        "TROUPE_EMBEDDINGS_PER_MESSAGE",
        "number",
        "0.1",
        "Requests for vectors that each message may cost, taken over time.",
        "character",
    ),
    Key(
        "TROUPE_REFLECTION",
        "flag",
        "true",
        "Have the small model note facts and relationships now and then.",
        "character",
    ),
    Key(
        "TROUPE_RETENTION_DAYS",
        "number",
        "",
        "Days after which talk is dropped; kept for ever when empty.",
        "character",
    ),
    Key("TROUPE_MOST_FACTS", "number", "1000", "Facts kept of one room.", "character"),
    Key(
        "TROUPE_VECTORS_MB",
        "number",
        "256",
        "Memory for vectors of rooms that were searched lately.",
        "process",
    ),
    Key(
        "LOAD_DOCS_ON_STARTUP",
        "flag",
        "false",
        "Let all characters know the documents in KNOWLEDGE_PATH.",
        "process",
    ),
    Key("KNOWLEDGE_PATH", "path", "./docs", "See LOAD_DOCS_ON_STARTUP.", "process"),
    Key(
        "TROUPE_KNOWLEDGE_TOKENS",
        "number",
        "1500",
        "Tokens of a prompt for what is known from documents, of at most 4000; 0: none.",
        "character",
    ),
    Key("EMBEDDING_CHUNK_SIZE", "number", "500", "Tokens in a piece of a document.", "character"),
    Key(
        "EMBEDDING_OVERLAP_SIZE",
        "number",
        "100",
        "Tokens that neighbouring pieces share; fewer than EMBEDDING_CHUNK_SIZE.",
        "character",
    ),
    Key(
        "CTX_KNOWLEDGE_ENABLED",
        "flag",
        "false",
        "Have a model say of each piece where in its document it stands: found better, paid once.",
        "character",
    ),
    Key(
        "TEXT_PROVIDER",
        "text",
        "",
        "Who says that: openai, anthropic, openrouter, google ...; the small model when empty.",
        "character",
    ),
    Key("TEXT_MODEL", "text", "", "Which of TEXT_PROVIDER's models.", "character"),
    Key(
        "MAX_CONCURRENT_REQUESTS",
        "number",
        "5",
        "Model calls side by side while documents are taken in.",
        "process",
    ),
    Key("REQUESTS_PER_MINUTE", "number", "60", "Model calls a minute for documents.", "process"),
    Key("TOKENS_PER_MINUTE", "number", "40000", "Tokens a minute for documents.", "process"),
)
