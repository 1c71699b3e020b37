"""Images are counted by their provider's formula."""

from __future__ import annotations

import pytest

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar_compressor.binary_tokens import image_tokens
from bursar_compressor.service import CompressorService
from bursar_compressor.settings import CompressorSettings
from memory_ground import memory_ground


def png(width: int, height: int) -> bytes:
    """The head of one."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + b"\x08\x02\0\0\0\xff"


@pytest.mark.parametrize(
    ("model", "width", "height", "tokens"),
    [
        ("gpt-4o", 512, 512, 85 + 170),
        ("gpt-4o", 1024, 1024, 85 + 4 * 170),
        ("claude-sonnet-4-5", 280, 280, 100),
    ],
)
def test_an_image_costs_what_the_formula_says(
    model: str, width: int, height: int, tokens: int
) -> None:
    assert image_tokens(png(width, height), model) == tokens


def test_other_bytes_are_no_image() -> None:
    assert image_tokens(b"\xff\xfe\x00\x01", "gpt-4o") is None


async def test_an_image_passes_through_and_is_counted(tmp_path) -> None:
    service = CompressorService(memory_ground(tmp_path), CompressorSettings.load())
    image = png(512, 512)
    answer = await service.compress(contract.CompressRequest(content_bytes=image, model="gpt-4o"))
    assert answer.content_bytes == image
    assert (answer.tokens_before, answer.tokens_after) == (255, 255)
    assert answer.is_estimate
