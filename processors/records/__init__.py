"""What pages say, as frozen types: article, hearing, notice, register entry, Telegram post."""
