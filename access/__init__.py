"""The analysts' door: search, captures, replay, export. Writes nothing but ledger entries.

- the application: `app`, its `pages` and `media_pages`, its `api`; `users` asks who it is, `asked` what may
  be asked, `forms` reads what is sent, `headers` keeps archived bytes harmless.
- the answers: `overview`, `nights`, `search`, `snapshots`, `payload`, `holding`, `changes` with `differences`,
  `media`, `record_media`, `similar`, `pictures`, `frames`, `occurrence_chart`, and `judging`, the one that writes.
- how they are said: `wording`, `html`, `downloads`.
"""
