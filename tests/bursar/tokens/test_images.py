"""Images: the formulas' own examples, and sizes read from the first bytes."""

import base64
import struct

import pytest

from bursar.tokens.chats import ChatFormat, count_chat
from bursar.tokens.image_sizes import size_of, size_of_base64
from bursar.tokens.images import anthropic_image, openai_image


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02"


def jpeg(width, height):
    preview = b"\xff\xe1" + struct.pack(">H", 70) + b"e" * 68
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + preview + b"\xff" + frame


SIZED = {
    "png": png(640, 480),
    "jpeg": jpeg(640, 480),
    "gif": b"GIF89a" + struct.pack("<HH", 640, 480) + b"\x00",
    "webp, lossy": b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 640, 480),
    "webp, lossless": b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14),
    "webp, extended": b"RIFF\0\0\0\0WEBPVP8X"
    + b"\0" * 8
    + struct.pack("<I", 639)[:3]
    + struct.pack("<I", 479)[:3],
}


@pytest.mark.parametrize("kind", SIZED)
def test_the_size_stands_in_the_first_bytes(kind):
    assert size_of(SIZED[kind]) == (640, 480)
    assert size_of_base64(base64.b64encode(SIZED[kind]).decode()) == (640, 480)


@pytest.mark.parametrize("kind", SIZED)
def test_a_cut_image_has_no_size_and_does_no_harm(kind):
    whole = SIZED[kind]
    assert all(size_of(whole[:end]) in (None, (640, 480)) for end in range(len(whole)))


@pytest.mark.parametrize("data", ["", "!!!", "aGVsbG8=", "not base64 at all", "\u00e9"])
def test_what_is_no_image_has_no_size(data):
    assert size_of_base64(data) is None


def test_an_image_of_no_width_has_no_size():
    assert size_of(png(0, 10)) is None


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-4o", (1024, 1024), "high", 765),  # 85 + 4 x 170
        ("gpt-4o", (2048, 4096), "high", 1105),  # 85 + 6 x 170
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o", (100, 100), "auto", 255),
        ("gpt-4o-mini", (512, 512), "high", 2833 + 5667),
        ("gpt-5", (1024, 1024), "high", 70 + 4 * 140),
        ("o1", (1024, 1024), "high", 75 + 4 * 150),
        ("gpt-5.4", (1024, 1024), "high", 1229),  # the guide: ceil(1024 x 1.2)
        ("gpt-5.4", (2048, 2048), "high", 3000),  # the guide: 2,500 patches x 1.2
        ("gpt-4.1-mini", (1024, 1024), "auto", 1659),  # ceil(1024 x 1.62)
        ("gpt-5.6-terra", (4000, 4000), "auto", 18_750),  # 125 x 125 x 1.2, no budget
        ("gpt-5.6-terra", (4000, 4000), "low", 308),  # 16 x 16 x 1.2
    ],
)
def test_openai_images_cost_what_the_guide_says(model, size, detail, tokens):
    found = openai_image(model, size, detail)
    assert (found.tokens, found.bound_tokens) == (tokens, tokens + 1)


def test_patches_never_exceed_their_budget():
    for width in range(33, 6000, 371):
        for height in range(33, 6000, 417):
            assert openai_image("gpt-5.4", (width, height), "high").tokens <= 3000


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("claude-sonnet-4-6", (200, 200), 64),
        ("claude-sonnet-4-6", (1000, 1000), 1296),
        ("claude-sonnet-4-6", (4000, 3000), 1568),
        ("claude-opus-4-8", (1000, 1000), 1296),
        ("claude-opus-4-8", (4000, 3000), 4784),
        ("claude-opus-4-8", (2576, 200), 736),
    ],
)
def test_anthropic_images_cost_a_token_a_patch(model, size, tokens):
    found = anthropic_image(model, size)
    assert found.tokens == tokens
    assert tokens <= found.bound_tokens <= (1568 if "sonnet" in model else 4784)


def test_an_image_whose_size_is_not_told_has_the_dearest_size_as_bound():
    assert openai_image("gpt-4o", None, "high").bound_tokens == 85 + 8 * 170
    assert anthropic_image("claude-opus-5", None).bound_tokens == 4784
    assert anthropic_image("llama3", None).bound_tokens == 6_500
    assert openai_image("llama3", (10, 10), "auto").bound_tokens == 6_500


def test_images_inside_requests_are_sized_and_marked():
    data = base64.b64encode(png(1024, 1024)).decode()
    openai_part = {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{data}", "detail": "high"},
    }
    request = {"messages": [{"role": "user", "content": [openai_part]}]}
    found = count_chat(request, "gpt-4o", ChatFormat.OPENAI_CHAT)
    assert (found.tokens, found.is_estimate) == (765 + 7, True)
    source = {"type": "base64", "media_type": "image/png", "data": data}
    request = {"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}
    found = count_chat(request, "claude-opus-5", ChatFormat.ANTHROPIC_MESSAGES)
    assert found.tokens == 37 * 37 + 7


def test_a_pdf_costs_its_marked_pages_and_an_unmarked_one_its_size():
    def pdf(content):
        source = {"type": "base64", "data": base64.b64encode(content).decode()}
        block = {"type": "document", "source": source}
        request = {"messages": [{"role": "user", "content": [block]}]}
        return count_chat(request, "claude-sonnet-4-6", ChatFormat.ANTHROPIC_MESSAGES)

    marked = pdf(b"%PDF-1.7 /Type /Pages /Type /Page /Type/Page\n")
    assert marked.tokens == 7 + 2 * (2_250 + 1_568)
    assert marked.bound_tokens == 16 + 2 * (3_000 + 1_568)
    packed = pdf(b"%PDF-1.7" + b"x" * 120_000)
    assert packed.tokens == 7 + 3 * (2_250 + 1_568)
    assert packed.bound_tokens == 16 + 100 * (3_000 + 1_568)
