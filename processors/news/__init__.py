"""Parser of news pages: an article with its title, text, authors, dates, topics and links."""
