"""Which language a text is in, by its content alone; each guess is proved by parsing."""

from __future__ import annotations

import re
from collections import Counter

SAMPLE_CHARS = 8 * 1024
GUESSES_MAX = 3
PHP_OPENING = "<?"
TIMES_MAX = 4  # a word that stands everywhere does not outweigh several others

# Words and signs that speak for a language; ^ before those that begin a line.
_SIGNS: dict[str, str] = {
    "python": "^def ^class ^import ^from ^elif ^except ^with ^async ^@ self __init__ None True"
    " lambda ^raise ^yield ^return ^pass",
    "typescript": "^interface ^type ^declare ^readonly ^export ^import ^const ^abstract readonly"
    " string number boolean unknown any never => === keyof implements ^private ^public ^return",
    "javascript": "^const ^let ^var ^function ^export ^import require module => === undefined"
    " ^async typeof prototype null ^return",
    "go": "^package ^func ^type ^import ^defer ^go ^var := nil err struct interface chan ^return"
    " range",
    "rust": "^fn ^pub ^use ^impl ^let ^mod ^#[ ^match mut fn :: &mut -> Some None Result usize"
    " Self",
    "java": "^package ^import ^public ^private ^protected ^@ final extends implements throws"
    " String void new static null boolean",
    "c": "^#include ^#define ^#ifdef ^#ifndef ^#endif ^static ^struct ^typedef sizeof NULL -> char"
    " int unsigned const void",
    "cpp": "^#include ^template ^namespace ^using ^class ^public: ^private: :: std nullptr auto"
    " const virtual override -> bool void",
    "csharp": "^using ^namespace ^public ^private ^internal ^protected ^[ get set string var await"
    " foreach bool void new override sealed",
    "ruby": "^def ^end ^require ^require_relative ^module ^class ^attr_reader ^attr_accessor"
    " ^elsif ^unless nil do @ ^private ^include",
    "php": "^<?php ^namespace ^use ^public ^private ^protected $this -> function => :: echo array"
    " null",
    "kotlin": "^fun ^val ^var ^package ^import ^data ^class ^override ^companion ^internal"
    " ^private fun val when ?: String Int -> null",
    "swift": "^func ^import ^let ^var ^guard ^struct ^extension ^protocol ^init ^case ^enum"
    " ^private func let nil self String Int -> throws",
    "bash": "^#!/bin/bash ^#!/bin/sh ^if ^fi ^done ^then ^do ^echo ^local ^export ^case ^esac ^set"
    " [[ ]] $1 then do",
    "sql": "^select ^insert ^create ^update ^delete ^from ^where ^join ^alter ^drop ^group ^order"
    " ^values varchar primary select table values not null",
}
_SIGN_SETS = {name: frozenset(signs.split()) for name, signs in _SIGNS.items()}
_FIRST_WORD = re.compile(r"^[ \t]*(#!\S+|#\w+|#\[|<\?php|\[|@|\w+:?)", re.MULTILINE)
_WORD = re.compile(r":=|=>|->|::|===|&mut|\?:|\[\[|\]\]|\$this|\$\d|@|\w+")
_SHOUTED_SQL = re.compile(r"^\s*(?:SELECT|INSERT|CREATE|UPDATE|DELETE|ALTER|WITH)\b", re.MULTILINE)
# Where the second reads more than the first: it is tried when the first finds faults.
_WIDER = {"typescript": "tsx", "javascript": "tsx", "c": "cpp", "cpp": "c"}
_TYPED = re.compile(
    r"\w\??: (?:string|number|boolean|void|any|unknown)\b|^(?:export )?interface \w", re.MULTILINE
)
_FIRST_LINES: dict[str, re.Pattern[str]] = {
    "python": re.compile(r"#!.*python"),
    "bash": re.compile(r"#!.*\b(?:ba|z|k|da)?sh\b"),
    "php": re.compile(r"<\?php"),
    "ruby": re.compile(r"#!.*ruby"),
    "javascript": re.compile(r"#!.*node"),
}


def guesses(content: str) -> tuple[str, ...]:
    """The likeliest first; empty when nothing speaks for any."""
    for name, first_line in _FIRST_LINES.items():
        if first_line.match(content):
            return (name,)
    sample = content[:SAMPLE_CHARS]
    words = _words(sample.lower() if _SHOUTED_SQL.search(sample) else sample)
    scores = {name: _score(signs, words) for name, signs in _SIGN_SETS.items()}
    if PHP_OPENING not in content:
        scores["php"] = 0.0  # to PHP, all that stands outside of its tags is text
    likely = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])
    ordered: dict[str, None] = {}
    for name in likely[:GUESSES_MAX]:
        first = "typescript" if name == "javascript" and _TYPED.search(sample) else name
        ordered[first] = None
        ordered[_WIDER.get(first, first)] = None
    return tuple(ordered)[:GUESSES_MAX]


def _words(sample: str) -> Counter[str]:
    found = Counter(_WORD.findall(sample))
    for word, times in Counter(_FIRST_WORD.findall(sample)).items():
        found[f"^{word}"] = times
    return found


def _score(signs: frozenset[str], words: Counter[str]) -> float:
    return sum(min(TIMES_MAX, words[sign]) for sign in signs if sign in words) / len(signs)
