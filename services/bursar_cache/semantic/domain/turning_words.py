"""The words that turn a question's meaning: narrowing, direction, possession, superlatives.

Lists, not rules: every entry is a word whose class does not depend on any data set.
"""

from __future__ import annotations

# Words that narrow or turn what is asked without being nouns or verbs; each with its sense.
MODIFIERS = {
    word: sense
    for sense, words in {
        "only": "only solely merely",
        "except": "except excluding besides apart",
        "instead": "instead rather",
        "unless": "unless",
        "until": "until till",
        "before": "before prior",
        "after": "after afterwards following",
        "during": "during while",
        "again": "again",
        "always": "always",
        "both": "both",
        "least": "least",
        "less": "less fewer",
        "same": "same",
        "next": "next upcoming",
        "last": "last previous former past",
        "maximum": "max maximum",
        "minimum": "min minimum",
        "over": "over above",
        "under": "under below beneath",
        "inside": "inside within",
        "outside": "outside",
        "against": "against",
        "versus": "versus vs",
        "despite": "despite",
        "without": "without",
    }.items()
    for word in words.split()
}

# Where words stand around these decides the meaning: from A to B is not from B to A.
DIRECTIONS = frozenset(
    [
        "from",
        "to",
        "into",
        "onto",
        "by",
        "than",
        "over",
        "under",
        "before",
        "after",
        "against",
        "versus",
        "vs",
        "without",
        "for",
        "in",
        "on",
        "at",
        "with",
        "of",
    ]
)

# Whose it is. `i` and `you` who ask and are asked stand for anybody: how do I, how do you.
POSSESSORS = {
    "my": "speaker",
    "mine": "speaker",
    "me": "speaker",
    "our": "speakers",
    "us": "speakers",
    "your": "listener",
    "yours": "listener",
    "he": "he",
    "him": "he",
    "his": "he",
    "she": "she",
    "her": "she",
    "hers": "she",
    "they": "they",
    "them": "they",
    "their": "they",
    "theirs": "they",
}

SUPERLATIVES = {
    "best": "best",
    "good": "best",
    "great": "best",
    "nice": "best",
    "greatest": "best",
    "top": "best",
    "finest": "best",
    "worst": "worst",
    "most": "most",
    "least": "least",
    "biggest": "largest",
    "largest": "largest",
    "smallest": "smallest",
    "tiniest": "smallest",
    "fastest": "fastest",
    "quickest": "fastest",
    "slowest": "slowest",
    "cheapest": "cheapest",
    "priciest": "dearest",
    "better": "better",
    "worse": "worse",
    "bigger": "larger",
    "larger": "larger",
    "smaller": "smaller",
}

# Endings in -est and -er that are no degrees of comparison.
NOT_SUPERLATIVE = frozenset(
    [
        "interest",
        "request",
        "test",
        "guest",
        "rest",
        "nest",
        "west",
        "east",
        "forest",
        "arrest",
        "suggest",
        "invest",
        "protest",
        "contest",
        "quest",
        "honest",
        "modest",
        "harvest",
        "digest",
        "manifest",
        "latest",
        "chest",
        "pest",
        "best",
        "rest",
        "crest",
        "zest",
        "jest",
        "vest",
        "behest",
        "conquest",
        "dearest",
        "earnest",
        "inquest",
        "tempest",
    ]
)
