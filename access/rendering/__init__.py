"""How answers are written: HTML templates, numbers and times as text, charts, word diffs, CSV."""
