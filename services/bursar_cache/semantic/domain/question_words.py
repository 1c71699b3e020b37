"""What kind of answer a question asks for."""

from __future__ import annotations

import regex

_CLAUSE = regex.compile(r"[.?!,;:\n]+\s*|\s+(?:and|but|so)\s+", regex.IGNORECASE)
_WH = regex.compile(r"\b(how|what|which|why|when|where|whose|whom|who)\b", regex.IGNORECASE)
_HOW_MEASURE = regex.compile(
    r"how\s+(much|many|long|often|far|old|tall|big|large|fast|deep|high|heavy|soon|late|early|"
    r"good|bad|important|difficult|hard|easy|likely|common|accurate|safe|effective|come)\b",
    regex.IGNORECASE,
)
_WAY = regex.compile(
    r"(?:what|which)(?:'?s|\s+\w+)?(?:\s+\w+){0,4}?\s+(?:ways?|methods?|steps?|tips?|procedures?|process)\b"
    r"|what\s+(?:should|can|do|must)\s+(?:i|we|you|one)\s+do\b",
    regex.IGNORECASE,
)
_ANY_WAY = regex.compile(r"(?:is|are)\s+there\s+(?:a|an|any|some)\s+(?:\w+\s+)?ways?\b", regex.I)
_REASON = regex.compile(
    r"what(?:'?s|\s+\w+)?(?:\s+\w+){0,2}?\s+(?:reasons?|causes?|caused|makes)\b", regex.IGNORECASE
)
_TIME = regex.compile(r"(?:what|which)\s+(?:time|date|day|year|month|hour)\b", regex.IGNORECASE)
_AUXILIARY = regex.compile(
    r"(?:can|could|is|are|was|were|am|do|does|did|will|would|should|shall|has|have|had|may|might|"
    r"must|isn|aren|doesn|don|didn|won)\b",
    regex.IGNORECASE,
)
_SAME_CLASS = {"which": "what", "whom": "who"}


def question_classes(text: str) -> tuple[str, ...]:
    """Sorted: `how`, `how much`, `why`, …, `yes or no`; empty where nothing is asked.

    Each clause that begins with a question word asks; one in the middle of a clause only counts
    where no clause begins with one: tell me how it works.
    """
    text = text.strip()
    clauses = [clause for clause in _CLAUSE.split(text) if clause]
    asked = [found for clause in clauses if (found := _class_of(clause))]
    if "yes or no" in asked or not asked:
        inside = _WH.search(text)
        if inside and not any(_WH.match(clause) for clause in clauses):
            return (_class_of(text[inside.start() :]),)
    return tuple(sorted(asked))


def _class_of(clause: str) -> str:
    """What a clause asks for by its beginning; empty where it does not ask."""
    word = _WH.match(clause)
    if word is None:
        is_way = _ANY_WAY.match(clause)
        return "how" if is_way else "yes or no" if _AUXILIARY.match(clause) else ""
    for pattern, name in ((_WAY, "how"), (_REASON, "why"), (_TIME, "when")):
        if pattern.match(clause):
            return name
    name = word.group().casefold()
    measure = _HOW_MEASURE.match(clause)
    if measure is None:
        return _SAME_CLASS.get(name, name)
    measured = measure[1].casefold()
    return "why" if measured == "come" else f"how {measured}"
