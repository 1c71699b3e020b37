"""Streams of both formats: replayed, folded, metered, in whatever splits they come."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects import anthropic_messages, openai_chat, sse
from bursar.dialects.body import decode_object
from bursar.dialects.meter import EVENT_BYTES_MAX, TEXT_KEPT_BYTES_MAX
from bursar.dialects.refusal import RefusalKind
from bursar.prices.usage import Usage

words = st.text(max_size=150)
json_inputs = st.dictionaries(
    words, st.integers(-(2**53), 2**53) | words | st.booleans(), max_size=3
)
counts = st.integers(0, 10**7)
identifiers = st.text("abcdef0123456789", min_size=1, max_size=8)


def anthropic_blocks():
    tool = st.fixed_dictionaries(
        {"type": st.just("tool_use"), "id": identifiers, "name": identifiers, "input": json_inputs}
    )
    text = st.fixed_dictionaries(
        {"type": st.just("text"), "text": words},
        optional={"citations": st.lists(st.fixed_dictionaries({"cited_text": words}), max_size=2)},
    )
    thinking = st.fixed_dictionaries(
        {"type": st.just("thinking"), "thinking": words, "signature": identifiers}
    )
    hidden = st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": identifiers})
    return tool | text | thinking | hidden


anthropic_answers = st.fixed_dictionaries(
    {
        "id": identifiers,
        "type": st.just("message"),
        "role": st.just("assistant"),
        "model": identifiers,
        "content": st.lists(anthropic_blocks(), max_size=4),
        "stop_reason": st.sampled_from(["end_turn", "tool_use", "max_tokens"]),
        "stop_sequence": st.none() | words,
        "usage": st.fixed_dictionaries(
            {"input_tokens": counts, "output_tokens": counts},
            optional={"cache_read_input_tokens": counts, "service_tier": st.just("standard")},
        ),
    },
    optional={"container": st.none()},
)


def openai_choices():
    call = st.fixed_dictionaries(
        {
            "id": identifiers,
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": identifiers, "arguments": words}),
        }
    )
    message = st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": st.none() | words, "refusal": st.none() | words},
        optional={
            "tool_calls": st.lists(call, min_size=1, max_size=3),
            "annotations": st.just([]),
            "reasoning_content": words,
        },
    )
    return st.fixed_dictionaries(
        {"message": message, "finish_reason": st.sampled_from(["stop", "length", "tool_calls"])},
        optional={"logprobs": st.none() | st.just({"content": [{"token": "a"}], "refusal": None})},
    )


openai_answers = st.fixed_dictionaries(
    {
        "id": identifiers,
        "object": st.just("chat.completion"),
        "created": st.integers(0, 2**31),
        "model": identifiers,
        "choices": st.lists(openai_choices(), min_size=1, max_size=3).map(
            lambda choices: [{"index": place, **each} for place, each in enumerate(choices)]
        ),
    },
    optional={
        "usage": st.fixed_dictionaries(
            {"prompt_tokens": counts, "completion_tokens": counts, "total_tokens": st.just(0)}
        ),
        "system_fingerprint": st.none() | identifiers,
    },
)
answers = st.tuples(st.just(anthropic_messages), anthropic_answers) | st.tuples(
    st.just(openai_chat), openai_answers
)


def split(stream, random):
    """The bytes in pieces that respect nothing."""
    pieces = []
    while stream:
        size = random.choice((1, 2, 7, 60, 4000))
        pieces.append(stream[:size])
        stream = stream[size:]
    return pieces


@given(answers, st.randoms())
def test_a_replayed_answer_folds_back_into_itself_however_it_is_split(case, random):
    dialect, answer = case
    stream = b"".join(dialect.as_stream(json.dumps(answer).encode(), True))
    folded = dialect.from_stream(split(stream, random))
    assert folded is not None
    assert json.loads(folded) == answer


@given(answers, st.randoms())
def test_a_stream_is_metered_as_the_answer_it_amounts_to(case, random):
    dialect, answer = case
    body = json.dumps(answer).encode()
    stream = b"".join(dialect.as_stream(body, True))
    meter = dialect.stream_meter(False)
    passed = b"".join(meter.feed(piece) for piece in split(stream, random)) + meter.rest()
    assert passed == stream
    assert meter.usage == dialect.usage_in_response(body)
    assert (meter.answer_id, meter.model) == (answer["id"], answer["model"])
    assert meter.is_complete
    assert not meter.has_failed


@given(answers)
def test_the_words_of_the_events_are_the_words_of_the_answer(case):
    dialect, answer = case
    body = json.dumps(answer).encode()
    events = [sse.data_of(event) for event in dialect.as_stream(body, True)]
    words = [dialect.text_delta(decode_object(event) or {}) for event in events]
    assert "".join(words) == dialect.text_of(body)


@given(openai_answers, st.randoms())
def test_usage_that_only_we_asked_for_never_reaches_the_client(answer, random):
    body = json.dumps(answer).encode()
    asked = b"".join(openai_chat.as_stream(body, True))
    meter = openai_chat.stream_meter(True)
    passed = b"".join(meter.feed(piece) for piece in split(asked, random)) + meter.rest()
    assert passed == b"".join(openai_chat.as_stream(body, False))
    assert meter.usage == openai_chat.usage_in_response(body)


@given(answers, st.integers(0, 10_000))
def test_a_stream_cut_anywhere_before_its_end_is_no_answer(case, cut):
    dialect, answer = case
    events = list(dialect.as_stream(json.dumps(answer).encode(), True))
    stream = b"".join(events)
    assert dialect.from_stream([stream[: cut % (len(stream) - len(events[-1]) + 1)]]) is None


def test_line_ends_of_the_other_kind_are_read_as_well():
    answer = {**ANTHROPIC, "content": [{"type": "text", "text": "a\r\nb\n\nc"}]}
    stream = b"".join(anthropic_messages.as_stream(json.dumps(answer).encode(), True))
    other = stream.replace(b"\n", b"\r\n")
    assert json.loads(anthropic_messages.from_stream([other])) == answer
    meter = anthropic_messages.stream_meter(False)
    for place in range(len(other)):
        meter.feed(other[place : place + 1])
    assert meter.is_complete
    assert meter.usage == Usage(input_tokens=9, output_tokens=4)


ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [{"type": "text", "text": "One two three. " * 20}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 4},
}
OPENAI = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "One two three. " * 20},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
}


@pytest.mark.parametrize(
    ("dialect", "answer"), [(anthropic_messages, ANTHROPIC), (openai_chat, OPENAI)]
)
def test_what_was_said_until_a_cut_can_be_counted(dialect, answer):
    events = list(dialect.as_stream(json.dumps(answer).encode(), True))
    meter = dialect.stream_meter(False)
    for event in events[: len(events) // 2]:
        meter.feed(event)
    said = meter.text.last_text()
    assert said
    assert ("One two three. " * 20).startswith(said)
    assert meter.text.estimated_tokens(lambda text: len(text.split())) == len(said.split())
    assert not meter.is_complete


@pytest.mark.parametrize(
    ("dialect", "answer"), [(anthropic_messages, ANTHROPIC), (openai_chat, OPENAI)]
)
def test_a_complete_stream_is_settled_as_reported_and_a_cut_one_by_what_came(dialect, answer):
    events = list(dialect.as_stream(json.dumps(answer).encode(), True))
    meter = dialect.stream_meter(False)
    for event in events[: len(events) // 2]:
        meter.feed(event)
    cut, is_estimate = meter.settled_usage(9, lambda text: len(text.split()))
    assert is_estimate
    assert cut == Usage(input_tokens=9, output_tokens=len(meter.text.last_text().split()))
    for event in events[len(events) // 2 :]:
        meter.feed(event)
    assert meter.settled_usage(1, len) == (Usage(input_tokens=9, output_tokens=4), False)


def test_of_a_long_answer_the_end_is_kept_and_the_estimate_is_scaled_up():
    meter = anthropic_messages.stream_meter(False)
    text = 'one "two" \n three ' * 20_000
    answer = {**ANTHROPIC, "content": [{"type": "text", "text": text}]}
    for event in anthropic_messages.as_stream(json.dumps(answer).encode(), True):
        meter.feed(event)
    assert len(meter.text.last_text()) <= TEXT_KEPT_BYTES_MAX
    estimate = meter.text.estimated_tokens(lambda part: len(part.split()))
    assert abs(estimate - 60_000) < 60


@pytest.mark.parametrize("dialect", [anthropic_messages, openai_chat])
def test_a_stream_that_said_nothing_used_no_output(dialect):
    assert dialect.stream_meter(False).text.estimated_tokens(len) == 0


@pytest.mark.parametrize(
    "text",
    [
        '\nevent: error\ndata: {"error": 1}\n\n',
        '"usage":{"output_tokens":999},"finish_reason":"length"',
        "data: [DONE]",
        'event: message_stop\n\n"type":"message_stop"',
    ],
)
@pytest.mark.parametrize(
    ("dialect", "answer"), [(anthropic_messages, ANTHROPIC), (openai_chat, OPENAI)]
)
def test_a_model_cannot_forge_its_account_by_what_it_says(dialect, answer, text):
    said = json.loads(json.dumps(answer).replace("One two three. " * 20, json.dumps(text)[1:-1]))
    events = list(dialect.as_stream(json.dumps(said).encode(), True))
    honest = dialect.stream_meter(True)
    for event in events[:-3]:
        honest.feed(event)
    assert not honest.is_complete
    assert not honest.has_failed
    assert honest.stop_reason == ""
    for event in events[-3:]:
        honest.feed(event)
    assert honest.usage == Usage(input_tokens=9, output_tokens=4)
    assert honest.is_complete


@pytest.mark.parametrize("dialect", [anthropic_messages, openai_chat])
def test_an_error_inside_a_stream_is_seen_and_is_no_answer(dialect):
    answer = ANTHROPIC if dialect is anthropic_messages else OPENAI
    events = list(dialect.as_stream(json.dumps(answer).encode(), True))
    error = dialect.refusal_event(RefusalKind.OVERLOADED, "overloaded", "req_1")
    meter = dialect.stream_meter(False)
    for event in (*events[:3], error):
        meter.feed(event)
    assert meter.has_failed
    assert not meter.is_complete
    assert dialect.from_stream([*events[:3], error, *events[3:]]) is None


@pytest.mark.parametrize("is_usage_dropped", [False, True])
def test_an_event_without_end_is_passed_on_and_does_not_fill_the_memory(is_usage_dropped):
    meter = openai_chat.stream_meter(is_usage_dropped)
    piece = b"x" * 65_536
    pieces = EVENT_BYTES_MAX // len(piece) * 3
    passed = b"".join(meter.feed(piece) for _ in range(pieces)) + meter.rest()
    assert passed == piece * pieces


def test_usage_that_comes_with_every_chunk_is_a_running_total():
    meter = openai_chat.stream_meter(False)
    for tokens in (1, 2, 3):
        usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens}
        choice = {"index": 0, "delta": {"content": "x"}}
        chunk = {"id": "c", "model": "m", "choices": [choice], "usage": usage}
        meter.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    assert meter.usage == Usage(input_tokens=9, output_tokens=3)


def test_the_input_is_known_from_the_first_event_of_an_anthropic_stream():
    events = list(anthropic_messages.as_stream(json.dumps(ANTHROPIC).encode(), True))
    meter = anthropic_messages.stream_meter(False)
    meter.feed(events[0])
    assert meter.usage == Usage(input_tokens=9)


def test_a_stream_whose_last_line_end_is_missing_is_complete():
    stream = b"".join(openai_chat.as_stream(json.dumps(OPENAI).encode(), True)).rstrip()
    meter = openai_chat.stream_meter(False)
    meter.feed(stream)
    meter.rest()
    assert meter.is_complete
    assert json.loads(openai_chat.from_stream([stream])) == OPENAI
