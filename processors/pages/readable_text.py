"""What a page says to a reader, as plain text: its title, then every line that is seen, without markup.

In: a page. Out: text; empty where nothing is to be read. No address of a link stands in it, nothing that the page
hides, and crossed-out words stand between marks (``~~``). Raises ``MemoryError``
where the page cannot be held.
"""

from processors.markup.encoding import decode
from processors.markup.html_tree import STRUCK_MARK, parse, visible_text
from processors.markup.visibility import as_seen
from processors.pages.page import Page
from processors.text import one_line


def readable_text(page: Page) -> str:
    """Title and text, an empty line between them; the title alone where it is all there is."""
    tree = parse(decode(page.body, page.content_type).text)
    if tree is None:
        return ""
    title = one_line("".join(tree.xpath("string((//title)[1])")))
    as_seen(tree)
    lines = (line.strip() for line in visible_text(tree, indented=True, mark=STRUCK_MARK).splitlines())
    text = "\n".join(line for line in lines if line)
    return f"{title}\n\n{text}".strip() if title and not text.startswith(title) else text or title
