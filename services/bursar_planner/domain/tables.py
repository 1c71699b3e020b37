"""Every figure and every choice of policy `rules-v1`, in one place.

Boundaries and weights are rationals: in binary, 0.1 + 0.1 of a factor may fall on either side of a
level's boundary, and a task of complexity exactly 0.2 is SIMPLE.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from bursar_planner.domain.vocabulary import (
    CacheStrategy,
    CompressionLevel,
    ThoughtLevel,
    Tier,
)

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FactorTerms:
    """One thing that makes a task complex: its count over `full_scale`, at most `share_max`."""

    name: str
    singular: str
    plural: str
    full_scale: int
    share_max: Fraction


DESCRIPTION = FactorTerms("description", "character", "characters", 1000, Fraction(1, 5))
DEPENDENCIES = FactorTerms("dependencies", "dependency", "dependencies", 10, Fraction(1, 5))
REQUIRED_TOOLS = FactorTerms("required tools", "tool", "tools", 5, Fraction(1, 5))
HINT = "hint"
HINT_WEIGHT = Fraction(2, 5)
COMPLEXITY_MAX = Fraction(1)

# A limit is near when more than this part of it is settled or held; complexity then counts less.
NEAR_PCT = 80
NEAR_DISCOUNT = Fraction(7, 10)

# Below it, free tools suffice. Compared with the complexity before the discount.
API_COMPLEXITY_MIN = Fraction(2, 5)
FREE_CAPABILITIES = frozenset(
    {
        "code_generation",
        "code_review",
        "refactoring",
        "debugging",
        "documentation",
        "testing",
        "linting",
        "formatting",
    }
)


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """What a thought level means and allows. It begins at complexity `least`, inclusive."""

    level: ThoughtLevel
    least: Fraction
    words: str
    max_tokens: int
    max_api_calls: int
    max_duration_ns: int
    cache_strategy: CacheStrategy
    compression: CompressionLevel


# Compression is `safe` throughout, also where the context is to be full: it takes nothing out
# silently and for good, and `plain` would fail where a context does not fit the model.
LEVELS: tuple[LevelTerms, ...] = (
    LevelTerms(
        ThoughtLevel.TRIVIAL,
        Fraction(0),
        "simple look-up, no reasoning",
        max_tokens=500,
        max_api_calls=1,
        max_duration_ns=5 * NS_PER_S,
        cache_strategy=CacheStrategy.AGGRESSIVE,
        compression=CompressionLevel.SAFE,
    ),
    LevelTerms(
        ThoughtLevel.SIMPLE,
        Fraction(1, 5),
        "basic logic, minimal context",
        max_tokens=2_000,
        max_api_calls=2,
        max_duration_ns=15 * NS_PER_S,
        cache_strategy=CacheStrategy.STANDARD,
        compression=CompressionLevel.SAFE,
    ),
    LevelTerms(
        ThoughtLevel.MODERATE,
        Fraction(2, 5),
        "standard reasoning, normal context",
        max_tokens=8_000,
        max_api_calls=5,
        max_duration_ns=60 * NS_PER_S,
        cache_strategy=CacheStrategy.SELECTIVE,
        compression=CompressionLevel.SAFE,
    ),
    LevelTerms(
        ThoughtLevel.COMPLEX,
        Fraction(3, 5),
        "deep reasoning, extensive context",
        max_tokens=32_000,
        max_api_calls=10,
        max_duration_ns=300 * NS_PER_S,
        cache_strategy=CacheStrategy.MINIMAL,
        compression=CompressionLevel.SAFE,
    ),
    LevelTerms(
        ThoughtLevel.CRITICAL,
        Fraction(4, 5),
        "maximum reasoning, full context",
        max_tokens=100_000,
        max_api_calls=20,
        max_duration_ns=600 * NS_PER_S,
        cache_strategy=CacheStrategy.NONE,
        compression=CompressionLevel.SAFE,
    ),
)

SIMPLE_EXECUTOR, COORDINATOR, RESEARCHER = "simple_executor", "coordinator", "researcher"
VALIDATOR, GENERALIST = "validator", "generalist"

# Shares of a team are the budget divided by these, rounded down; the validator takes what is left.
MODERATE_COORDINATOR_DIVISOR, MODERATE_SPECIALIST_DIVISOR = 4, 2
COORDINATOR_DIVISOR, RESEARCHER_DIVISOR, SPECIALISTS_DIVISOR = 10, 5, 2

# Where one specialist has to do for several capabilities, the first in this table is chosen.
SPECIALISTS: dict[str, str] = {
    "debugging": "debugger",
    "code_generation": "code_writer",
    "refactoring": "refactorer",
    "code_review": "code_reviewer",
    "testing": "tester",
    "documentation": "technical_writer",
    "linting": "style_checker",
    "formatting": "style_checker",
}

SIMPLE_EXECUTOR_TOOLS = ("linter", "formatter")
VALIDATOR_TOOLS = ("linter", "test_runner")
# A specialist has the tools of its capabilities, and those that the task asks for by name.
TOOLS: dict[str, tuple[str, ...]] = {
    "debugging": ("test_log_reader", "test_runner"),
    "code_generation": ("linter", "formatter"),
    "refactoring": ("linter", "formatter", "test_runner"),
    "code_review": ("linter",),
    "testing": ("test_runner",),
    "documentation": ("formatter",),
    "linting": ("linter",),
    "formatting": ("formatter",),
}

TIER_WORDS: dict[Tier, str] = {
    Tier.LOCAL_TOOL: "free local tool",
    Tier.LOGIN_CLI: "free coding CLI under your own login",
    Tier.LOCAL_MODEL: "free local model",
    Tier.PAID_API: "paid API",
}
