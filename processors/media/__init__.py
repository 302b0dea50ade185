"""Media files: their type, and their decoding in worker processes with the ffmpeg program beside them."""
