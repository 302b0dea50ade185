"""The smallest H.264 encoder: still macroblocks sent uncompressed, everything else skipped.

Key frames consist of I_PCM macroblocks (the pixels themselves), the frames between them of skipped ones (the
picture stays). Any decoder plays it. Source: ITU-T H.264, sections 7.3.2 to 7.3.5 and 9.1 (Exp-Golomb codes),
profile Baseline.
"""

import re

import numpy as np
from PIL import Image

MACROBLOCK = 16
SPS, PPS, IDR_SLICE, SLICE = 0x67, 0x68, 0x65, 0x41
PROFILE_BASELINE, CONSTRAINED, LEVEL = 66, 0xC0, 30
I_PCM = 25
START_CODE_EMULATION = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class Bits:
    """Bits in writing order."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def fixed(self, value: int, width: int) -> "Bits":
        """``value`` in ``width`` bits."""
        self._text.append(format(value, f"0{width}b"))
        return self

    def golomb(self, *values: int) -> "Bits":
        """Each value as an unsigned Exp-Golomb code."""
        for value in values:
            code = format(value + 1, "b")
            self._text.append("0" * (len(code) - 1) + code)
        return self

    def filled(self, stop_bit: bool) -> bytes:
        """The bits so far as whole bytes, filled with zeros, after a stop bit where a NAL unit ends."""
        text = "".join(self._text) + ("1" if stop_bit else "")
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def unit(header: int, content: bytes) -> bytes:
    """A NAL unit without its length: start codes within it are broken up (section 7.4.1)."""
    return bytes([header]) + START_CODE_EMULATION.sub(b"\x00\x00\x03", content)


def sequence_parameters(columns: int, rows: int) -> bytes:
    """The sequence parameter set for so many macroblocks; output order is decoding order (POC type 2)."""
    bits = Bits().fixed(PROFILE_BASELINE, 8).fixed(CONSTRAINED, 8).fixed(LEVEL, 8)
    bits.golomb(0, 0, 2, 1).fixed(0, 1)  # id, log2_max_frame_num - 4, POC type, one reference frame, no gaps
    bits.golomb(columns - 1, rows - 1).fixed(1, 1).fixed(1, 1).fixed(0, 1).fixed(
        0, 1
    )  # frames, 8x8, no crop, no VUI
    return unit(SPS, bits.filled(stop_bit=True))


def picture_parameters() -> bytes:
    """The picture parameter set: CAVLC, one slice group, deblocking under the control of each slice."""
    bits = Bits().golomb(0, 0).fixed(0, 2).golomb(0, 0, 0).fixed(0, 3)
    bits.golomb(0, 0, 0).fixed(0b100, 3)  # QP, QS, chroma offset of 0; deblocking control present
    return unit(PPS, bits.filled(stop_bit=True))


def key_frame(image: Image.Image, number: int) -> bytes:
    """An IDR picture of I_PCM macroblocks; both sides of the image are multiples of 16 pixels."""
    luma, blue, red = (np.asarray(plane) for plane in image.convert("YCbCr").split())
    halves = [plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean((1, 3)) for plane in (blue, red)]
    blue, red = (half.astype(np.uint8) for half in halves)
    header = Bits().golomb(0, 7, 0).fixed(0, 4).golomb(number % 2)  # first block, all I, PPS 0, frame 0, IDR id
    header.fixed(0, 2).golomb(0, 1)  # no long-term reference; QP delta 0; deblocking off
    content = header.golomb(I_PCM).filled(stop_bit=False)
    between = Bits().golomb(I_PCM).filled(stop_bit=False)
    blocks = []
    for row in range(image.height // MACROBLOCK):
        for column in range(image.width // MACROBLOCK):
            y, x, c, d = row * 16, column * 16, row * 8, column * 8
            samples = (luma[y : y + 16, x : x + 16], blue[c : c + 8, d : d + 8], red[c : c + 8, d : d + 8])
            blocks.append(b"".join(np.ascontiguousarray(plane).tobytes() for plane in samples))
    return unit(IDR_SLICE, content + between.join(blocks) + b"\x80")


def still_frame(macroblocks: int, frames_since_key: int) -> bytes:
    """A P picture in which every macroblock is skipped: the picture before it stays."""
    bits = Bits().golomb(0, 5, 0).fixed(frames_since_key % 16, 4)
    bits.fixed(0, 3).golomb(
        0, 1, macroblocks
    )  # reference count, reordering, marking; QP delta; no deblocking; skip
    return unit(SLICE, bits.filled(stop_bit=True))
