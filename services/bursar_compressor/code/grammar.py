"""The grammars that code is read with: one a language, loaded when it is first needed.

They come inside tree-sitter-language-pack, which stays below 1.0: later ones download them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast, get_args

if TYPE_CHECKING:
    from tree_sitter import Language, Query
    from tree_sitter_language_pack import SupportedLanguage

_COMMENT_KINDS = (
    *("comment", "line_comment", "block_comment", "multiline_comment"),
    *("documentation_comment", "html_comment", "marginalia"),
)
# What is called a function, in the words of the grammars.
_FUNCTION_KIND = re.compile(
    r"(?:function|method|constructor|destructor|accessor|local_function|init|deinit|subroutine)\w*"
    r"|\w*_(?:method|function|constructor|accessor)|arrow_function|func_literal|function_item"
    r"|\w*(?:lambda|closure|anonymous_function|anonymous_method)\w*|getter|setter|init_declaration"
)
CLASS_WITH_DOCSTRING = "class_definition"  # where a text at the head of a class documents it
# What keeps its blanks: strings over several lines, and text between code.
_TEXT_KIND = re.compile(
    r"(?:\w+_)?(?:string|heredoc|nowdoc|str_text|jsx_text|regex|quoted_content|charlist|sigil)"
    r"(?:_(?:literal|expression|body|content|array|fragment|redirect))*|text|literal|preproc_arg"
)
# Languages whose kinds of text are known, so that blank lines outside of them may go.
_BLANKS_KNOWN = (
    *("python", "typescript", "tsx", "javascript", "go", "rust", "java", "c", "cpp", "csharp"),
    *("ruby", "php", "kotlin", "swift", "bash", "sql", "scala", "lua", "dart", "elixir"),
)
_COMMENT_WITH_PARTS = re.compile(
    rf" (?:\w+: )?\((?:{'|'.join(_COMMENT_KINDS)})(?: (?:\w+: )?\([^()]*\))*\)"
)
_HASH = ("python", "ruby", "bash", "perl", "r", "elixir", "julia", "make", "yaml", "toml", "fish")
_DASHES = ("sql", "lua", "haskell", "elm", "ada", "vhdl", "luau")


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language. `marks` finds its comments and its texts over several lines, `bodies` its
    functions; `line_comment` begins a comment that ends with its line.
    """

    name: str
    language: Language
    marks: Query
    bodies: Query | None
    line_comment: str
    is_indented: bool
    may_lose_blanks: bool


@lru_cache(maxsize=64)
def grammar(name: str) -> Grammar | None:
    """The grammar of a language by its name there, such as `csharp`; None when there is none."""
    from tree_sitter import Query
    from tree_sitter_language_pack import SupportedLanguage, get_language

    if name not in get_args(SupportedLanguage):
        return None
    language = get_language(cast("SupportedLanguage", name))
    kinds = _named_kinds(language)
    comments = [f"({kind}) @comment" for kind in _COMMENT_KINDS if kind in kinds]
    texts = [f"({kind}) @text" for kind in kinds if _TEXT_KIND.fullmatch(kind)]
    if not comments:
        return None
    return Grammar(
        name=name,
        language=language,
        marks=Query(language, "\n".join(comments + texts)),
        bodies=_bodies(language, kinds),
        line_comment="#" if name in _HASH else "--" if name in _DASHES else "//",
        is_indented=name == "python",
        may_lose_blanks=name in _BLANKS_KNOWN,
    )


def without_comment_nodes(tree: str) -> str:
    """The text of a tree without its comments, some of which have parts of their own."""
    for kind in _COMMENT_KINDS:
        tree = tree.replace(f" ({kind})", "")
    return _COMMENT_WITH_PARTS.sub("", tree) if "comment" in tree else tree


def _named_kinds(language: Language) -> list[str]:
    numbers = range(language.node_kind_count)
    shown = [
        language.node_kind_for_id(number)
        for number in numbers
        if language.node_kind_is_named(number) and language.node_kind_is_visible(number)
    ]
    return sorted({kind for kind in shown if kind})


def _bodies(language: Language, kinds: list[str]) -> Query | None:
    """Whatever is called a function and has a body, as far as the grammar knows such."""
    from tree_sitter import Query, QueryError

    functions = [kind for kind in kinds if _FUNCTION_KIND.fullmatch(kind)]
    if language.name == "python":
        functions += [kind for kind in kinds if kind == CLASS_WITH_DOCSTRING]
    possible: list[str] = []
    for kind in functions:
        for pattern in (
            f"({kind} body: (_) @body) @function",
            f"({kind} (function_body) @body) @function",
        ):
            try:
                Query(language, pattern)
            except QueryError:
                continue
            possible.append(pattern)
            break
    return Query(language, "\n".join(possible)) if possible else None
