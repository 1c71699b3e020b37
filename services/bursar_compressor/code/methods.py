"""The methods for code, as the registry lists them."""

from __future__ import annotations

from bursar_compressor.code import comments, skeleton
from bursar_compressor.code.focus import focus_of
from bursar_compressor.code.reading import read
from bursar_compressor.code.tree import CodeTree
from bursar_compressor.rewriting import Extra, Method, Options, Rewritten, unchanged


def _without_comments(content: str, options: Options) -> Rewritten:
    """Where a target is to be met: less is left out than by a skeleton."""
    if not options.target_tokens:
        return unchanged(content)
    code = read(content)
    if isinstance(code, str):
        return unchanged(content)  # the skeleton says why
    return _comments_out(code, content, options.reference)


def _skeleton(content: str, options: Options) -> Rewritten:
    """Where no body can go, the comments alone."""
    code = read(content)
    if isinstance(code, str):
        return unchanged(content, code)
    focus = focus_of(options.query, docstrings=Extra.DOCSTRINGS not in options.extras)
    shorter = skeleton.skeleton(code, options.reference, focus)
    if shorter is None:
        return _comments_out(code, content, options.reference)
    return Rewritten(
        shorter.source.decode(),
        f"bodies or docstrings in {len(shorter.elided)} places, and comments",
        elided=shorter.elided,
    )


def _comments_out(code: CodeTree, content: str, reference: str) -> Rewritten:
    shorter = comments.without_comments(code, reference)
    if shorter is None:
        return unchanged(content)
    return Rewritten(shorter.source.decode(), "comments and blank lines", elided=shorter.elided)


COMMENTS = Method("code_comments", _without_comments)
SKELETON = Method("code_skeleton", _skeleton)
