"""Words without their endings, so that one and many, now and then, count as the same word."""

from __future__ import annotations

from functools import lru_cache

STEMS_KEPT = 65_536

# Endings cannot tell these.
_IRREGULAR = {
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "lives": "life",
    "went": "go",
    "gone": "go",
    "goes": "go",
    "bought": "buy",
    "brought": "bring",
    "made": "make",
    "took": "take",
    "taken": "take",
    "gave": "give",
    "given": "give",
    "lost": "lose",
    "found": "find",
    "paid": "pay",
    "sent": "send",
    "said": "say",
    "saw": "see",
    "seen": "see",
    "came": "come",
    "became": "become",
    "began": "begin",
    "begun": "begin",
    "wrote": "write",
    "written": "write",
    "spoke": "speak",
    "spoken": "speak",
    "thought": "think",
    "felt": "feel",
    "left": "leave",
    "met": "meet",
    "knew": "know",
    "known": "know",
    "ran": "run",
    "sold": "sell",
    "told": "tell",
    "stolen": "steal",
    "chose": "choose",
    "chosen": "choose",
    "died": "die",
    "dying": "die",
    "lying": "lie",
}


@lru_cache(maxsize=STEMS_KEPT)
def stem(word: str) -> str:
    """What `word`, in lower case, shares with its other forms; not always a word itself."""
    word = _IRREGULAR.get(word, word)
    if len(word) > 3:
        word = _without_plural(word)
    for ending in ("ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = _without_double(word[: -len(ending)])
            break
    if len(word) > 3 and word.endswith("e"):
        return word[:-1]
    if len(word) > 3 and word.endswith("y"):
        return word[:-1] + "i"
    return word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_double(word: str) -> str:
    is_double = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz"
    return word[:-1] if is_double else word
