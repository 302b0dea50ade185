"""WARC files, spool, object store, ledger and catalogue. The only package that knows S3 and SQL.

The way of a capture through it:

- written: `warc` says what each record holds, `exchange_facts` what our recorder noted, `warc_file` grows one
  file, `gzip_members` and `compressed_types` deflate what is worth it; `spool` plugs them together for one
  crawl, with `crawl_lock`, `closed_folder`, `rows_written` (the index made on the way), `sealed_payloads`;
  `signing` and `signature_journal` sign it as it grows; `taken_in` for files a person brings.
- read: `warc_members`, `warc_head`, `warc_reader`, `arc_head` take files of any tool apart; `warc_facts`,
  `declared_digest` and `warc_index` make index rows of them; `recovery` makes whole what a crash left, with
  `unsigned_tail`, `survey` and `wacz` look over what is to be deposited, `not_taken` says why something is
  not.
- stored: `deposit` is where a file becomes evidence, `origin` whether a crawl of ours wrote it; `objects` is
  the object store, with `keys`, `stored`, `multipart`, `ranged_file`, `store_answers`, `store_errors`;
  `placing` says where a file stands, `deposited` whose it is, `replay` gives records back, `copies` keeps the
  second store level, `versions` finds what custody means in any copy.
- held: `ledger` appends entries of custody (`custody_entry`, `chain`, `ledger_tables`, `proven_entry`),
  `facts` and `requests` say who and why, `access_log` who looked, `timestamps` and `token_verification` hold
  outside time, `holding` puts it into an answer; `verification`, `verified`, `audit`, `locks`, `entry_shapes`
  look whether all is as it was, `lock_renewal` locks for longer; `rederive` makes index and custody from the
  store alone, `beside` keeps what is built of them apart until it takes the place of the catalogue in use,
  and `catalogue_gate` holds writers while it does.
- asked: `archive` opens both; `captures`, `records`, `search`, `changes`, `coverage`, `article_lists`,
  `channel_coverage`, `withheld`, `media`, `record_media`, `timeline`, `overview`, `visibility` are the
  questions of the analysts' door; `catalogue_tables` the tables under them.
- read into the catalogue: `unread` claims files, `dom` and `revisits` find what stands behind a record,
  `same_payload` spares parsing; `comparing`, `comparison_tables`, `hash_index`, `hash_file`, `link_rows`,
  `judgements` group media.
- told to the next crawl: `known`, `listings`, `payloads_of_source`; and judged by `yields`, `nights`,
  `figures`; `harvests` says which nights were due and what became of them.
- shared: `pace` with `traffic_tables`, `at_once`, `lasting_text`, `errors`, `migrations`.
"""
