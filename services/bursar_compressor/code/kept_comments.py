"""Comments that are more than remarks: tools, compilers and lawyers read them.

Kept are licence headers, pragmas, shebangs, directives to linters and type checkers, and whatever
Bursar itself wrote.
"""

from __future__ import annotations

import re

from bursar_compressor.markers import OPENING

_LICENCE = re.compile(rb"copyright|licen[cs]e|spdx-|all rights reserved|\xc2\xa9", re.IGNORECASE)
# After the characters that open a comment, and blanks.
_DIRECTIVES = (
    # any language
    rb"@?generated\b|Code generated|@cc_on|#?(?:end)?region\b|cspell|-\*-|vim?:|ex:|coding[:=]"
    rb"|[#@] sourceMappingURL|NOSONAR|nosem|LCOV_EXCL|GCOV_EXCL",
    # Python
    rb"type:|noqa|pylint:|pragma:|fmt:|mypy:|pyright:|ruff:|isort:|yapf:|flake8|nosec\b|black:"
    rb"|cython:|distutils:|pyre-|autopep8:|doctest:",
    # JavaScript and TypeScript
    rb"@ts-|eslint|tslint:|jshint|jslint|prettier-|istanbul|c8 ignore|v8 ignore|@vite|webpack[A-Z]"
    rb"|[@#]__|@jsx|@flow|\$Flow|biome-|deno-|@babel|<reference|<amd|oxlint|stylelint-",
    # Rust, C and C++, Java, C#, Kotlin, Swift
    rb"rustfmt|clippy|NOLINT|clang-|IWYU|cppcheck|FALLTHR|fall ?through|@formatter:|CHECKSTYLE"
    rb"|noinspection|ReSharper|ktlint|detekt|swiftlint:|swiftformat:|sourcery:|swift-tools-version",
    # Ruby, PHP, Bash, SQL; Go's examples are compared with a comment
    rb"frozen_string_literal|encoding:|rubocop:|steep:|typed:|shareable_constant_value|warn_indent"
    rb"|:nocov:|phpcs|@?phpstan-|@?psalm-|@codeCoverage|shellcheck |shfmt|sqlfluff|sqlfmt"
    rb"|nolint|(?:Unordered )?[Oo]utput:",
)
# Where the opening itself is part of it: shebangs, hints to a database, Go, banners that are kept.
_AT_ONCE = re.compile(
    rb"#!|/\*[!+]|--\+|//(?:go:|export |line |extern |lint:|\+build| \+build|cgo)"
)
_DIRECTIVE = re.compile(rb"[#/*\-;%<!\s]*?(?:" + b"|".join(_DIRECTIVES) + rb")")
_ON_ANY_LINE = re.compile(
    rb"@license|@preserve|@ts-|eslint-|istanbul ignore|prettier-ignore|# noqa|NOLINT|[@#]__PURE"
)
_MARKER = re.compile(rb"\W*(?:" + re.escape(OPENING.encode()) + rb"|L\d+-\d+\W*\Z)")
_SCRIPT_METADATA = re.compile(rb"^# /// \S+$(?:\n#(?: .*)?)*?\n# ///$", re.MULTILINE)
_BEFORE_CGO = re.compile(rb'\s*import "C"')


def is_directive(comment: bytes) -> bool:
    """Whether a tool or Bursar reads this comment."""
    return any(
        (
            _MARKER.match(comment),
            _AT_ONCE.match(comment),
            _DIRECTIVE.match(comment),
            _ON_ANY_LINE.search(comment),
        )
    )


def is_licence(comment: bytes) -> bool:
    """Whether a comment at the head of a file speaks of rights."""
    return _LICENCE.search(comment) is not None


def is_before_cgo(source: bytes, end: int) -> bool:
    """Whether Go would compile the comment that ends there as C."""
    return _BEFORE_CGO.match(source, end) is not None


def script_metadata(source: bytes) -> list[tuple[int, int]]:
    """Where Python's inline script metadata stands (PEP 723)."""
    if b"# ///" not in source:
        return []
    return [match.span() for match in _SCRIPT_METADATA.finditer(source)]
