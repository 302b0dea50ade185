"""Page objects: the bytes of a page in, its outcome, records and links out.

- every page: `page` is what a parser gets and `reading` what it gives; `select` chooses the parser; `outcome`
  with `refusals` and `outages` says what the visit came to; `records` are JSON, keys and versions, `sound` of
  clean characters.
- in a process of its own: `parsers` is all that can be done with a page, `confined_parsers` has a `worker` do it
  within `limits`; `page_frame` and `reading_json` are what goes in and comes out.
- reading markup: `encoding`, `markup`, `readable` text, `evidence`, `language`, `moments`, `zones`,
  `requisites`, `selectors`, `prologue`, `official`.
- Telegram: `telegram`, `telegram_page`, `telegram_message`, `telegram_media`, `telegram_layouts`,
  `telegram_refusals`, `telegram_export`.
- news: `news`, `news_page`, `news_title`, `news_text`, `news_lines` with `news_copy`, `news_gaps`, `news_people`,
  `news_bylines`, `news_times`, `news_topics`, `news_links`, `declared_article`; `feeds` and `sitemaps` lead
  to it.
- lists: `tables` with `spans`, `grid`, `headings`, `layout`, `page_tables`, `page_labels`, `json_rows`,
  `list_links`, `articles_of_law`; of courts `court_list`, `court_page`, `court_rows`, `court_cards`,
  `court_blocks`, `case_numbers`, `court_json`, `court_hmcts`; `register`, `register_page`; `notice`,
  `notice_page`, `notice_blocks`, `notice_people`.
"""
