"""What bytes mean: page parsers, outcomes, fingerprints, neighbours, clusters. Pure: no I/O, no clock.

- pages and documents: `pages` reads what sites show, `documents` what they hand out; `text`, `urls`, `links`,
  `surt` for both.
- messages: `http_framing`, `http_body`, `http_head`, `http_message`, `content_coding`, `client_hello`.
- one medium: `media` says what it is; `decode` and `decode_worker` read it in a process of its own
  (`confined`, `confined_worker`), by `reading`: `picture`, `animation`, `video` with `ffmpeg_program` and
  `confined_program`. `drawing`, `draw_worker` and `drawn` make pictures of it for the eye.
- its fingerprints: `fingerprint` with `phash`, `pdq`, `orientation`, `regions`; of a video `frames` and
  `frame_regions`.
- what looks alike: `match` over a `match_index` of `search_rows`; `neighbours` and `hamming` search,
  `part_match` with `overlap`, `miniature` and `video_match` judge, `cluster` groups.
- evidence: `digest`; `time_token` with `time_token_order`, `time_token_parts`, `time_token_signer`, `der`.
"""
