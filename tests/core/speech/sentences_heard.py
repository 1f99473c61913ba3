"""What the offline ear understands of the offline voice, word by word, through Opus too.

Said by OfflineVoice() with no voice named, each on its own; other voices are understood less well.
"""

from __future__ import annotations

SENTENCES: tuple[str, ...] = (
    "how are you today",
    "where is the library",
    "i would like a cup of coffee",
    "my favorite color is blue",
    "thank you very much",
    "good morning everyone",
    "i do not know what you mean",
    "it is raining outside",
    "do you want to play a game",
    "what did you have for breakfast",
    "he has two brothers and one sister",
    "the book is on the table",
    "where do you come from",
    "that is a very good question",
    "remember to buy bread and milk",
    "my name is john",
    "how old are you",
    "this is the best day of my life",
    "what is your favorite movie",
    "i think it is a good idea",
    "i have never been to london",
    "the sun is shining",
    "winter is my favorite season",
    "she lives in a small house near the river",
    "who is the president of the united states",
    "the children are playing in the garden",
    "what time is it",
    "can you hear me now",
    "tell me a story about the sea",
    "could you please repeat that",
)
