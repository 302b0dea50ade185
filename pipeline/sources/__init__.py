"""Adding sources: lines of an import read into entries of the watch-list, and a trial crawl of one."""
