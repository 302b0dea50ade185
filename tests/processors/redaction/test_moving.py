import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from processors.media.ffmpeg import program
from processors.redaction.moving import redact_moving
from processors.redaction.pages import NotDrawableError
from processors.redaction.steps import CoveredRegion, MutedSound

RATE = 8000
HERE = CoveredRegion(0.25, 0.25, 0.5, 0.5, from_s=0.5, to_s=0.9)
MUTED = MutedSound(0.5, 1.0)


def film(folder: Path, below: int) -> tuple[bytes, bytes]:
    """A video and its sound without loss; ``below`` decides what is in the region and the stretch alone."""
    everywhere, covered = np.random.default_rng(5), np.random.default_rng(below)
    frames = everywhere.integers(0, 256, (20, 64, 96, 3), dtype=np.uint8)
    frames[5:10, 16:32, 24:48] = covered.integers(0, 256, (5, 16, 24, 3), dtype=np.uint8)
    samples = everywhere.integers(-9000, 9000, 2 * RATE).astype("<i2")
    samples[RATE // 2 : RATE] = covered.integers(-9000, 9000, RATE // 2)
    sound, video, wav = folder / "s.raw", folder / f"{below}.mkv", folder / f"{below}.wav"
    sound.write_bytes(samples.tobytes())
    voice = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", str(sound)]
    quiet = [program(), "-y", "-loglevel", "error"]
    shown = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x64", "-r", "10", "-i", "-"]
    kept = ["-c:v", "ffv1", "-pix_fmt", "gbrp", "-c:a", "pcm_s16le", "-metadata", "title=Jan Sample"]
    subprocess.run([*quiet, *shown, *voice, *kept, str(video)], input=frames.tobytes(), check=True)
    subprocess.run([*quiet, *voice, str(wav)], check=True)
    return video.read_bytes(), wav.read_bytes()


def test_what_is_below_a_region_or_a_muted_stretch_changes_no_byte_of_the_copy(tmp_path: Path) -> None:
    (video, wav), (other_video, other_wav) = film(tmp_path, 1), film(tmp_path, 2)
    assert (video, wav) != (other_video, other_wav)
    copy, media_type = redact_moving(video, "video/x-matroska", [HERE], [MUTED])
    assert media_type == "video/mp4"
    assert copy == redact_moving(other_video, "video/x-matroska", [HERE], [MUTED])[0]
    assert b"Jan Sample" not in copy
    muted, media_type = redact_moving(wav, "audio/wav", [], [MUTED])
    assert media_type == "audio/flac"
    assert muted == redact_moving(other_wav, "audio/wav", [], [MUTED])[0]

    samples = samples_of(muted)
    assert len(samples) == 2 * RATE
    assert not samples[RATE // 2 : RATE].any()
    assert samples[: RATE // 4].any() and samples[-RATE // 4 :].any()
    frames = frames_of(copy)
    assert frames[7, 20:28, 30:42].max() < 40 < frames[1, 20:28, 30:42].max()


def samples_of(content: bytes) -> NDArray[np.int16]:
    """The sound of a file, sample by sample."""
    return np.frombuffer(decoded(content, "-f", "s16le", "-ac", "1"), "<i2")


def frames_of(content: bytes) -> NDArray[np.uint8]:
    """The pictures of a film of ours: rows of red, green and blue."""
    return np.frombuffer(decoded(content, "-f", "rawvideo", "-pix_fmt", "rgb24"), np.uint8).reshape(-1, 64, 96, 3)


def decoded(content: bytes, *how: str) -> bytes:
    command = [program(), "-loglevel", "error", "-i", "pipe:0", *how, "-"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def test_what_is_no_video_or_sound_is_refused_with_words(tmp_path: Path) -> None:
    _, wav = film(tmp_path, 1)
    with pytest.raises(NotDrawableError, match="no picture in which a region"):
        redact_moving(wav, "audio/wav", [HERE], [])
    with pytest.raises(NotDrawableError, match="cannot be encoded anew"):
        redact_moving(b"\x1aE\xdf\xa3 broken", "video/x-matroska", [HERE], [])
    with pytest.raises(NotDrawableError, match="cannot be covered"):
        redact_moving(b"MIDI", "audio/midi", [], [MUTED])
