"""The use cases in order, and the only place where real things are plugged together.

- collecting: `nightly` starts the job, `harvest` does it for one source (`harvest_order`, `harvest_summary`,
  `own_network`), `night` tells custody of it, `night_schedule` says when the next is due; `crawl` runs one crawl
  in processes of its own, `deposits` brings the spool into the archive, `collection_end` says that it is over,
  `facts` and `clock` say under which conditions.
- on demand: `archive` with `url_list`; `preserving` says what became of it, `telegram_import` takes an export
  in.
- reading: `process` goes through sealed files, `read_capture`, `read_page_capture`, `page_kind` through their
  captures; `readers` are the confined processes that do it.
- judging: `judging` and `expected_yield`; `source_import`, `source_lines`, `source_trial` before a source is
  collected.
- keeping: `verify`, `audit`, `copies`, `outside_time` with `time_authority`, `rebuild`.
- setting up: `settings`, `settings_text`, `connect`, `services`, `up`, `prepare`, `doctor`, `status`,
  `egress_seen`, `chromium`, `demo` (`demo_place`, `demo_report`).
- the command: `cli`, `commands`, `output`, `failures`, `person`, `airflow_api`.
"""
